import { expect } from 'chai';
import { Dispatcher } from '../../../src/frontend/dispatcher.js';
import { Exchange, type WholeRequest } from '../../../src/frontend/exchange.js';
import { handicaps } from '../../../src/frontend/pick-worker.js';
import { WorkerPeer } from '../../../src/frontend/worker-peer.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import type { WorkerId } from '../../../src/kernel/ids.js';
import { Outbox } from '../../../src/sockets/outbox.js';
import { decodeFromFrontend } from '../../../src/wire/batch.js';
import { kinds, type FromFrontend } from '../../../src/wire/envelope.js';
import { FakeClock } from '../support-clock.js';
import { bodyOnDisk, FakeAsker, inWords, request, settled } from './stand.js';

describe('Dispatcher', () => {
  let clock: FakeClock;
  let dispatcher: Dispatcher;
  let lastId: number;

  beforeEach(() => {
    clock = new FakeClock();
    dispatcher = new Dispatcher({ queue: 2, outstanding: 2, wait: 1000 }, () => clock.now());
    lastId = 0;
  });

  const sent = new WeakMap<WorkerPeer, string[]>();
  /** The requests, in the order in which it heard of them. */
  const given = new WeakMap<WorkerPeer, number[]>();

  function join(name: string, handicap = 0): WorkerPeer {
    const heard: string[] = [];
    const order: number[] = [];
    const outbox = new Outbox<FromFrontend>(
      packed => {
        const envelopes = decodeFromFrontend(packed);
        heard.push(...envelopes.map(inWords));
        order.push(...envelopes.flatMap(each => (each[0] === kinds.request ? [each[1]] : [])));
        return Promise.resolve();
      },
      () => undefined,
    );
    const about = { id: name as WorkerId, name, window: 100, handicap, now: 0, outbox };
    const worker = new WorkerPeer({ ...about, broken: () => undefined });
    sent.set(worker, heard);
    given.set(worker, order);
    dispatcher.joined(worker);
    return worker;
  }

  interface Asked {
    readonly exchange: Exchange;
    readonly asker: FakeAsker;
    readonly refused: string | undefined;
  }

  function ask(about: Partial<WholeRequest> = {}): Asked {
    const asker = new FakeAsker();
    const exchange = new Exchange(exchangeId((lastId += 1)), request(about), asker);
    return { exchange, asker, refused: dispatcher.ask(exchange) };
  }

  const has = (worker: WorkerPeer) =>
    worker.exchanges
      .values()
      .map(({ id }) => id)
      .toSorted((a, b) => a - b);

  describe('gives what no server has seen', () => {
    it('to another worker, as often as there are workers', () => {
      const [a, b] = [join('a'), join('b')];
      const { exchange, asker } = ask();
      expect([has(a), has(b)]).to.deep.equal([[1], []]);
      expect(dispatcher.elsewhere(exchange)).to.equal(true);
      expect([has(a), has(b)]).to.deep.equal([[], [1]]);
      expect(dispatcher.elsewhere(exchange), 'both were asked').to.equal(false);
      expect([has(a), has(b)]).to.deep.equal([[], [1]]);
      expect(asker.heard, 'of the client').to.deep.equal([]);
    });

    it('to nobody where there is one worker, or no other has room', () => {
      const a = join('a');
      const { exchange } = ask();
      expect(dispatcher.elsewhere(exchange)).to.equal(false);
      const b = join('b');
      ask();
      ask();
      ask(); // two each: that is what they take
      expect(dispatcher.elsewhere(exchange)).to.equal(false);
      expect([has(a).length, has(b).length]).to.deep.equal([2, 2]);
    });

    it('to three workers at most', () => {
      const workers = ['a', 'b', 'c', 'd'].map(name => join(name));
      const { exchange } = ask();
      const moved = [1, 2, 3].map(() => dispatcher.elsewhere(exchange));
      expect(moved).to.deep.equal([true, true, false]);
      expect(workers.flatMap(has)).to.deep.equal([1]);
    });
  });

  it('tells how long requests have waited that then get a worker, and of no others', () => {
    const waited: number[] = [];
    const limits = {
      queue: 2,
      outstanding: 1,
      wait: 1000,
      waited: (ms: number) => waited.push(ms),
    };
    dispatcher = new Dispatcher(limits, () => clock.now());
    ask();
    ask();
    expect(dispatcher.queued).to.equal(2);
    clock.advance(300);
    const { length } = dispatcher.workers;
    join('a');
    expect([waited, dispatcher.queued, length]).to.deep.equal([[300], 1, 0]);
    clock.advance(800);
    dispatcher.sweep(clock.now());
    expect([waited.length, dispatcher.queued]).to.deep.equal([1, 0]);
    expect(dispatcher.workers.map(({ outstanding }) => outstanding)).to.deep.equal([1]);
  });

  it('prefers who is on this host, and gives all it had to others at once when that one is lost', async () => {
    const [far, here] = [join('far', handicaps.near), join('here', handicaps.here)];
    const both = [ask(), ask()];
    expect([has(far), has(here)]).to.deep.equal([[], [1, 2]]);
    expect(dispatcher.left(here, 'it is dead')).to.deep.equal({ repeated: 2, failed: 0 });
    expect(has(far)).to.deep.equal([1, 2]);
    await settled();
    expect(given.get(far)).to.deep.equal([1, 2]);
    expect(both.map(({ exchange }) => exchange.attempts)).to.deep.equal([2, 2]);
  });

  it('gives each request to the worker with the fewest outstanding', () => {
    const [a, b] = [join('a'), join('b')];
    const first = ask();
    ask();
    ask();
    expect([a.outstanding, b.outstanding].sort()).to.deep.equal([1, 2]);
    const owner = [a, b].find(each => each.exchanges.get(first.exchange.id) !== undefined)!;
    dispatcher.ended(first.exchange);
    const before = owner.outstanding;
    ask();
    ask();
    expect([a.outstanding, b.outstanding]).to.deep.equal([2, 2]);
    expect(owner.outstanding).to.be.greaterThan(before);
    expect(dispatcher.inFlight).to.equal(4);
  });

  it('uses all workers of a quiet system', () => {
    const workers = [join('a'), join('b'), join('c')];
    const used = new Set<string>();
    for (let n = 0; n < 3; n++) {
      const { exchange } = ask();
      used.add(workers.find(each => each.outstanding > 0)!.name);
      dispatcher.ended(exchange);
    }
    expect([...used].sort()).to.deep.equal(['a', 'b', 'c']);
  });

  it('lets requests wait, as many as the queue holds, and serves them in order', async () => {
    const waiting = [ask(), ask()];
    const third = ask();
    expect([...waiting, third].map(({ refused }) => refused)).to.deep.equal([
      undefined,
      undefined,
      'ERR_QUEUE_FULL',
    ]);
    expect(dispatcher.inFlight).to.equal(2);
    const worker = join('late');
    expect(has(worker)).to.deep.equal([1, 2]);
    const fourth = ask();
    expect(fourth.refused).to.equal(undefined);
    expect(has(worker)).to.deep.equal([1, 2]);
    dispatcher.ended(waiting[0]!.exchange);
    expect(has(worker)).to.deep.equal([2, 4]);
    await settled();
    expect(given.get(worker)).to.deep.equal([1, 2, 4]);
  });

  it('tells whoever has waited too long', () => {
    const first = ask();
    clock.advance(600);
    const second = ask();
    clock.advance(399);
    dispatcher.sweep(clock.now());
    expect(first.asker.heard).to.deep.equal([]);
    clock.advance(1);
    dispatcher.sweep(clock.now());
    expect(first.asker.heard).to.deep.equal(['ERR_NO_WORKER']);
    expect(second.asker.heard).to.deep.equal([]);
    expect(has(join('too late'))).to.deep.equal([2]);
  });

  it('gives nothing new to a worker that drains; what it has, it finishes', () => {
    const worker = join('a');
    ask();
    worker.draining = true;
    const waiting = ask();
    expect(has(worker)).to.deep.equal([1]);
    const other = join('b');
    expect(has(other)).to.deep.equal([waiting.exchange.id]);
    expect(dispatcher.left(worker, 'gone')).to.deep.equal({ repeated: 1, failed: 0 });
  });

  it('forgets a client that leaves the queue, or whose answer it waits for', async () => {
    const [first, second] = [ask(), ask()];
    dispatcher.cancel(first.exchange);
    expect(dispatcher.inFlight).to.equal(1);
    const worker = join('a');
    expect(has(worker)).to.deep.equal([2]);
    dispatcher.cancel(second.exchange);
    await settled();
    expect(sent.get(worker)).to.deep.equal(['request', 'cancel']);
    expect(dispatcher.inFlight).to.equal(0);
    expect(has(worker)).to.deep.equal([]);
  });

  it('frees the body of a request that ended, however it did', () => {
    const bodies = [1, 2, 3].map(() => bodyOnDisk(Buffer.from('abc')));
    const [first, second, third] = bodies.map(body => ask({ body }));
    dispatcher.cancel(first!.exchange);
    join('a');
    dispatcher.ended(second!.exchange);
    expect(third!.refused).to.equal('ERR_QUEUE_FULL');
    expect(bodies.map(({ isDiscarded }) => isDiscarded)).to.deep.equal([true, true, false]);
  });

  it('gives credit to the worker that has the exchange', async () => {
    const worker = join('a');
    const { exchange } = ask();
    dispatcher.grant(exchange, 500);
    dispatcher.ended(exchange);
    dispatcher.grant(exchange, 500); // too late
    await settled();
    expect(sent.get(worker)).to.deep.equal(['request', 'credit 500']);
  });

  describe('when a worker is lost', () => {
    it('repeats, fails or cuts what it had', () => {
      const lost = join('a');
      const safe = ask();
      const unsafe = ask({ safeToRepeat: false });
      expect(dispatcher.left(lost, 'it died')).to.deep.equal({ repeated: 1, failed: 1 });
      expect(safe.asker.heard).to.deep.equal([]);
      expect(unsafe.asker.heard).to.deep.equal(['ERR_WORKER_LOST']);
      const next = join('b');
      expect(has(next)).to.deep.equal([safe.exchange.id]);
      safe.exchange.answered = true;
      expect(dispatcher.left(next, 'it died')).to.deep.equal({ repeated: 0, failed: 1 });
      expect(safe.asker.heard).to.deep.equal(['cut']);
      expect(dispatcher.inFlight).to.equal(0);
    });

    it('gives a request to no more than three', () => {
      const { asker } = ask();
      for (const name of ['a', 'b', 'c']) dispatcher.left(join(name), 'it died');
      expect(asker.heard).to.deep.equal(['ERR_WORKER_LOST']);
    });

    it('says that the queue is full when what it had finds no place', () => {
      const lost = join('a');
      const had = [ask(), ask()];
      ask();
      expect(dispatcher.left(lost, 'it died')).to.deep.equal({ repeated: 1, failed: 1 });
      expect(had.map(({ asker }) => asker.heard)).to.deep.equal([[], ['ERR_QUEUE_FULL']]);
    });

    it('gives up a repeated request as late as any other that waits', () => {
      const lost = join('a');
      const repeated = ask();
      clock.advance(5000);
      dispatcher.left(lost, 'it died');
      clock.advance(999);
      dispatcher.sweep(clock.now());
      expect(repeated.asker.heard).to.deep.equal([]);
      clock.advance(1);
      dispatcher.sweep(clock.now());
      expect(repeated.asker.heard).to.deep.equal(['ERR_NO_WORKER']);
    });
  });
});
