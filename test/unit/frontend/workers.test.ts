import { expect } from 'chai';
import { bodyInMemory } from '../../../src/frontend/body.js';
import { Dispatcher } from '../../../src/frontend/dispatcher.js';
import { Exchange } from '../../../src/frontend/exchange.js';
import { Workers } from '../../../src/frontend/workers.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import {
  decodeFromFrontend,
  encode,
  MOST_MESSAGE_BYTES,
  WIRE_VERSION,
} from '../../../src/wire/batch.js';
import { kinds, type Envelope } from '../../../src/wire/envelope.js';
import { Packr } from 'msgpackr/pack';
import { FakeClock } from '../support-clock.js';
import { answer, bodyOnDisk, FakeAsker, inWords, refusal, request, settled } from './stand.js';

const place = { host: 'host-1', zone: 'a' };
const idOf = (n: number) => Buffer.from([0, 0, 0, 0, n]);

describe('Workers', () => {
  let clock: FakeClock;
  let dispatcher: Dispatcher;
  let workers: Workers;
  let events: CutoverEvent[];
  /** What each worker was sent. */
  let sent: Map<number, string[]>;
  /** Bytes of each message. */
  let sizes: number[];
  let said: string[];
  let refuses: Error | undefined;
  let lastId: number;

  beforeEach(() => {
    clock = new FakeClock();
    events = [];
    sent = new Map();
    sizes = [];
    said = [];
    refuses = undefined;
    lastId = 0;
    dispatcher = new Dispatcher({ queue: 10, outstanding: 10, wait: 1000 }, () => clock.now());
    workers = new Workers(
      {
        send(routingId, packed) {
          if (refuses !== undefined) return Promise.reject(refuses);
          const n = routingId[4] ?? 0;
          sizes.push(packed.length);
          sent.set(n, [...(sent.get(n) ?? []), ...decodeFromFrontend(packed).map(inWords)]);
          return Promise.resolve();
        },
        said: (exchange, [kind]) => said.push(`${exchange.id}: ${kind}`),
        broken: ({ id }, cause) => said.push(`${id}: ${String(cause)}`),
      },
      { name: 'frontend 1', place, window: 500, heartbeat: 1000, silence: 5000 },
      dispatcher,
      { clock, report: event => events.push(event) },
    );
  });

  const comesOrGoes = (n: number) => workers.received([idOf(n), Buffer.alloc(0)]);
  const says = (n: number, ...batch: Envelope[]) => workers.received([idOf(n), encode(batch)]);
  const hello = (n: number) => says(n, [kinds.hello, `worker-${n}`, 100, '', '']);
  const told = (n: number) => sent.get(n) ?? [];
  const types = () => events.map(({ type }) => type);

  function ask(about: Parameters<typeof request>[0] = {}) {
    const asker = new FakeAsker();
    const exchange = new Exchange(exchangeId((lastId += 1)), request(about), asker);
    dispatcher.ask(exchange);
    return { exchange, asker };
  }

  /** Whether a request would find a worker. */
  function isReady(): boolean {
    const { exchange } = ask();
    dispatcher.cancel(exchange);
    return exchange.attempts > 0;
  }

  /** Time passes, and a frontend that is awake sweeps in it, as the last thing too. */
  async function sweeps(ms: number) {
    for (let left = ms; left > 0; left -= 250) {
      clock.advance(Math.min(left, 250));
      workers.sweep(clock.now());
    }
    await settled();
  }

  /** The same for one that stands still until then: timers come before what arrived meanwhile is read. */
  async function stalls(ms: number) {
    clock.advance(ms);
    workers.sweep(clock.now());
    await settled();
  }

  it('asks a newcomer who it is, welcomes it, and gives it work', async () => {
    comesOrGoes(1);
    await settled();
    expect(told(1)).to.deep.equal(['stranger']);
    expect(isReady()).to.equal(false);
    ask();
    hello(1);
    await settled();
    expect(told(1)).to.deep.equal(['stranger', 'welcome', 'request']);
    expect(events).to.deep.equal([
      { type: 'worker-joined', worker: '0000000001', name: 'worker-1', distance: 'near' },
    ]);
  });

  it('heeds where a worker says it is, and that it says nothing of it', () => {
    const places = [
      ['host-1', 'a'],
      ['host-2', 'a'],
      ['host-2', 'b'],
      ['', ''],
    ] as const;
    for (const [n, [host, zone]] of places.entries()) {
      says(n, [kinds.hello, `worker-${n}`, 100, host, zone]);
    }
    const distances = events.flatMap(event =>
      event.type === 'worker-joined' ? [event.distance] : [],
    );
    expect(distances).to.deep.equal(['here', 'near', 'far', 'near']);
  });

  it('asks who it is also when its coming was not announced', async () => {
    says(1, [kinds.beat]);
    await settled();
    says(1, [kinds.beat]);
    await settled();
    expect(told(1)).to.deep.equal(
      ['stranger'],
      'once: each is answered by a hello, and voids the last',
    );
    hello(1);
    expect(isReady()).to.equal(true);
  });

  it('hands on what a worker says of its own exchanges, and of no others', () => {
    hello(1);
    hello(2);
    const { exchange } = ask();
    const [owner, other] = says1(exchange) ? [1, 2] : [2, 1];
    says(other, answer(exchange.id));
    expect(said).to.deep.equal([]);
    says(owner, answer(exchange.id), answer(exchangeId(999)), [kinds.credit, exchange.id, 5]);
    expect(said.splice(0)).to.deep.equal([`1: ${kinds.answer}`, `1: ${kinds.credit}`]);
    says(other, [kinds.again, exchange.id]);
    says(owner, [kinds.again, exchange.id], [kinds.again, exchangeId(999)]);
    expect(said).to.deep.equal([`1: ${kinds.again}`]);
  });

  /** Whether worker 1 has it: asks by a failure that is handed on. */
  function says1(exchange: Exchange): boolean {
    says(1, [kinds.interim, exchange.id, 103, '', '']);
    return said.splice(0).length > 0;
  }

  it('ignores what it does not understand of somebody unknown', async () => {
    comesOrGoes(1);
    says(1, answer(exchangeId(1)), [kinds.goodbye]);
    await settled();
    expect(told(1)).to.deep.equal(['stranger']);
    expect(said).to.deep.equal([]);
  });

  it('tells a worker that says hello again that all it had is void', () => {
    comesOrGoes(1);
    hello(1);
    const unsafe = ask({ safeToRepeat: false });
    const safe = ask();
    hello(1);
    expect(unsafe.asker.heard).to.deep.equal(['ERR_WORKER_LOST']);
    expect(safe.asker.heard).to.deep.equal([]);
    expect(types()).to.deep.equal(['worker-joined', 'worker-lost', 'worker-joined']);
    expect(events[1]).to.deep.include({ because: 'it began anew', repeated: 1, failed: 1 });
    says(1, answer(safe.exchange.id));
    expect(said).to.have.length(1, 'the new one has what is safe to repeat');
  });

  it('refuses who says hello again and again: each welcome has the whole table behind it', () => {
    comesOrGoes(1);
    for (let n = 0; n < 1000; n++) hello(1);
    expect(types().filter(type => type === 'peer-refused')).to.have.lengthOf(1);
    expect(types().filter(type => type === 'worker-joined')).to.have.lengthOf.below(20);
    expect(types().at(-1)).to.equal('worker-lost');
    comesOrGoes(1); // goes, and comes anew
    comesOrGoes(1);
    hello(1);
    expect(types().at(-1)).to.equal('worker-joined');
  });

  it('says farewell to a worker that says goodbye, and lets it finish', async () => {
    hello(1);
    const { exchange } = ask();
    says(1, [kinds.goodbye]);
    await settled();
    expect(told(1)).to.deep.equal(['stranger', 'welcome', 'request', 'farewell']);
    expect(isReady()).to.equal(false);
    says(1, answer(exchange.id));
    expect(said).to.have.length(1);
    dispatcher.ended(exchange);
    comesOrGoes(1);
    expect(events.at(-1)).to.deep.equal({
      type: 'worker-left',
      worker: '0000000001',
      name: 'worker-1',
    });
  });

  it('loses a worker whose connection closes while it has something, draining or not', () => {
    hello(1);
    hello(2);
    const [first, second] = [ask({ safeToRepeat: false }), ask({ safeToRepeat: false })];
    says(1, [kinds.goodbye]);
    comesOrGoes(1);
    comesOrGoes(2);
    expect(types().slice(2)).to.deep.equal(['worker-lost', 'worker-lost']);
    expect([first, second].map(({ asker }) => asker.heard)).to.deep.equal(
      Array(2).fill(['ERR_WORKER_LOST']),
    );
    expect(dispatcher.inFlight).to.equal(0);
  });

  it('thinks nothing of somebody who comes and goes without a word', () => {
    comesOrGoes(1);
    comesOrGoes(1);
    expect(events).to.deep.equal([]);
  });

  it('shows that it is alive, to workers only', async () => {
    hello(1);
    comesOrGoes(2);
    await sweeps(999);
    expect([told(1).length, told(2).length]).to.deep.equal([2, 1]);
    await sweeps(1);
    await sweeps(1);
    expect([told(1).at(-1), told(1).length, told(2).length]).to.deep.equal(['beat', 3, 1]);
  });

  it('loses a worker that is silent for too long, and takes it back as a stranger', async () => {
    hello(1);
    const { asker } = ask({ safeToRepeat: false });
    await sweeps(3000);
    says(1, [kinds.beat]);
    await sweeps(5000);
    expect(asker.heard).to.deep.equal([]);
    await sweeps(1);
    expect(asker.heard).to.deep.equal(['ERR_WORKER_LOST']);
    expect(events.at(-1)).to.deep.include({ type: 'worker-lost', because: 'it was silent' });
    await sweeps(10_000);
    says(1, [kinds.beat]);
    await settled();
    expect(told(1).at(-1)).to.equal('stranger');
    hello(1);
    expect(isReady()).to.equal(true);
  });

  describe('once it was itself that stood still', () => {
    /** Each time the one who has a request leaves, until none of the three is left. */
    async function allLeave() {
      const here = new Set([1, 2, 3]);
      while (here.size > 0) {
        await settled();
        const owner = [...here].find(n => told(n).includes('request'))!;
        here.delete(owner);
        comesOrGoes(owner);
      }
    }

    it('gives workers another silence in which they are heard', async () => {
      hello(1);
      hello(2);
      const { asker } = ask({ safeToRepeat: false });
      await sweeps(900);
      await stalls(6000);
      expect(types()).to.deep.equal(['worker-joined', 'worker-joined']);
      says(1, [kinds.beat]); // had come long before, and waited to be read
      says(2, [kinds.beat]);
      await sweeps(5000);
      expect(types()).to.deep.equal(['worker-joined', 'worker-joined']);
      expect(asker.heard).to.deep.equal([]);
    });

    it('gives up who is not heard in it, and says so no later', async () => {
      hello(1);
      hello(2);
      await stalls(6000);
      await sweeps(2500);
      says(2, [kinds.beat]);
      await sweeps(2500);
      expect(types()).to.deep.equal(['worker-joined', 'worker-joined']);
      await sweeps(1);
      expect(events.slice(2)).to.deep.equal([
        {
          type: 'worker-lost',
          worker: '0000000001',
          name: 'worker-1',
          because: 'it was silent',
          repeated: 0,
          failed: 0,
        },
      ]);
    });

    for (const first of ['what it reads then', 'its sweep'] as const) {
      it(`holds it against no request that all have left it, with ${first} first`, async () => {
        for (const n of [1, 2, 3]) hello(n);
        const { asker } = ask();
        if (first === 'its sweep') await stalls(6000);
        else clock.advance(6000);
        await allLeave();
        expect(asker.heard).to.deep.equal([]);
        hello(4);
        await settled();
        expect(told(4)).to.deep.equal(['stranger', 'welcome', 'request']);
      });
    }

    it('holds it against a request that three leave who have it later', async () => {
      for (const n of [1, 2, 3]) hello(n);
      await stalls(6000);
      for (let ms = 0; ms < 5000; ms += 1000) {
        await sweeps(1000);
        for (const n of [1, 2, 3]) says(n, [kinds.beat]);
      }
      const { asker } = ask();
      await allLeave();
      expect(asker.heard).to.have.lengthOf(1);
    });

    it('does so from half a silence on: the other half may lie before', async () => {
      hello(1);
      await sweeps(2500);
      await stalls(2500);
      await sweeps(1000);
      expect(types()).to.deep.equal(['worker-joined']);
    });

    it('is as strict as ever after less', async () => {
      hello(1);
      await sweeps(2501);
      await stalls(2499);
      expect(types()).to.deep.equal(['worker-joined']);
      await sweeps(1);
      expect(types()).to.deep.equal(['worker-joined', 'worker-lost']);
    });
  });

  it('refuses another version: reported once, answered once', async () => {
    const theirs = Buffer.from(new Packr().pack([WIRE_VERSION + 1, []]));
    comesOrGoes(1);
    for (let n = 0; n < 3; n++) workers.received([idOf(1), theirs]);
    hello(1);
    await settled();
    expect(told(1)).to.deep.equal(['stranger', 'stranger']);
    expect(types()).to.deep.equal(['peer-refused']);
    expect(events[0])
      .to.have.property('because')
      .that.includes(`version ${WIRE_VERSION + 1}`)
      .and.includes(`speak ${WIRE_VERSION}`);
    comesOrGoes(1);
    comesOrGoes(1);
    hello(1);
    expect(isReady()).to.equal(true, 'once it comes back in our version');
  });

  it('refuses nonsense, and what the sender had is lost', () => {
    hello(1);
    const { asker } = ask({ safeToRepeat: false });
    workers.received([idOf(1), Buffer.from('nonsense')]);
    expect(types()).to.deep.equal(['worker-joined', 'peer-refused', 'worker-lost']);
    expect(asker.heard).to.deep.equal(['ERR_WORKER_LOST']);
  });

  it('waits until it is told that a worker has gone, when nothing can be sent to it', async () => {
    hello(1);
    await settled();
    refuses = refusal('EHOSTUNREACH');
    const { asker } = ask({ safeToRepeat: false });
    await settled();
    expect(types()).to.deep.equal(['worker-joined'], 'what it said last may still be on its way');
    comesOrGoes(1);
    expect(asker.heard).to.deep.equal(['ERR_WORKER_LOST']);
  });

  it('reports what libzmq never says', async () => {
    refuses = refusal('EINVAL');
    hello(1);
    await settled();
    expect(types()).to.deep.equal(['worker-joined', 'fault']);
  });

  it('ignores that nothing can be sent to somebody who has gone', async () => {
    refuses = refusal('EHOSTUNREACH');
    comesOrGoes(1);
    comesOrGoes(1);
    await settled();
    expect(events).to.deep.equal([]);
  });

  it('passes on that a body cannot be read again', async () => {
    hello(1);
    const read = () => Promise.reject(new Error('EIO'));
    ask({ body: { ...bodyOnDisk(Buffer.from('abc')), read } });
    await settled();
    expect(said).to.deep.equal(['1: Error: EIO']);
  });

  describe('with a table of control', () => {
    const table = (text: string | Buffer) => workers.keep(Buffer.from(text as string));

    it('gives the last one to a worker behind its welcome, before any request', async () => {
      table('first');
      table('second');
      ask();
      comesOrGoes(1);
      await settled();
      expect(told(1)).to.deep.equal(['stranger'], 'whoever it is');
      hello(1);
      await settled();
      expect(told(1)).to.deep.equal(['stranger', 'welcome', 'table second', 'request']);
    });

    it('gives it once more to a worker that begins anew: it may have lost it', async () => {
      table('first');
      hello(1);
      hello(1);
      await settled();
      expect(told(1)).to.deep.equal([
        'stranger',
        'welcome',
        'table first',
        'welcome',
        'table first',
      ]);
    });

    it('gives a newer one to all workers, also to one that drains, and to no strangers', async () => {
      hello(1);
      hello(2);
      comesOrGoes(3);
      says(2, [kinds.goodbye]);
      await settled();
      sent.clear();
      table('first');
      await settled();
      table('second');
      await settled();
      expect([told(1), told(2), told(3)]).to.deep.equal([
        ['table first', 'table second'],
        ['table first', 'table second'],
        [],
      ]);
    });

    // A worker cuts off whoever sends more than a message may have.
    it('keeps the last when one comes that is too large for the device', async () => {
      const most = MOST_MESSAGE_BYTES - 512 * 1024;
      hello(1);
      table('first');
      table(Buffer.alloc(most + 1));
      hello(2);
      await settled();
      expect(told(1)).to.deep.equal(['stranger', 'welcome', 'table first']);
      expect(told(2)).to.deep.equal(['stranger', 'welcome', 'table first']);
      expect(events).to.deep.include({
        type: 'announcement-refused',
        because: `a routing table of ${most + 1} bytes is too large for the device`,
      });
    });

    it('gives one that is just not too large, whatever travels with it', async () => {
      const most = MOST_MESSAGE_BYTES - 512 * 1024;
      hello(1);
      // As much as gathers before a message is closed (256 KiB), but for its last envelope.
      for (let n = 0; n < 3; n++) ask({ body: bodyInMemory(Buffer.alloc(65_536)) });
      table(Buffer.alloc(most));
      await settled();
      expect(told(1).at(-1)).to.equal(`table … (${most})`);
      expect(Math.max(...sizes)).to.be.within(most + 3 * 65_536, MOST_MESSAGE_BYTES);
      expect(types()).to.deep.equal(['worker-joined']);
    });
  });

  it('takes leave of its workers at once, behind what has gathered', () => {
    comesOrGoes(1);
    comesOrGoes(2);
    hello(1);
    expect([told(1), told(2)]).to.deep.equal([[], []]);
    workers.leave();
    expect(told(1)).to.deep.equal(['stranger', 'welcome', 'farewell']);
    expect(told(2)).to.deep.equal(['stranger']);
  });

  it('passes on faults of our own', () => {
    hello(1);
    const { exchange } = ask();
    const broken = new Workers(
      {
        send: () => Promise.resolve(),
        said: () => {
          throw new Error('ours');
        },
        broken: () => undefined,
      },
      { name: '', window: 1, heartbeat: 1, silence: 1 },
      dispatcher,
      { clock, report: () => undefined },
    );
    broken.received([idOf(3), encode([[kinds.hello, 'third', 1, '', '']])]);
    const own = new Exchange(exchangeId(55), request(), new FakeAsker());
    says(1, [kinds.goodbye]);
    dispatcher.ask(own);
    expect(() => broken.received([idOf(3), encode([answer(own.id)])])).to.throw('ours');
    expect(exchange.attempts).to.equal(1);
  });
});
