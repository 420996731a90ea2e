import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { timesIn } from '../../../src/measures/durations.js';
import { Counts, type Served } from '../../../workers/observation/counts.js';
import { versionMeasures } from '../control/measured.js';
import { failing, ok } from '../verdict/seen.js';

const v = versionId('v');
const served: Served = { version: v, end: 'answered', status: 200, ms: 40 };

describe('what a worker counts', () => {
  let counts: Counts;
  beforeEach(() => (counts = new Counts()));

  it('is nothing at first, and nothing again once it was taken', () => {
    expect(counts.take()).to.deep.equal([]);
    counts.request(served, 'NONE');
    expect(counts.take()).to.have.length(1);
    expect(counts.take()).to.deep.equal([]);
  });

  it('are requests, by strategy, what became of them and the class of their status', () => {
    counts.request(served, 'NONE');
    counts.request(served, 'CONCURRENT');
    counts.request({ ...served, end: 'rescued' }, 'CONCURRENT');
    counts.request({ ...served, end: 'rescued' }, 'CONCURRENT');
    counts.request({ ...served, end: 'cancelled', status: undefined }, 'GRADUAL');
    expect(counts.take()[0]?.requests).to.deep.equal([
      { strategy: 'NONE', end: 'answered', status: '2xx', count: 1 },
      { strategy: 'GRADUAL', end: 'cancelled', status: 'none', count: 1 },
      { strategy: 'CONCURRENT', end: 'answered', status: '2xx', count: 1 },
      { strategy: 'CONCURRENT', end: 'rescued', status: '2xx', count: 2 },
    ]);
  });

  it('times those that were answered, and no tunnels', () => {
    counts.request(served, 'NONE');
    counts.request({ ...served, end: 'rescued' }, 'NONE');
    counts.request({ ...served, status: 101, ms: 3_600_000 }, 'NONE');
    counts.request({ ...served, end: 'failed', ms: 30_000 }, 'NONE');
    const [{ durations } = versionMeasures(v)] = counts.take();
    expect([timesIn(durations), durations.sum]).to.deep.equal([2, 0.08]);
  });

  it('are attempts, with the delay of what did not fail, and why the others did', () => {
    counts.attempt(ok);
    counts.attempt({ ...ok, outcome: 'different' });
    counts.attempt(failing);
    counts.attempt({ ...failing, code: 'ERR_SERVER_RESET', status: undefined });
    const [told] = counts.take();
    expect(told?.attempts).to.deep.equal({ ok: 1, failed: 2, different: 1 });
    expect(told?.failures).to.deep.equal({ '5xx': 1, ERR_SERVER_RESET: 1 });
    expect([timesIn(told!.heads), told?.heads.sum]).to.deep.equal([2, 0.02]);
  });

  it('are comparisons, ejections and cookies, of each version on its own', () => {
    counts.compared(v, 'differ');
    counts.ejected(v);
    counts.cookieSet(versionId('other'));
    expect(counts.take()).to.deep.equal([
      versionMeasures(v, { comparisons: { agree: 0, differ: 1, unknown: 0 }, ejections: 1 }),
      versionMeasures('other', { cookies: 1 }),
    ]);
  });

  it('are bounded: of 64 versions between two tellings', () => {
    for (let n = 0; n < 70; n++) counts.request({ ...served, version: versionId(`v${n}`) }, 'NONE');
    counts.attempt({ ...ok, version: versionId('v69') });
    expect(counts.take()).to.have.length(64);
    counts.request({ ...served, version: versionId('v69') }, 'NONE');
    expect(counts.take()).to.have.length(1);
  });
});
