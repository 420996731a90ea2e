/**
 * Clients that want more than their share. None of them gets it: memory stays bounded, and another client is
 * served all the while.
 */
import { expect } from 'chai';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { createGunzip, gzipSync } from 'node:zlib';
import { bulk, counting, httpContainer } from '../support/containers.js';
import { statusOf, valuesOf } from '../support/http-message.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { descriptorsOf, memoryOf } from '../support/process-facts.js';
import { configFor, up, type Running, type Sections } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import { answering, ScriptedContainer, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually, within } from '../support/within.js';
import { openFilesLimit } from '../../src/kernel/limits.js';

const MiB = 1024 * 1024;

describe('hostile: floods', function () {
  this.timeout(120_000);
  const stage = stageForEach();

  interface Flooded extends Running {
    /** Another client, that goes on all the while. */
    readonly bystander: Load;
    readonly frontend: number;
    readonly worker: number;
  }

  /** `servers` also count for the bystander, whose container comes first. */
  async function flooded(config: (bystanders: ServerAddress) => Sections): Promise<Flooded> {
    const { listener } = counting({ name: 'a' });
    const running = await up(stage, config(await httpContainer(stage, listener)), [
      '--workers',
      '1',
    ]);
    const bystander = Load.start(stage, { port: running.port, clients: 2, prefix: 'bystander' });
    await bystander.more(50);
    const [frontend = 0] = running.cutover.pidsOf('frontend');
    const [worker = 0] = running.cutover.pidsOf('worker');
    return { ...running, bystander, frontend, worker };
  }

  /** It was served as long as this went on, and nothing fell. */
  async function isWell({ bystander, cutover }: Flooded): Promise<void> {
    await bystander.more(20);
    expect(unharmed(await bystander.stop())).to.deep.equal(nothing);
    expect(cutover.all('role-ended')).to.deep.equal([]);
    expect(cutover.all('fault')).to.deep.equal([]);
  }

  /** Bytes that `pid` has grown by, at most, while this ran. */
  async function growthOf(pid: number, flood: () => Promise<unknown>): Promise<number> {
    const before = await memoryOf(pid);
    await flood();
    return (await memoryOf(pid)).peak - before.now;
  }

  const many = async <T>(count: number, what: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => what(index)));

  /** As much as it is let send, a piece at a time. */
  async function pouring(client: RawClient, piece: string, pieces: number): Promise<void> {
    for (let sent = 0; sent < pieces && !client.socket.destroyed; sent += 1) {
      await client.send(piece);
    }
  }

  it('of header fields: 200 clients that do not end get 431, in bounded memory', async () => {
    const world = await flooded(server => configFor([server]));
    const growth = await growthOf(world.frontend, () =>
      many(200, async index => {
        const client = await RawClient.connect(stage, world);
        await client.send('GET / HTTP/1.1\r\nHost: a\r\n');
        // Many small fields, one endless field, or one endless name.
        const piece = [`X-${index}: ${'y'.repeat(200)}\r\n`.repeat(5), 'y'.repeat(1000)][
          index % 2
        ]!;
        if (index % 2 === 1) await client.send(index % 4 === 1 ? 'X: ' : '');
        await pouring(client, piece, 2_000);
        await client.closed(30_000);
        expect(client.received).to.match(/^HTTP\/1\.1 431 /);
      }),
    );
    expect(growth).to.be.lessThan(150 * MiB);
    await isWell(world);
  });

  it('of cookies: none of ours reaches the server, and 2,000 requests cost what others cost', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'ok'));
    const { port, cutover } = await up(stage, configFor([container.address]), ['--workers', '1']);
    const [worker = 0] = cutover.pidsOf('worker');
    const forged = `cutover=1.${'A'.repeat(72)}`;
    const cookies = [...new Array<string>(300).fill(forged), 'mine=1', forged].join('; ');
    const request = `GET /x HTTP/1.1\r\nHost: a\r\nCookie: ${cookies}\r\n\r\n`;
    const growth = await growthOf(worker, () =>
      many(20, async () => {
        const client = await RawClient.connect(stage, { port });
        for (let n = 0; n < 100; n += 1) {
          await client.send(request);
          expect(statusOf(await client.answer())).to.equal(200);
        }
      }),
    );
    expect(growth).to.be.lessThan(100 * MiB);
    expect(container.requests).to.have.lengthOf(2_000);
    for (const { fields } of container.requests.slice(0, 100)) {
      expect(valuesOf({ fields }, 'cookie')).to.deep.equal(['mine=1']);
    }
    expect(container.received).not.to.include('cutover=');
  });

  /** A byte now and then, until it is told what it may do with them. */
  async function dripping(world: Flooded, beginning: string, drop: string): Promise<string> {
    const client = await RawClient.connect(stage, world);
    await client.send(beginning);
    while (!client.socket.destroyed) {
      await setTimeout(100); // this is what the client is like
      await client.send(drop);
    }
    return client.received;
  }

  it('of slow clients, in heads and bodies: 600 are given up, and no server hears of them', async () => {
    const { listener, times } = counting({ name: 'a' });
    const server = await httpContainer(stage, listener);
    const timeouts = { head: 2, body: 2, idle: 2 };
    const { port, cutover } = await up(stage, configFor([server], { timeouts }), [
      '--workers',
      '1',
    ]);
    const bystander = Load.start(stage, { port, clients: 2, prefix: 'bystander' });
    const [frontend = 0, worker = 0] = [...cutover.pidsOf('frontend'), ...cutover.pidsOf('worker')];
    const world = { port, cutover, bystander, frontend, worker } as Flooded;
    const post = 'POST /slow HTTP/1.1\r\nHost: a\r\nX-Id: slow-1\r\n';
    const ways = [
      ['GET /slow HTTP/1.1\r\nHost: a\r\nX-Id: slow-1\r\nX: ', 'x'],
      [`${post}Content-Length: 1000\r\n\r\n`, 'x'],
      [`${post}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'],
    ] as const;
    const growth = await growthOf(frontend, async () => {
      const told = await many(600, async index => {
        const [beginning, drop] = ways[index % 3]!;
        return dripping(world, beginning, drop);
      });
      expect(told.filter(text => !text.startsWith('HTTP/1.1 408 '))).to.deep.equal([]);
    });
    expect(growth).to.be.lessThan(100 * MiB);
    expect(times.has('slow-1')).to.equal(false);
    await isWell(world);
  });

  it('of slow readers: 100 that take nothing of 50 MB hold little, and are cut off', async () => {
    const big = bulk();
    const small = counting({ name: 'a' });
    const server = await httpContainer(stage, (request, response) =>
      (request.url!.startsWith('/?bytes=') ? big : small).listener(request, response),
    );
    const config = configFor([server], { timeouts: { write: 2 } });
    const running = await up(stage, config, ['--workers', '1']);
    const bystander = Load.start(stage, { port: running.port, clients: 2, prefix: 'bystander' });
    await bystander.more(50);
    const [frontend = 0] = running.cutover.pidsOf('frontend');
    const [worker = 0] = running.cutover.pidsOf('worker');
    const grown = await growthOf(worker, async () => {
      const growth = await growthOf(frontend, async () => {
        const clients = await many(100, async () => {
          const client = await RawClient.connect(stage, running);
          client.socket.pause();
          await client.send(`GET /?bytes=${50 * 1000 * 1000} HTTP/1.1\r\nHost: a\r\n\r\n`);
          return client;
        });
        await bystander.more(200);
        await eventually('all are cut off', () => big.progress.cut === 100, 60_000);
        for (const client of clients) client.socket.destroy();
      });
      expect(growth, 'the frontend').to.be.lessThan(250 * MiB);
    });
    expect(grown, 'the worker').to.be.lessThan(250 * MiB);
    expect(big.progress.written).to.be.lessThan(100 * 12 * 1000 * 1000);
    await isWell({ ...running, bystander, frontend, worker });
  });

  it('of connections that do nothing: 10,000 are held, and are gone when they go', async function () {
    // Two processes have each of them as a descriptor: this one, and the frontend.
    const room = (openFilesLimit() ?? 0) - 500;
    const count = Math.min(10_000, room);
    if (count < 10_000) console.log(`      only ${count} connections: the limit of open files`);
    if (count < 1_000) this.skip();
    const world = await flooded(server => configFor([server]));
    const descriptors = await descriptorsOf(world.frontend);
    const before = await memoryOf(world.frontend);
    const sockets: Socket[] = [];
    stage.atEnd(() => sockets.forEach(socket => socket.destroy()));
    for (let opened = 0; opened < count; opened += 500) {
      const batch = Array.from({ length: Math.min(500, count - opened) }, () =>
        connect({ port: world.port, host: '127.0.0.1' }).on('error', () => undefined),
      );
      sockets.push(...batch);
      await within(
        30_000,
        'they are connected',
        Promise.all(batch.map(each => once(each, 'connect'))),
      );
    }
    await eventually(
      'the frontend has them all',
      async () => (await descriptorsOf(world.frontend)) >= descriptors + count,
      60_000,
    );
    await world.bystander.more(200);
    const each = ((await memoryOf(world.frontend)).now - before.now) / count;
    expect(each, 'bytes for each').to.be.lessThan(64 * 1024);
    for (const socket of sockets) socket.destroy();
    await eventually(
      'they are gone',
      async () => (await descriptorsOf(world.frontend)) <= descriptors + 20,
      60_000,
    );
    await isWell(world);
  });

  it('of pipelined requests: 10,000 at once are answered in their order, each once', async () => {
    const asked = new Set<string>();
    const server = await httpContainer(stage, ({ url = '' }, response) => {
      expect(asked.has(url), 'each once').to.equal(false);
      asked.add(url);
      response.end(url);
    });
    const { port, cutover } = await up(stage, configFor([server]), ['--workers', '2']);
    const [frontend = 0] = cutover.pidsOf('frontend');
    const targets = Array.from({ length: 10_000 }, (_, number) => `/${number}-`);
    const client = connect({ port, host: '127.0.0.1' });
    stage.atEnd(() => client.destroy());
    const pieces: Buffer[] = [];
    const answered = new Promise<void>((resolve, reject) => {
      let count = 0;
      client.on('data', (piece: Buffer) => {
        pieces.push(piece);
        count += piece.toString('latin1').split('-').length - 1;
        if (piece.includes('/9999-')) resolve();
      });
      client.on('close', () => reject(new Error(`closed after about ${count}`)));
    });
    const growth = await growthOf(frontend, async () => {
      client.write(targets.map(target => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
      const other = await ask(stage, { port }, 'GET /other HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(other.body.toString()).to.equal('/other');
      await within(90_000, 'all answers', answered);
    });
    const bodies = Buffer.concat(pieces)
      .toString('latin1')
      .match(/\/\d+-/g);
    expect(bodies).to.deep.equal(targets);
    expect(asked.size).to.equal(10_001);
    expect(growth).to.be.lessThan(100 * MiB);
  });

  it('of nothing, packed small: a zip bomb passes through both ways as it is', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * MiB), { level: 9 });
    let received: Buffer | undefined;
    const server = await httpContainer(stage, (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        received = Buffer.concat(pieces);
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bomb.length });
        response.end(bomb);
      });
    });
    const { port, cutover } = await up(stage, configFor([server]), ['--workers', '1']);
    const pids = [...cutover.pidsOf('frontend'), ...cutover.pidsOf('worker')];
    const before = await Promise.all(pids.map(memoryOf));
    const answer = await ask(
      stage,
      { port },
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`,
      bomb,
    );
    expect(received!.equals(bomb), 'to the server').to.equal(true);
    expect(answer.body.equals(bomb), 'to the client').to.equal(true);
    expect(valuesOf(answer, 'content-encoding')).to.deep.equal(['gzip']);
    for (const [index, pid] of pids.entries()) {
      const { peak } = await memoryOf(pid);
      expect(peak - before[index]!.now).to.be.lessThan(50 * MiB);
    }
    // It is one: else nothing would have been shown.
    const unpacked = createGunzip().end(answer.body);
    let bytes = 0;
    for await (const piece of unpacked as AsyncIterable<Buffer>) bytes += piece.length;
    expect(bytes).to.equal(200 * MiB);
  });
});
