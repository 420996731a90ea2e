/** Frontend, device and worker in one process: real sockets, a real container, real clients. */
import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { parseConfig, type Config } from '../../src/config/config.js';
import { startFrontend } from '../../src/frontend/frontend.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { CutoverEvent } from '../../src/kernel/events.js';
import type { Role } from '../../src/kernel/role.js';
import { startWorker } from '../../workers/main.js';
import { deterministicBytes, digestOf, Digest } from '../support/bytes.js';
import { bulk, httpContainer, serverSentEvents, webSocketEcho } from '../support/containers.js';
import { gate } from '../support/gate.js';
import { statusOf, valuesOf } from '../support/http-message.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  answering,
  answeringWhen,
  playingToTheEnd,
  refusing,
  ScriptedContainer,
  type ServerAddress,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually, within } from '../support/within.js';

const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: app\r\n${fields}\r\n`;

/** libzmq closes a socket in its own time; a process that ends waits for it. */
async function deviceFree({ device }: Config): Promise<void> {
  const path = device.frontends[0]!.slice('ipc://'.length);
  await eventually('nobody listens there any more', async () => {
    const probe = connect(path);
    const answers = await once(probe, 'connect').then(
      () => true,
      () => false,
    );
    probe.destroy();
    return !answers;
  });
}

describe('integration: frontend, device and worker', () => {
  const stage = stageForEach();
  let events: CutoverEvent[];
  let happenings: EventEmitter;
  let frontends: Role[];
  let workers: Role[];

  beforeEach(() => {
    events = [];
    happenings = new EventEmitter();
    frontends = [];
    workers = [];
  });

  const report = (event: CutoverEvent) => {
    events.push(event);
    happenings.emit(event.type, event);
  };
  const types = () => events.map(({ type }) => type);

  /** The next event of that type. */
  const happens = async (type: CutoverEvent['type']): Promise<unknown> =>
    (await within(10_000, type, once(happenings, type)))[0];

  async function configFor(
    servers: readonly ServerAddress[],
    sections: Record<string, unknown> = {},
  ): Promise<Config> {
    const parsed = parseConfig({
      proxy: { ip: '127.0.0.1', port: 0 },
      cluster: { servers, version: '1.0' },
      device: { frontends: [`ipc://${await stage.folder()}/device`] },
      ...sections,
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.config;
  }

  /** Returns the port for clients. */
  async function frontend(config: Config): Promise<number> {
    const listening = happens('frontend-listening') as Promise<{ address: string }>;
    const [device = ''] = config.device.frontends;
    const options = { config, device, descriptors: {}, clock: systemClock, report };
    const role = await startFrontend(options);
    frontends.push(role);
    stage.atEnd(() => role.stop());
    return Number((await listening).address.split(':').at(-1));
  }

  async function worker(config: Config, name = 'worker'): Promise<Role> {
    const joined = happens('worker-joined');
    const role = await startWorker({
      config,
      frontends: config.device.frontends,
      name,
      clock: systemClock,
      report,
    });
    workers.push(role);
    stage.atEnd(() => role.stop());
    await joined;
    return role;
  }

  async function start(servers: readonly ServerAddress[], sections: Record<string, unknown> = {}) {
    const config = await configFor(servers, sections);
    const port = await frontend(config);
    await worker(config);
    return { config, port };
  }

  interface Asked {
    readonly method?: string;
    readonly path?: string;
    readonly body?: Iterable<Buffer>;
    readonly agent?: Agent;
  }

  /** A node:http client; gives the answer with the digest of its body. */
  async function client(
    port: number,
    { method = 'GET', path = '/', body = [], agent }: Asked = {},
  ) {
    const about = { port, host: '127.0.0.1', method, path, ...(agent && { agent }) };
    const request = httpRequest(about);
    for (const piece of body) {
      if (!request.write(piece)) await once(request, 'drain');
    }
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const digest = new Digest();
    const texts: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) {
      digest.update(piece);
      if (digest.bytes < 10_000) texts.push(piece);
    }
    const text = Buffer.concat(texts).toString();
    return { response, digest: digest.result(), text, socket: request.socket };
  }

  it('serves a client that keeps its connection, over connections that are kept as well', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'hello', [['X-App', 'yes']]));
    const { port } = await start([container.address]);
    const raw = await RawClient.connect(stage, { port });
    for (const target of ['/1', '/2', '/3']) {
      await raw.send(get(target));
      const answer = await raw.answer();
      expect([statusOf(answer), answer.body.toString()]).to.deep.equal([200, 'hello']);
      expect(valuesOf(answer, 'x-app')).to.deep.equal(['yes']);
    }
    expect(container.connections).to.equal(1);
    expect(container.heads.map(head => head.split(' ')[1])).to.deep.equal(['/1', '/2', '/3']);
  });

  it('answers pipelined requests in order', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(exchange => answering(200, exchange.target)(exchange));
    const { port } = await start([container.address]);
    const raw = await RawClient.connect(stage, { port });
    const targets = Array.from({ length: 40 }, (_, n) => `/${n}`);
    await raw.send(targets.map(each => get(each)).join(''));
    const bodies: string[] = [];
    while (bodies.length < targets.length) bodies.push((await raw.answer()).body.toString());
    expect(bodies).to.deep.equal(targets);
  });

  const MB = 1_000_000;

  it('carries a megabyte both ways, byte by byte', async () => {
    const { listener } = bulk();
    const { port } = await start([await httpContainer(stage, listener)]);
    const down = await client(port, { path: `/?bytes=${MB}` });
    expect(down.digest).to.deep.equal(digestOf(deterministicBytes(MB)));
    const up = await client(port, { method: 'PUT', body: deterministicBytes(MB) });
    expect(JSON.parse(up.text)).to.deep.equal(digestOf(deterministicBytes(MB)));
  });

  // Kept in memory, a body travels whole: more than one message may have must not end the link.
  it('carries a body that is kept in memory, however large', async () => {
    const { listener } = bulk();
    const parsed = parseConfig({
      cluster: { servers: [{ ip: '127.0.0.1', port: 1 }] },
      limits: { memory: 16 * MB },
    });
    if (!parsed.ok) return; // so large a part of the memory is refused: as well
    const server = await httpContainer(stage, listener);
    const { port } = await start([server], { limits: { memory: 16 * MB } });
    const up = await client(port, { method: 'PUT', body: deterministicBytes(12 * MB) });
    expect(up.response.statusCode).to.equal(200);
    expect(JSON.parse(up.text)).to.deep.equal(digestOf(deterministicBytes(12 * MB)));
    expect(types()).not.to.include('worker-lost');
  });

  it('carries small windows of credit as well as large ones', async () => {
    const { listener } = bulk();
    const server = await httpContainer(stage, listener);
    const { port } = await start([server], {
      device: { frontends: [`ipc://${await stage.folder()}/d`], window: 1000 },
      limits: { memory: 100 },
    });
    const down = await client(port, { path: '/?bytes=100000' });
    expect(down.digest).to.deep.equal(digestOf(deterministicBytes(100_000)));
    const up = await client(port, { method: 'PUT', body: deterministicBytes(100_000) });
    expect(JSON.parse(up.text)).to.deep.equal(digestOf(deterministicBytes(100_000)));
  });

  it('serves many clients at the same time, over several workers', async () => {
    const server = await httpContainer(stage, (request, response) => response.end(request.url));
    const config = await configFor([server]);
    const port = await frontend(config);
    await worker(config, 'first');
    await worker(config, 'second');
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    stage.atEnd(() => agent.destroy());
    const paths = Array.from({ length: 200 }, (_, n) => `/${n}`);
    const answers = await Promise.all(paths.map(path => client(port, { path, agent })));
    expect(answers.map(({ text }) => text)).to.deep.equal(paths);
  });

  it('passes chunks with trailers on, both ways, also where there is nothing else', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'fine'));
    const { port } = await start([container.address]);
    const head = 'PUT / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n';
    for (const [chunks, content] of [
      ['3\r\nabc\r\n0\r\nDigest: x\r\n\r\n', 'abc'],
      ['0\r\nDigest: x\r\n\r\n', ''],
    ] as const) {
      const answer = await ask(stage, { port }, head, chunks);
      expect(answer.body.toString()).to.equal('fine');
      const received = container.requests.at(-1)!;
      expect(received.body.toString()).to.equal(content);
      expect(received.trailers).to.deep.equal([['Digest', 'x']]);
    }
  });

  it('passes server-sent events on one by one, and tells the container that the client has gone', async () => {
    const sse = serverSentEvents();
    const { port } = await start([await httpContainer(stage, sse.listener)]);
    const joined = sse.joins();
    const raw = await RawClient.connect(stage, { port });
    await raw.send(get('/events'));
    await within(5000, 'the container is asked', joined);
    for (const each of ['one', 'two']) {
      sse.send(each);
      await raw.until(`data: ${each}\n\n`);
    }
    const left = sse.leaves();
    raw.reset();
    await within(5000, 'the container hears of it', left);
  });

  it('carries WebSocket messages both ways', async () => {
    const { port } = await start([await webSocketEcho(stage)]);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    stage.atEnd(() => socket.terminate());
    await within(5000, 'it opens', once(socket, 'open'));
    for (const size of [5, 100_000, 3_000_000]) {
      const bytes = Buffer.alloc(size, size % 251);
      socket.send(bytes);
      const [echo] = (await within(10_000, 'it is echoed', once(socket, 'message'))) as [Buffer];
      expect(echo.equals(bytes)).to.equal(true);
    }
    socket.send('close');
    const [code] = (await within(5000, 'it closes', once(socket, 'close'))) as [number];
    expect(code).to.equal(4001);
  });

  it('tries another server when one refuses', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'here'));
    const { port } = await start([await refusing(stage), container.address]);
    for (let n = 0; n < 4; n++) {
      expect((await ask(stage, { port }, get('/'))).body.toString()).to.equal('here');
    }
    expect(types()).to.include('server-refused');
  });

  it('says 502 when no server is left, and when an answer is none', async () => {
    const { port } = await start([await refusing(stage)]);
    expect(statusOf(await ask(stage, { port }, get('/')))).to.equal(502);
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(playingToTheEnd('nonsense\r\n\r\n'));
    const other = await start([container.address]);
    expect(statusOf(await ask(stage, { port: other.port }, get('/')))).to.equal(502);
    expect(types()).to.include('exchange-failed');
  });

  it('says 503 when no worker is there in time', async () => {
    const config = await configFor([{ ip: '127.0.0.1', port: 1 }], { timeouts: { queue: 0.1 } });
    const port = await frontend(config);
    const answer = await ask(stage, { port }, get('/'));
    expect(statusOf(answer)).to.equal(503);
    expect(valuesOf(answer, 'retry-after')).to.have.length(1);
  });

  it('lets a request wait for the first worker', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'late'));
    const config = await configFor([container.address]);
    const port = await frontend(config);
    const answer = ask(stage, { port }, get('/'));
    await worker(config);
    expect((await answer).body.toString()).to.equal('late');
  });

  it('drains a worker that stops: it finishes, gets nothing new, and others go on', async () => {
    const container = await ScriptedContainer.start(stage);
    const { opened, open } = gate();
    container.serve('/slow', answeringWhen(opened)).serveOthers(answering(200, 'other'));
    const { config, port } = await start([container.address]);
    const [first] = workers as [Role];
    const slow = ask(stage, { port }, get('/slow'));
    await container.asked('/slow');
    await worker(config, 'second');
    const left = happens('worker-left');
    const stopped = first.stop();
    expect(types()).to.include('worker-draining');
    expect(first.stop()).to.equal(stopped);
    for (let n = 0; n < 5; n++) {
      expect((await ask(stage, { port }, get('/'))).body.toString()).to.equal('other');
    }
    open();
    expect((await slow).body.toString()).to.equal('/slow');
    await within(5000, 'it has stopped', stopped);
    await left;
    expect(types()).to.include('worker-stopped').and.not.include('worker-lost');
  });

  it('drains a frontend that stops: it finishes with Connection: close, and idle clients go', async () => {
    const container = await ScriptedContainer.start(stage);
    const { opened, open } = gate();
    container.serve('/slow', answeringWhen(opened)).serveOthers(answering(200, 'other'));
    const { port } = await start([container.address]);
    const idle = await RawClient.connect(stage, { port });
    await idle.send(get('/'));
    await idle.answer();
    const busy = await RawClient.connect(stage, { port });
    await busy.send(get('/slow'));
    await container.asked('/slow');
    const [role] = frontends as [Role];
    const stopped = role.stop();
    await idle.closed();
    open();
    const answer = await busy.answer();
    expect(answer.body.toString()).to.equal('/slow');
    expect(valuesOf(answer, 'connection')).to.deep.equal(['close']);
    await busy.closed();
    await within(5000, 'it has stopped', stopped);
    await role.stopped;
    expect(types()).to.include('frontend-stopped').and.not.include('frontend-lost');
  });

  it('waits no longer for what is in flight than it is told', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(() => undefined);
    const { port } = await start([container.address], { timeouts: { drain: 0.2 } });
    const raw = await RawClient.connect(stage, { port });
    await raw.send(get('/never'));
    const exchange = await container.asked('/never');
    await within(5000, 'it has stopped', frontends[0]!.stop());
    await raw.closed();
    await within(5000, 'the container hears of it', exchange.gone);
  });

  it('serves again when a frontend comes back: its worker finds it', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'again'));
    const { config } = await start([container.address]);
    await within(5000, 'it has stopped', frontends[0]!.stop());
    await deviceFree(config);
    const joined = happens('worker-joined');
    const port = await frontend(config);
    await joined;
    expect((await ask(stage, { port }, get('/'))).body.toString()).to.equal('again');
  });

  it('believes a PROXY header on the trusted address, and there alone', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'fine'));
    const listening: string[] = [];
    happenings.on('frontend-listening', ({ address }: { address: string }) =>
      listening.push(address),
    );
    const { port } = await start([container.address], {
      proxy: { ip: '127.0.0.1', port: 0, trusted: { ip: '127.0.0.1', port: 0 } },
    });
    const trusted = Number(
      listening
        .find(each => !each.endsWith(`:${port}`))
        ?.split(':')
        .at(-1),
    );
    const header = 'PROXY TCP4 192.0.2.7 192.0.2.1 5 80\r\n';
    expect(statusOf(await ask(stage, { port: trusted }, header, get('/')))).to.equal(200);
    expect(container.heads[0]).to.include('X-Forwarded-For: 192.0.2.7\r\n');
    expect(statusOf(await ask(stage, { port }, header, get('/')))).to.equal(400);
    expect(statusOf(await ask(stage, { port: trusted }, get('/')))).to.equal(400);
  });

  it('turns away who is one too many, and forgets who has gone', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'fine'));
    const { port } = await start([container.address], { limits: { connections: 1 } });
    const first = await RawClient.connect(stage, { port });
    await first.send(get('/'));
    expect(statusOf(await first.answer())).to.equal(200);
    const second = await RawClient.connect(stage, { port });
    expect(statusOf(await second.answer())).to.equal(503);
    expect(types()).to.include('connections-full');
    await second.closed();
    first.end();
    await first.closed();
    await eventually(
      'there is room',
      async () => statusOf(await ask(stage, { port }, get('/'))) === 200,
    );
  });

  it('says that a worker without frontends has nothing to do', async () => {
    const config = await configFor([{ ip: '127.0.0.1', port: 1 }]);
    const options = { config, frontends: [], name: 'idle', clock: systemClock, report };
    const cause: unknown = await startWorker(options).catch((each: unknown) => each);
    expect(String(cause)).to.include('device.frontends is empty');
  });

  it('leaves nothing behind when it cannot listen', async () => {
    const container = await ScriptedContainer.start(stage);
    const other = await ScriptedContainer.start(stage);
    const config = await configFor([container.address], {
      proxy: { ip: '127.0.0.1', port: other.address.port },
    });
    const [device = ''] = config.device.frontends;
    const options = { config, device, descriptors: {}, clock: systemClock, report };
    const cause: unknown = await startFrontend(options).catch((each: unknown) => each);
    expect(String(cause)).to.include('taken by another process');
    await deviceFree(config);
    const port = await frontend({ ...config, proxy: { ...config.proxy, port: 0 } });
    expect(port).to.be.greaterThan(0);
  });
});
