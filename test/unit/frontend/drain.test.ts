import { expect } from 'chai';
import { drained } from '../../../src/frontend/drain.js';
import { FakeClock } from '../support-clock.js';
import { settled } from './stand.js';

const PATIENCE = { requests: 10_000, tunnels: 20_000 };

describe('A frontend drains', () => {
  let clock: FakeClock;
  /** What was done to its clients, and when. */
  let done: string[];
  let clients: { size: number; busy: number; tunnels: number };
  let lastConnect: number;
  let endedAt: number | undefined;
  beforeEach(() => {
    clock = new FakeClock();
    done = [];
    clients = { size: 0, busy: 0, tunnels: 0 };
    lastConnect = -Infinity;
    endedAt = undefined;
  });

  const note = (what: string) => {
    const text = `${what} at ${clock.now()}`;
    if (!done.includes(text)) done.push(text);
  };
  function begin({
    sealed,
    patience = PATIENCE,
  }: { sealed?: boolean; patience?: typeof PATIENCE } = {}) {
    const fake = {
      get size() {
        return clients.size;
      },
      get busy() {
        return clients.busy;
      },
      get tunnels() {
        return clients.tunnels;
      },
      drain: () => note('drain'),
      giveUp(what: 'tunnels' | 'requests', cameBy: number) {
        if (what === 'tunnels' && clients.tunnels > 0) {
          note('cut tunnels');
          clients.busy -= clients.tunnels;
          clients.tunnels = 0;
        }
        if (what === 'requests' && clients.busy > clients.tunnels) {
          note(`cut requests of ${Math.round(cameBy)}`);
        }
      },
    };
    const takeNoMore = () => {
      note('takes no more');
      return Promise.resolve(sealed === true);
    };
    void drained({
      clients: [fake],
      clock,
      patience,
      lastConnect: () => lastConnect,
      takeNoMore: sealed === undefined ? undefined : takeNoMore,
    }).then(() => (endedAt = clock.now()));
  }
  async function passes(ms: number, meanwhile: () => void = () => undefined) {
    for (const until = clock.now() + ms; clock.now() < until && endedAt === undefined;) {
      await settled();
      clock.advance(20);
      meanwhile();
      await settled();
    }
  }

  it('at once where nobody is there', async () => {
    begin();
    await passes(100);
    expect([done, endedAt]).to.deep.equal([['drain at 0'], 0]);
  });

  it('and closes who waits for nothing only after a second in which they may ask', async () => {
    clients.size = 1;
    begin();
    await passes(2000);
    expect([done, endedAt]).to.deep.equal([['drain at 1000'], 1000]);
  });

  it('until nobody waits for anything', async () => {
    clients = { size: 1, busy: 1, tunnels: 0 };
    begin();
    await passes(5000);
    expect(endedAt).to.equal(undefined);
    clients.busy = 0;
    await passes(100);
    expect([done, endedAt]).to.deep.equal([['drain at 1000'], 5020]);
  });

  it('until its deadline, if nobody else takes who comes: not a moment less', async () => {
    clients = { size: 1, busy: 1, tunnels: 0 };
    begin();
    await passes(20_000);
    expect(endedAt).to.equal(10_000);
    expect(done).to.deep.equal([
      'drain at 1000',
      'cut requests of 0 at 10000',
      'cut requests of Infinity at 10000',
    ]);
  });

  it('until its deadline, if it cannot stop taking who comes', async () => {
    clients = { size: 1, busy: 1, tunnels: 0 };
    begin({ sealed: false });
    await passes(20_000);
    expect(endedAt).to.equal(10_000);
    expect(done.slice(0, 2)).to.deep.equal(['drain at 1000', 'takes no more at 8000']);
  });

  it('and takes no more for its last two seconds, in which those are served who were taken last', async () => {
    clients = { size: 3, busy: 3, tunnels: 0 };
    begin({ sealed: true });
    await passes(8500);
    clients.busy = 0;
    await passes(100);
    expect([done, endedAt]).to.deep.equal([['drain at 1000', 'takes no more at 8000'], 8520]);
  });

  it('and takes no more before it ends, and waits for those who are announced late', async () => {
    clients = { size: 0, busy: 0, tunnels: 0 };
    lastConnect = 0;
    begin({ sealed: true });
    await passes(40, () => (lastConnect = clock.now()));
    expect(endedAt).to.equal(undefined);
    await passes(200);
    expect([done, endedAt]).to.deep.equal([['drain at 0', 'takes no more at 0'], 100]);
  });

  it('for no longer than requests have where no tunnel is open, whatever tunnels would have', async () => {
    clients = { size: 3, busy: 3, tunnels: 0 };
    begin({ sealed: true, patience: { requests: 2000, tunnels: 30_000 } });
    await passes(40_000);
    expect(endedAt).to.equal(2000);
    expect(done.slice(0, 2)).to.deep.equal(['drain at 1000', 'takes no more at 1000']);
  });

  it('and lets tunnels stay open behind the deadline of requests; who comes meanwhile has as long', async () => {
    clients = { size: 2, busy: 2, tunnels: 1 };
    begin({ sealed: true });
    await passes(10_000);
    expect(done).to.deep.equal(['drain at 1000', 'cut requests of 0 at 10000']);
    await passes(100);
    expect(done.at(-1)).to.equal('cut requests of 100 at 10100');
    clients.busy = 1;
    await passes(20_000);
    expect(done.slice(-2)).to.deep.equal(['takes no more at 18000', 'cut tunnels at 20000']);
    expect(endedAt).to.equal(20_000);
  });

  it('and ends as soon as the last tunnel has, if requests have had their time', async () => {
    clients = { size: 1, busy: 1, tunnels: 1 };
    begin({ sealed: true });
    await passes(12_000);
    clients = { size: 0, busy: 0, tunnels: 0 };
    await passes(200);
    expect([done, endedAt]).to.deep.equal([['drain at 1000', 'takes no more at 12020'], 12_080]);
  });

  it('and cuts tunnels before requests where they have less time', async () => {
    clients = { size: 2, busy: 2, tunnels: 1 };
    begin({ patience: { requests: 10_000, tunnels: 3000 } });
    await passes(3100);
    expect(done).to.deep.equal(['drain at 1000', 'cut tunnels at 3000']);
    clients.busy = 0;
    await passes(100);
    expect(endedAt).to.equal(3120);
  });
});
