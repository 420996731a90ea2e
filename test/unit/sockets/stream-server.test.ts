import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { stageForEach } from '../../support/stage.js';
import { within } from '../../support/within.js';

const module = new URL('../../../src/sockets/stream-server.js', import.meta.url).href;

describe('The socket of clients', () => {
  const stage = stageForEach();

  /**
   * What libzmq still has for such a client would stay with it for ever, and it with the process, which could not even
   * end. So it is tried in one of its own: by its end it is known that nothing was left.
   */
  it('keeps nothing of a client that goes away with an answer, and the close behind it, unread', async () => {
    const script = `
      import { once } from 'node:events';
      import { connect } from 'node:net';
      import { setImmediate } from 'node:timers/promises';
      import { listenForClients } from '${module}';
      const server = await listenForClients({ host: '127.0.0.1', port: 0, backlog: 8, writeTimeout: 60_000 });
      const arriving = server[Symbol.asyncIterator]();
      const hello = async () => (await arriving.next()).value[0];
      const client = connect(server.port, '127.0.0.1');
      const id = await hello();
      const takes = bytes => server.send(id, bytes).then(() => true, () => false);
      while (await takes(Buffer.alloc(1_048_576))); // larger than what the kernel finds a place for at a time
      do {
        if (client.read() === null) await once(client, 'readable');
        await setImmediate();
      } while (!(await takes(Buffer.alloc(0))));
      client.resetAndDestroy();
      const next = connect(server.port, '127.0.0.1'); // is seen behind the reset
      await hello();
      next.destroy();
      server.close(0);
      console.log('closed');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    stage.atEnd(() => child.kill('SIGKILL'));
    await within(10_000, 'the socket is closed', once(child.stdout, 'data'));
    expect(await within(10_000, 'the process ends', exited)).to.deep.equal([0, null]);
  });
});
