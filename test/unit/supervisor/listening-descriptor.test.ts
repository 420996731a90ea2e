import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import type { StartError } from '../../../src/kernel/start-error.js';
import { takeInheritedDescriptors } from '../../../src/sockets/listening-descriptor-inherited.js';
import { openListeningDescriptor } from '../../../src/sockets/listening-descriptor.js';

const anyPort = { host: '127.0.0.1', port: 0 };

const echo = `require('node:net').createServer(socket => socket.pipe(socket)).listen({ fd: 3 })`;

const messageOf = (opening: Promise<unknown>) =>
  opening.then(
    () => 'no error',
    (cause: unknown) => (cause as StartError).message,
  );

describe('openListeningDescriptor', () => {
  it('lets a connection wait until somebody accepts it', async () => {
    const opened = await openListeningDescriptor(anyPort, 16);
    expect(opened.address.port).to.be.above(0);
    const client = connect(opened.address);
    await once(client, 'connect'); // by the kernel: nobody has accepted it
    client.write('hello');

    // In a process of its own: within one process a descriptor has one owner.
    const child = spawn(process.execPath, ['-e', echo], {
      stdio: ['ignore', 'ignore', 'inherit', opened.fd],
    });
    const [bytes] = (await once(client, 'data')) as [Buffer];
    expect(bytes.toString()).to.equal('hello');

    client.destroy();
    child.kill();
    await once(child, 'exit');
    await opened.close();
  });

  it('frees the port when it is closed', async () => {
    const opened = await openListeningDescriptor(anyPort, 16);
    await opened.close();
    const again = await openListeningDescriptor(opened.address, 16);
    await again.close();
  });

  it('names port and address if another process has them', async () => {
    const opened = await openListeningDescriptor(anyPort, 16);
    const { port } = opened.address;
    expect(await messageOf(openListeningDescriptor(opened.address, 16))).to.equal(
      `port ${port} on 127.0.0.1 is taken by another process: stop it, or choose another port`,
    );
    await opened.close();
  });

  it('names an address that is not of this machine', async () => {
    const foreign = { host: '192.0.2.1', port: 80 }; // TEST-NET-1, RFC 5737
    expect(await messageOf(openListeningDescriptor(foreign, 16))).to.equal(
      'cannot listen on 192.0.2.1:80: this machine has no such address (EADDRNOTAVAIL)',
    );
  });
});

describe('takeInheritedDescriptors', () => {
  const rows: readonly (readonly [env: Record<string, string>, found: object, what: string])[] = [
    [{}, {}, 'nothing'],
    [{ LISTEN_FDS: '0' }, {}, 'none'],
    [{ LISTEN_FDS: '1' }, { proxy: 3 }, 'one without a name and without a pid'],
    [{ LISTEN_FDS: '1', LISTEN_PID: '7' }, { proxy: 3 }, 'one for us'],
    [{ LISTEN_FDS: '1', LISTEN_PID: '8' }, {}, 'one for another process'],
    [{ LISTEN_FDS: '2' }, { proxy: 3, trusted: 4 }, 'two without names'],
    [{ LISTEN_FDS: '2', LISTEN_FDNAMES: 'trusted:proxy' }, { trusted: 3, proxy: 4 }, 'two names'],
    [{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'trusted' }, { trusted: 3 }, 'the trusted one alone'],
    [{ LISTEN_FDS: '1', LISTEN_FDNAMES: 'cutover.socket' }, { proxy: 3 }, "systemd's own name"],
    [
      { LISTEN_FDS: '2', LISTEN_FDNAMES: 'x:proxy' },
      { proxy: 4, trusted: 3 },
      'a name and another',
    ],
  ];
  for (const [env, found, what] of rows) {
    it(`understands ${what}`, () => {
      const left = { ...env, PATH: '/bin' };
      expect(takeInheritedDescriptors(left, 7)).to.deep.equal(found);
      expect(left).to.deep.equal({ PATH: '/bin' });
    });
  }

  const refused: readonly (readonly [env: Record<string, string>, message: string])[] = [
    [{ LISTEN_FDS: '3' }, 'LISTEN_FDS is 3; a frontend takes 2 at most: proxy and trusted'],
    [{ LISTEN_FDS: 'x' }, 'LISTEN_FDS is no number: x'],
    [{ LISTEN_FDS: '2', LISTEN_FDNAMES: 'proxy:proxy' }, 'LISTEN_FDNAMES names proxy twice'],
  ];
  for (const [env, message] of refused) {
    it(`refuses: ${message}`, () => {
      expect(() => takeInheritedDescriptors({ ...env }, 7)).to.throw(message);
    });
  }
});
