import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../../src/kernel/clock.js';
import { codeOf, CutoverError } from '../../../src/kernel/errors.js';
import {
  connect,
  isReachable,
  type StreamConnection,
} from '../../../src/sockets/stream-connection.js';
import { addressOf, listening, refusing } from '../../support/scripted-container.js';
import { stageForEach } from '../../support/stage.js';
import { itWith } from '../../support/tools.js';
import { eventually, within } from '../../support/within.js';
import { FakeClock } from '../support-clock.js';
import { settled } from '../frontend/stand.js';

describe('STREAM, connected', () => {
  const stage = stageForEach();

  async function container() {
    const sockets: Socket[] = [];
    const server = createServer(socket => {
      socket.on('error', () => undefined);
      sockets.push(socket);
    });
    await listening(stage, server);
    /** The connection of that number: libzmq may have it before we do. */
    async function socketOf(number: number): Promise<Socket> {
      while (sockets.length <= number)
        await within(5000, 'it connects', once(server, 'connection'));
      return sockets[number]!;
    }
    return { ...addressOf(server), sockets, socketOf };
  }

  async function connected(port: number, host = '127.0.0.1', timeout = 2000) {
    const connection = await connect({ host, port, timeout, clock: systemClock });
    stage.atEnd(() => connection.close());
    return connection;
  }

  const received = (connection: StreamConnection) =>
    within(5000, 'something arrives', connection.receive());

  async function failureOf(host: string, port: number, timeout: number): Promise<CutoverError> {
    const cause: unknown = await within(
      5000,
      'it fails',
      connected(port, host, timeout).then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    );
    if (cause instanceof CutoverError) return cause;
    return expect.fail(`it did not fail as it should: ${String(cause)}`);
  }

  // In a process of its own: the limit would stay with that of the tests.
  itWith('prlimit', 'fails with ERR_SERVER_UNREACHABLE where no descriptor is left', async () => {
    const { port } = await container();
    const source = (path: string) => new URL(`../../../src/${path}.js`, import.meta.url).href;
    const script = `
      import { connect } from '${source('sockets/stream-connection')}';
      import { openNoMore } from '${source('sockets/open-no-more')}';
      import { systemClock as clock } from '${source('kernel/clock')}';
      const options = { host: '127.0.0.1', port: ${port}, timeout: 5000, clock };
      const first = await connect(options);
      await openNoMore();
      const { code, message } = await connect(options).catch(cause => cause);
      console.log(code + ': ' + message);
      first.close();`;
    const args = ['--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).to.match(/^ERR_SERVER_UNREACHABLE: no socket can be opened: ./);
  });

  it('sends and receives, up to the goodbye of the container', async () => {
    const { port, socketOf } = await container();
    const connection = await connected(port, 'localhost');
    await connection.send(Buffer.from('request'));
    const [bytes] = (await once(await socketOf(0), 'data')) as [Buffer];
    expect(bytes.toString()).to.equal('request');
    (await socketOf(0)).write('ans');
    expect((await received(connection)).toString()).to.equal('ans');
    (await socketOf(0)).end('wer');
    expect((await received(connection)).toString()).to.equal('wer', 'the last bytes are not lost');
    expect(await received(connection)).to.have.length(0);
  });

  it('fails at once with ERR_SERVER_REFUSED where nobody listens', async () => {
    const { ip, port } = await refusing(stage);
    const cause = await failureOf(ip, port, 60_000);
    expect(cause.code).to.equal('ERR_SERVER_REFUSED');
    expect(cause.message).to.include(`${ip}:${port}`);
  });

  it('fails with ERR_SERVER_REFUSED for a name that has no address', async () => {
    const cause = await failureOf('no-such-host.invalid', 80, 60_000);
    expect(cause.code).to.equal('ERR_SERVER_REFUSED');
    expect(cause.message).to.include('no-such-host.invalid');
  });

  // A backlog that is full: the kernel drops what would begin another connection.
  it('knows a way to a server, also where nobody listens any more, and where nobody knows', async () => {
    const { port } = await container();
    const { ip: host, port: refused } = await refusing(stage);
    const reachable = [
      await isReachable({ host: 'localhost', port }, 5000),
      await isReachable({ host, port: refused }, 5000),
      await isReachable({ host: 'no-such-name.invalid', port }, 5000),
    ];
    expect(reachable).to.deep.equal([true, true, true]);
  });

  it('fails with ERR_SERVER_UNREACHABLE, after the time-out, where nobody answers', async () => {
    const server: Server = createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 });
    await once(server, 'listening');
    const { port } = addressOf(server);
    // Nobody takes what waits: libuv accepts only in the loop of the process that listens, so another
    // process listens here.
    server.close();
    await once(server, 'close');
    const { spawn } = await import('node:child_process');
    const script = `
      const server = require('node:net').createServer();
      server.listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => {
        process.send('listening', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
      });`;
    const child = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    stage.atEnd(async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    });
    await once(child, 'message');
    const waiting = [1, 2, 3, 4].map(() => connectTo({ port, host: '127.0.0.1' }));
    stage.atEnd(() => waiting.forEach(each => each.destroy()));
    await Promise.all(waiting.slice(0, 2).map(each => once(each, 'connect')));
    const cause = await failureOf('127.0.0.1', port, 300);
    expect(cause.code).to.equal('ERR_SERVER_UNREACHABLE');
    expect(await isReachable({ host: '127.0.0.1', port }, 300), 'a way there').to.equal(false);
    expect(cause.message).to.include('300 ms');
  });

  it('delivers nothing after it was closed, neither way', async () => {
    const { port, socketOf } = await container();
    const connection = await connected(port);
    const pending = connection.receive();
    connection.close();
    connection.close();
    expect(await within(5000, 'the pending receive ends', pending)).to.have.length(0);
    expect(await received(connection)).to.have.length(0);
    const cause: unknown = await connection
      .send(Buffer.from('late'))
      .catch((each: unknown) => each);
    expect(codeOf(cause)).to.equal('ERR_SERVER_RESET');
    let heard = '';
    (await socketOf(0)).on('data', bytes => (heard += String(bytes)));
    if (!(await socketOf(0)).closed)
      await within(5000, 'it is closed', once(await socketOf(0), 'close'));
    expect(heard).to.equal('');
  });

  // libzmq would connect again by itself, and deliver what was meant for the dead connection.
  it('delivers nothing to a container that comes back', async () => {
    const { port, sockets, socketOf } = await container();
    const connection = await connected(port);
    (await socketOf(0)).destroy();
    expect(await received(connection)).to.have.length(0);
    connection.send(Buffer.from('ghost')).catch(() => undefined);
    connection.close();
    const other = await connected(port);
    await other.send(Buffer.from('living'));
    await socketOf(1);
    const heard: string[] = [];
    for (const each of sockets) each.on('data', bytes => heard.push(String(bytes)));
    await eventually('the living one is heard', () => heard.length > 0);
    expect(heard).to.deep.equal(['living']);
  });

  it('slows the container down while nobody receives, and no other', async () => {
    const { port, socketOf } = await container();
    const connection = await connected(port);
    const socket = await socketOf(0);
    const total = 64_000_000;
    socket.write(Buffer.alloc(total));
    const other = await connected(port);
    const otherSocket = await socketOf(1);
    for (let n = 0; n < 50; n++) {
      otherSocket.write('ping');
      expect((await received(other)).toString()).to.equal('ping');
    }
    expect(socket.writableLength).to.be.greaterThan(0, 'it waits for us');
    const drained = once(socket, 'drain');
    for (let read = 0; read < total;) read += (await received(connection)).length;
    await within(5000, 'all has left', drained);
  });

  describe('to a container that does not read', () => {
    const PIECE = Buffer.alloc(65_536);
    const MOST = 2000;

    /** Sends until it has to wait for good; time is moved by the test. */
    async function stuck() {
      const { port, socketOf } = await container();
      const clock = new FakeClock();
      const connection = await connect({ host: '127.0.0.1', port, timeout: 2000, clock });
      stage.atEnd(() => connection.close());
      const socket = await socketOf(0);
      socket.pause();
      const progress = { sent: 0, isWanted: true, isOver: false };
      const sending = (async () => {
        while (progress.isWanted && progress.sent < MOST) {
          await connection.send(PIECE);
          progress.sent += 1;
        }
      })().finally(() => (progress.isOver = true));
      sending.catch(() => undefined);
      for (let idle = 0, before = -1; idle < 50; before = progress.sent) {
        idle = progress.sent === before ? idle + 1 : 0;
        clock.advance(1000);
        await settled();
      }
      return { clock, connection, socket, progress, sending };
    }

    it('makes a send wait, and sends it when there is room', async () => {
      const { clock, socket, progress, sending } = await stuck();
      expect(progress.sent).to.be.within(1, MOST - 1);
      expect(clock.waiting).to.equal(1);
      progress.isWanted = false;
      socket.resume();
      await eventually('the last is taken', () => {
        clock.advance(1000);
        return progress.isOver;
      });
      await sending;
    });

    it('lets a send that waits fail when it is closed', async () => {
      const { clock, connection, sending } = await stuck();
      connection.close();
      clock.advance(1000);
      const cause: unknown = await sending.catch((each: unknown) => each);
      expect(codeOf(cause)).to.equal('ERR_SERVER_RESET');
    });
  });
});
