import { expect } from 'chai';
import { once } from 'node:events';
import { get, request, type IncomingMessage } from 'node:http';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WebSocket } from 'ws';
import { deterministicBytes, Digest, digestOf } from '../support/bytes.js';
import { bulk, httpContainer, serverSentEvents, webSocketEcho } from '../support/containers.js';
import { statusOf } from '../support/http-message.js';
import { descendantsOf, memoryOf, openFilesOf } from '../support/process-facts.js';
import { configFor, up, type CutoverProcess, type Running } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import { answering, hanging, playing, ScriptedContainer } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

const MB = 1_000_000;

/** The most that each process of `up` has had, beyond what it had when asked for the first time. */
async function memoryWatch({ pid }: CutoverProcess): Promise<() => Promise<readonly number[]>> {
  const pids = [pid, ...(await descendantsOf(pid))];
  const before = await Promise.all(pids.map(memoryOf));
  return async () => {
    const after = await Promise.all(pids.map(memoryOf));
    return after.map(({ peak }, index) => peak - before[index]!.now);
  };
}

/** Files without a name that are open in TMPDIR: spooled bodies. */
const spooled = async ({ cutover, home }: Running): Promise<number> => {
  const files = (await Promise.all((await descendantsOf(cutover.pid)).map(openFilesOf))).flat();
  return files.filter(path => path.startsWith(home.folder) && path.endsWith(' (deleted)')).length;
};

const leftOver = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true })).filter(name => name.includes('cutover-body'));

describe('system: streaming', () => {
  const stage = stageForEach();

  it('passes server-sent events on one by one', async () => {
    const events = serverSentEvents();
    const { port } = await up(stage, configFor([await httpContainer(stage, events.listener)]));
    const client = await RawClient.connect(stage, { port });
    const joined = events.joins();
    await client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
    await joined;
    await client.until('\r\n\r\n'); // the head has not waited for the first event
    for (const data of ['one', 'two', 'three']) {
      events.send(data);
      await client.until(`data: ${data}\n\n`);
    }
    events.end();
    await client.until('0\r\n\r\n');
  });

  it('tells the container when the client of an endless answer goes away', async () => {
    const events = serverSentEvents();
    const { port } = await up(stage, configFor([await httpContainer(stage, events.listener)]));
    const client = await RawClient.connect(stage, { port });
    const [joined, left] = [events.joins(), events.leaves()];
    await client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
    await joined;
    client.reset();
    await left;
  });

  it('tells the container when a client goes away that waits for its answer', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serve('/', hanging);
    const { port } = await up(stage, configFor([container.address]));
    const client = await RawClient.connect(stage, { port });
    const asked = container.asked('/');
    await client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
    const { gone } = await asked;
    client.end();
    await gone;
  });

  it('slows the container down for a client that reads a byte a second', async function () {
    this.timeout(60_000);
    const { listener, progress } = bulk();
    const container = await httpContainer(stage, listener);
    const { cutover, port } = await up(stage, configFor([container]), ['--workers', '1']);
    await ask(stage, { port }, 'GET /?bytes=1000 HTTP/1.1\r\nHost: app\r\n\r\n');
    const growth = await memoryWatch(cutover);

    const outgoing = get({ port, path: `/?bytes=${200 * MB}`, agent: false });
    stage.atEnd(() => outgoing.destroy());
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    await once(answer, 'readable');
    const digest = new Digest();
    for (let second = 0; second < 5; second += 1) {
      const byte = answer.read(1) as Buffer | null;
      digest.update(byte!);
      await new Promise(resume => setTimeout(resume, 1_000)); // this is what the client is like
    }
    const { written } = progress;
    expect(written, 'bytes that the container could write').to.be.below(30 * MB);
    const quick = await ask(stage, { port }, 'GET /?bytes=100000 HTTP/1.1\r\nHost: app\r\n\r\n');
    expect(quick.body, 'another client').to.have.lengthOf(100_000);
    expect(Math.max(...(await growth())), 'growth of the largest process').to.be.below(40 * MB);

    // Whoever is patient gets it all.
    for await (const piece of answer as AsyncIterable<Buffer>) digest.update(piece);
    expect(digest.result()).to.deep.equal(digestOf(deterministicBytes(200 * MB)));
    expect(Math.max(...(await growth())), 'growth afterwards').to.be.below(100 * MB);
  });

  it('gives up a client that takes nothing for timeouts.write, and tells the container', async () => {
    const { listener, progress } = bulk();
    const container = await httpContainer(stage, listener);
    const { port } = await up(stage, configFor([container], { timeouts: { write: 1 } }));
    const client = await RawClient.connect(stage, { port });
    client.socket.pause();
    await client.send(`GET /?bytes=${200 * MB} HTTP/1.1\r\nHost: app\r\n\r\n`);
    await eventually('the container is cut off', () => progress.cut === 1);
    expect(progress.written).to.be.below(30 * MB);
    client.socket.resume();
    await client.closed();
  });

  it('carries 1 GB down, byte by byte the same, in bounded memory', async function () {
    this.timeout(120_000);
    const container = await httpContainer(stage, bulk().listener);
    const { cutover, port } = await up(stage, configFor([container]), ['--workers', '1']);
    const growth = await memoryWatch(cutover);
    const [answer] = (await once(get({ port, path: `/?bytes=${1000 * MB}` }), 'response')) as [
      IncomingMessage,
    ];
    const digest = new Digest();
    for await (const piece of answer as AsyncIterable<Buffer>) digest.update(piece);
    expect(digest.result()).to.deep.equal(digestOf(deterministicBytes(1000 * MB)));
    expect(Math.max(...(await growth()))).to.be.below(150 * MB);
  });

  it('carries 1 GB up, byte by byte the same, in bounded memory, and leaves no file', async function () {
    this.timeout(120_000);
    const container = await httpContainer(stage, bulk().listener);
    const running = await up(stage, configFor([container]), ['--workers', '1']);
    const growth = await memoryWatch(running.cutover);
    const expected = new Digest();
    function* told(): Generator<Buffer> {
      for (const piece of deterministicBytes(1000 * MB)) {
        expected.update(piece);
        yield piece;
      }
    }
    const upload = request({
      port: running.port,
      method: 'PUT',
      headers: { 'content-length': 1000 * MB },
    });
    const answered = once(upload, 'response');
    await pipeline(Readable.from(told()), upload);
    expect(await spooled(running)).to.equal(1);
    const [answer] = (await answered) as [IncomingMessage];
    const text = Buffer.concat((await answer.toArray()) as Buffer[]).toString();
    expect(JSON.parse(text)).to.deep.equal(expected.result());
    expect(Math.max(...(await growth()))).to.be.below(250 * MB);
    await eventually('no file is open', async () => (await spooled(running)) === 0);
    expect(await leftOver(running.home.folder)).to.be.empty;
  });

  it('leaves no file behind an upload whose frontend is killed, or whose client goes away', async () => {
    const container = await httpContainer(stage, bulk().listener);
    const running = await up(stage, configFor([container]), ['--workers', '1']);
    const { cutover, port, home } = running;
    const half = async () => {
      const client = await RawClient.connect(stage, { port });
      await client.send('PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 2000000\r\n\r\n');
      await client.send(Buffer.alloc(MB));
      await eventually('a file is open', async () => (await spooled(running)) === 1);
      return client;
    };
    (await half()).reset();
    await eventually('no file is open', async () => (await spooled(running)) === 0);

    const client = await half();
    process.kill(cutover.pidsOf('frontend')[0]!, 'SIGKILL');
    await client.closed();
    expect(await leftOver(home.folder)).to.be.empty;
  });
});

