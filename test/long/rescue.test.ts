/** What the version that users move to fails, another server or the older version answers. */
import { once } from 'node:events';
import {
  createServer,
  get,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { deterministicBytes, Digest, digestOf } from '../support/bytes.js';
import {
  bulk,
  counting,
  httpContainer,
  serverSentEvents,
  webSocketEcho,
} from '../support/containers.js';
import { gate } from '../support/gate.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { RawClient } from '../support/raw-client.js';
import {
  closed,
  freePort,
  listening,
  playing,
  ScriptedContainer,
  type ServerAddress,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { spread, upgradable } from '../support/upgradable.js';
import { within } from '../support/within.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** How much of a body a container reads before it breaks the connection. */
const SOME = 100_000;

interface Sent {
  readonly port: number;
  readonly method: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Iterable<Buffer>;
}

/** One request on a connection of its own. */
async function send({ port, method, headers = {}, body = [] }: Sent) {
  const outgoing = httpRequest({ port, host: '127.0.0.1', method, headers, agent: false });
  for (const piece of body) outgoing.write(piece);
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of answer.setEncoding('latin1') as AsyncIterable<string>) text += piece;
  return { status: answer.statusCode, text };
}

/** Counts the requests that come, and leaves them to `listener`. */
function watched(listener: RequestListener) {
  const seen = { requests: 0 };
  const watching: RequestListener = (request, response) => {
    seen.requests += 1;
    listener(request, response);
  };
  return { seen, listener: watching };
}

/** Breaks the connection when so much of a body has come; a request without one at once. */
function resettingAfter(bytes: number) {
  const read = { bytes: 0 };
  const { seen, listener } = watched((request, { socket }) => {
    let left = bytes;
    request.on('data', (piece: Buffer) => {
      read.bytes += piece.length;
      left -= piece.length;
      if (left <= 0) socket?.resetAndDestroy();
    });
    request.on('end', () => socket?.resetAndDestroy());
    request.on('error', () => undefined);
  });
  return { seen, read, listener };
}

describe('rescue', () => {
  const stage = stageForEach();
  const container = (name: string): Promise<ServerAddress> =>
    httpContainer(stage, counting({ name }).listener);

  /** Serves 1.0, and 2.0 to which everybody has moved at once. */
  async function moving(
    older: ServerAddress,
    newer: readonly ServerAddress[],
    sections: Readonly<Record<string, unknown>> = {},
  ) {
    const at = await upgradable(stage, [older], sections);
    await at.api.deploy('2.0', ...newer);
    await spread(at, 2);
    return at;
  }

  describe('of a request with a body, whose server resets in the middle of reading it', () => {
    const bodies = {
      'of 1 MiB with a length': { size: MIB, headers: { 'content-length': MIB } },
      'of 300 KiB in chunks': { size: 300 * KIB, headers: { 'transfer-encoding': 'chunked' } },
    };
    for (const [what, { size, headers }] of Object.entries(bodies)) {
      it(`sends one ${what} to the older version, once and whole`, async () => {
        const old = bulk();
        const { seen, listener } = watched(old.listener);
        const broken = resettingAfter(SOME);
        const { port } = await moving(await httpContainer(stage, listener), [
          await httpContainer(stage, broken.listener),
        ]);
        const body = () => deterministicBytes(size);
        const { status, text } = await send({ port, method: 'PUT', headers, body: body() });
        expect(status).to.equal(200);
        expect(JSON.parse(text)).to.deep.equal(digestOf(body()));
        expect(seen.requests, 'at the older version').to.equal(1);
        expect(old.progress).to.include({ read: size, cut: 0 });
        expect(broken.seen.requests, 'at the newer version').to.equal(1);
        expect(broken.read.bytes, 'what it had read by then').to.be.within(SOME, size);
      });
    }
  });

  describe('of POST', () => {
    const key = { 'idempotency-key': '"one"' };
    const cases: readonly (readonly [string, boolean, OutgoingHttpHeaders, 200 | 502])[] = [
      ['is not tried', false, {}, 502],
      ['is not tried with Idempotency-Key, which nobody said is honoured', false, key, 502],
      ['is not tried without Idempotency-Key, where that is honoured', true, {}, 502],
      ['is done with Idempotency-Key, where that is honoured', true, key, 200],
    ];
    for (const [what, idempotencyKeys, headers, expected] of cases) {
      it(what, async () => {
        const older = counting({ name: 'v1' });
        const broken = resettingAfter(1);
        const { port } = await moving(
          await httpContainer(stage, older.listener),
          [await httpContainer(stage, broken.listener)],
          { rescue: { idempotencyKeys } },
        );
        const { status } = await send({
          port,
          method: 'POST',
          headers: { ...headers, 'x-id': 'post-1', 'content-length': 4 },
          body: [Buffer.from('data')],
        });
        expect(status).to.equal(expected);
        expect(broken.seen.requests, 'at the newer version').to.equal(1);
        expect([...older.times.values()], 'at the older version').to.deep.equal(
          expected === 200 ? [1] : [],
        );
      });
    }
  });

  describe('of an answer that has begun', () => {
    const begin = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';

    it('is done when the server hangs after half of it', async () => {
      const hung = await ScriptedContainer.start(stage);
      hung.serveOthers(playing(begin, 'x'.repeat(500)));
      const { port } = await moving(await container('v1'), [hung.address], {
        rescue: { patience: 0.3 },
      });
      const { status, text } = await send({ port, method: 'GET', headers: { 'x-id': 'one-1' } });
      expect(status).to.equal(200);
      expect(text).to.match(/^one-1 v1 /);
      expect(hung.heads).to.have.lengthOf(1);
    });

    it('is not possible when it is larger than rescue.hold: the client has seen some of it', async () => {
      const hung = await ScriptedContainer.start(stage);
      hung.serveOthers(playing(begin, 'x'.repeat(500)));
      const { port } = await moving(await container('v1'), [hung.address], {
        rescue: { patience: 0.3, hold: 999 },
        timeouts: { stream: 0.5 },
      });
      const client = await RawClient.connect(stage, { port });
      await client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
      await client.until('x'.repeat(500));
      await client.closed();
      expect(client.received, 'a cookie may hold v1 by chance').not.to.contain(' v1 ');
    });
  });

  describe('keeps nothing back that cannot be rescued anyway', () => {
    it('streams a large answer: its first byte comes before its last one is written', async () => {
      const { opened, open } = gate();
      const [begin, ...rest] = deterministicBytes(10 * MIB);
      const newer = await httpContainer(stage, (_, response) => {
        response.writeHead(200, { 'content-length': 10 * MIB });
        response.write(begin);
        void opened.then(() => {
          for (const piece of rest) response.write(piece);
          response.end();
        });
      });
      const { port } = await moving(await container('v1'), [newer]);
      const [answer] = (await once(get({ port, agent: false }), 'response')) as [IncomingMessage];
      await within(5_000, 'the beginning of the answer', once(answer, 'readable'));
      const digest = new Digest();
      digest.update(answer.read() as Buffer);
      open();
      for await (const piece of answer as AsyncIterable<Buffer>) digest.update(piece);
      expect(digest.result()).to.deep.equal(digestOf(deterministicBytes(10 * MIB)));
    });

    it('passes server-sent events on at once', async () => {
      const events = serverSentEvents();
      const { port } = await moving(await container('v1'), [
        await httpContainer(stage, events.listener),
      ]);
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

    it('opens a WebSocket to the newer version', async () => {
      const { port } = await moving(await container('v1'), [await webSocketEcho(stage)]);
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
      stage.atEnd(() => socket.terminate());
      await within(5_000, 'the WebSocket opens', once(socket, 'open'));
      for (const text of ['one', 'x'.repeat(200 * KIB)]) {
        socket.send(text);
        const [echo] = (await within(5_000, 'an echo', once(socket, 'message'))) as [Buffer];
        expect(echo.toString()).to.equal(text);
      }
      socket.send('close');
      const [code] = (await within(5_000, 'it closes', once(socket, 'close'))) as [number];
      expect(code).to.equal(4001);
    });
  });

  it('ejects one server of three that refuses and lets it back in when it works; nobody notices', async () => {
    const flaky = await freePort();
    const serve = async () => {
      const server = createServer({ keepAliveTimeout: 60_000 }, counting({ name: 'c' }).listener);
      return listening(stage, server, flaky);
    };
    const server = await serve();
    const at = await moving(await container('v1'), [
      await container('a'),
      await container('b'),
      flaky,
    ]);
    const load = Load.start(stage, { port: at.port, clients: 4 });
    await load.until(({ byServer }) => (byServer.get('c') ?? 0) > 20);
    const name = `${flaky.ip}:${flaky.port}`;
    const is = (line: { readonly server: string }) => line.server === name;
    await closed(server);
    await at.cutover.logged('server-ejected', { where: is });
    await load.more(100);
    expect(at.cutover.all('server-admitted').filter(is)).to.deep.equal([]);

    await serve();
    const served = load.tally.byServer.get('c') ?? 0;
    await at.cutover.logged('server-admitted', { where: is });
    await load.until(({ byServer }) => (byServer.get('c') ?? 0) > served + 20);
    const tally = await load.stop();
    expect(unharmed(tally)).to.deep.equal(nothing);
    expect(tally.byServer.get('v1'), 'answered by the older version').to.equal(undefined);
    expect(await at.api.states()).to.deep.equal(['2.0 running', '1.0 complete']);
  });

  describe('has a budget', () => {
    const CLIENTS = 64;

    /** All of these requests are in the newer version, which then fails them at the same moment. */
    async function failedAtOnce(
      rescue: Readonly<Record<string, unknown>>,
      fail: (response: ServerResponse) => unknown,
    ) {
      const { opened, open } = gate();
      const { seen, listener } = watched((_, response) => {
        if (seen.requests === CLIENTS) open();
        void opened.then(() => fail(response));
      });
      const older = counting({ name: 'v1' });
      const { port } = await moving(
        await httpContainer(stage, older.listener),
        [await httpContainer(stage, listener)],
        { rescue, monitor: { policy: 'alert' } },
      );
      const load = Load.start(stage, { port, clients: CLIENTS, requests: CLIENTS });
      const tally = await load.finished();
      expect(seen.requests, 'at the newer version').to.equal(CLIENTS);
      expect(older.times.size, 'at the older version').to.equal(tally.answered);
      return tally;
    }

    const small = { share: 0.01, perSecond: 1 };
    const reset = ({ socket }: ServerResponse) => socket?.resetAndDestroy();
    const error = (response: ServerResponse) => response.writeHead(500).end('sorry');

    it('that rescues everything as it is delivered', async () => {
      expect(unharmed(await failedAtOnce({}, error))).to.deep.equal(nothing);
    });

    it('that is not charged where the newer version is dead: the older one gets what it always got', async () => {
      expect(unharmed(await failedAtOnce(small, reset))).to.deep.equal(nothing);
    });

    it('beyond which the failure reaches the client', async () => {
      const { answered, failed } = await failedAtOnce(small, error);
      // Of both workers together: one a second, for ten seconds that were not used. It refills meanwhile.
      expect(answered).to.be.within(10, 20);
      expect([...failed.keys()]).to.deep.equal(['500']);
      expect(failed.get('500')).to.have.lengthOf(CLIENTS - answered);
    });
  });
});
