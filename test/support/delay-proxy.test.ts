import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { draws } from './draws.js';
import { digestOf, deterministicBytes } from './bytes.js';
import { bulk, httpContainer } from './containers.js';
import { DelayLine, relayProcess, relayTo } from './delay-proxy.js';
import { RawClient } from './raw-client.js';
import { addressOf, listening } from './scripted-container.js';
import { stageForEach } from './stage.js';

const SEED = 20_261_123;

describe(`DelayLine (seed ${String(SEED)})`, () => {
  it('lets no piece overtake another, and keeps each for about as long as it is told', () => {
    const chance = draws(SEED);
    const line = new DelayLine({ delay: 50, jitter: 30 }, chance);
    const arrivals = Array.from({ length: 2_000 }, (_, at) => at * 3);
    const departures = arrivals.map(each => line.departure(each));
    const waits = departures.map((each, at) => each - arrivals[at]!);
    expect(departures).to.deep.equal(departures.toSorted((a, b) => a - b));
    expect(Math.min(...waits)).to.be.at.least(20);
    expect(Math.max(...waits)).to.be.at.most(80);
    expect(new Set(waits).size, 'different waits').to.be.above(100);
  });

  it('is the same for the same seed', () => {
    const lines = [1, 2].map(() => new DelayLine({ delay: 50, jitter: 30 }, draws(SEED)));
    const [one, other] = lines.map(line => [0, 1, 100].map(each => line.departure(each)));
    expect(one).to.deep.equal(other);
  });

  it('keeps nothing back without a delay', () => {
    const line = new DelayLine({ delay: 0, jitter: 0 }, draws(SEED));
    expect([line.departure(5), line.departure(7)]).to.deep.equal([5, 7]);
  });
});

describe('a relay', () => {
  const stage = stageForEach();
  const bytes = 3_000_000;
  const expected = JSON.stringify(digestOf(deterministicBytes(bytes)));

  for (const late of [
    { delay: 0, jitter: 0 },
    { delay: 20, jitter: 20 },
  ]) {
    it(`passes on what comes, ${late.delay} ms later, and the end`, async () => {
      const target = await httpContainer(stage, bulk().listener);
      const relay = createServer({ allowHalfOpen: true });
      relayTo(relay, target, late, draws(SEED));
      const { port } = addressOf(await listening(stage, relay));
      const client = await RawClient.connect(stage, { port });
      const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`;
      await client.send(head, ...deterministicBytes(bytes));
      expect((await client.answer()).body.toString()).to.equal(expected);
      await client.closed();
    });
  }

  it('breaks one side where the other one breaks', async () => {
    const server = createServer((socket: Socket) => socket.on('error', () => undefined));
    const target = addressOf(await listening(stage, server));
    const relay = await relayProcess(stage, { target, prefix: [] });
    const arrives = once(server, 'connection') as Promise<[Socket]>;
    const client = await RawClient.connect(stage, { port: relay.port });
    const [inside] = await arrives;
    inside.resetAndDestroy();
    await client.closed();
  });
});