describe('system: tunnels', () => {
  const stage = stageForEach();

  async function webSocket(): Promise<WebSocket> {
    const container = await webSocketEcho(stage);
    const { port } = await up(stage, configFor([container]), ['--workers', '1']);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
    stage.atEnd(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  }

  it('echo over WebSocket, small and large, text and bytes, many at a time', async () => {
    const socket = await webSocket();
    const large = Buffer.concat([...deterministicBytes(10 * MB)]);
    const sent = [Buffer.from('hello'), large, Buffer.alloc(0), large.subarray(7, 200_007)];
    const echoed: Buffer[] = [];
    const all = new Promise<void>(resolve => {
      socket.on('message', (data: Buffer) => echoed.push(data) === sent.length && resolve());
    });
    for (const message of sent) socket.send(message);
    await all;
    expect(echoed.map((each, index) => each.equals(sent[index]!))).to.deep.equal(
      sent.map(() => true),
    );
    socket.send('text');
    const [text, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
    expect([String(text), isBinary]).to.deep.equal(['text', false]);
  });

  it('end when the container closes, with its reason', async () => {
    const socket = await webSocket();
    socket.send('close');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, String(reason)]).to.deep.equal([4001, 'as you wish']);
  });

  it('end when the client closes, and the container answers that', async () => {
    const socket = await webSocket();
    socket.close(1000, 'enough');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, String(reason)]).to.deep.equal([1000, 'enough']);
  });

  const upgrade =
    'GET /raw HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const switching =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  async function rawTunnel(early: string) {
    const container = await ScriptedContainer.start(stage);
    container.serve('/raw', playing(`${switching}welcome`));
    const { port } = await up(stage, configFor([container.address]), ['--workers', '1']);
    const client = await RawClient.connect(stage, { port });
    const asked = container.asked('/raw');
    await client.send(`${upgrade}${early}`);
    return { container, client, exchange: await asked };
  }

  it('lose nothing that is sent together with the head, from either side', async () => {
    const { container, client, exchange } = await rawTunnel('early');
    expect(await client.until('welcome'))
      .to.match(/^HTTP\/1\.1 101 /)
      .and.match(/\r\n\r\nwelcome$/);
    await client.send('late');
    while (!container.received.endsWith('\r\n\r\nearlylate')) await once(exchange.socket, 'data');
  });

  it('tell the container when the client goes away', async () => {
    const { client, exchange } = await rawTunnel('');
    await client.until('welcome');
    client.reset();
    await exchange.gone;
  });

  it('tell the client when the container goes away', async () => {
    const { client, exchange } = await rawTunnel('');
    await client.until('welcome');
    exchange.socket.destroy();
    await client.closed();
  });

  it('are no tunnels when the container declines: the connection goes on with HTTP', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serve('/raw', answering(426, 'no')).serve('/next', answering(200, 'next'));
    const { port } = await up(stage, configFor([container.address]), ['--workers', '1']);
    const client = await RawClient.connect(stage, { port });
    await client.send(upgrade);
    expect(statusOf(await client.answer())).to.equal(426);
    await client.send('GET /next HTTP/1.1\r\nHost: app\r\n\r\n');
    expect((await client.answer()).body.toString()).to.equal('next');
  });
});
