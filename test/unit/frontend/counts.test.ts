import { expect } from 'chai';
import { Counts, type FrontendNow } from '../../../src/frontend/counts.js';
import { timesIn } from '../../../src/measures/durations.js';
import { frontendMeasures } from '../control/measured.js';

const now: FrontendNow = { inFlight: 0, queued: 0, connections: 0, workers: [] };

describe('what a frontend counts', () => {
  let counts: Counts;
  beforeEach(() => (counts = new Counts()));

  it('is nothing at first, and nothing again once it was taken', () => {
    expect(counts.take(now)).to.deep.equal(frontendMeasures());
    counts.request('answered', 200, 5);
    counts.refused('ERR_SPOOL');
    counts.accepted();
    counts.waited(1);
    counts.take(now);
    expect(counts.take(now)).to.deep.equal(frontendMeasures());
  });

  it('are requests, by what became of them and the class of their status', () => {
    counts.request('answered', 200, 5);
    counts.request('answered', 204, 5);
    counts.request('answered', 404, 5);
    counts.request('failed', 503, 5);
    counts.request('cut', 200, 5);
    counts.request('cancelled', undefined, 5);
    expect(counts.take(now).requests).to.deep.equal([
      { end: 'answered', status: '2xx', count: 2 },
      { end: 'answered', status: '4xx', count: 1 },
      { end: 'failed', status: '5xx', count: 1 },
      { end: 'cut', status: '2xx', count: 1 },
      { end: 'cancelled', status: 'none', count: 1 },
    ]);
  });

  it('times those that were answered, and no tunnels', () => {
    counts.request('answered', 200, 40);
    counts.request('answered', 101, 3_600_000);
    counts.request('failed', 504, 30_000);
    counts.request('cancelled', 200, 9000);
    const { durations } = counts.take(now);
    expect([timesIn(durations), durations.sum]).to.deep.equal([1, 0.04]);
  });

  it('takes from events what was refused, and who was lost', () => {
    const lost = { type: 'worker-lost', worker: 'a', name: 'w', because: 'gone' } as const;
    counts.happened({ type: 'request-refused', code: 'ERR_QUEUE_FULL', because: 'full' });
    counts.happened({ type: 'request-refused', code: 'ERR_QUEUE_FULL', because: 'full' });
    counts.happened({ ...lost, repeated: 3, failed: 1 });
    counts.happened({ ...lost, repeated: 0, failed: 2 });
    counts.happened({ type: 'frontend-stopped' });
    const { refusals, lost: losses } = counts.take(now);
    expect(refusals).to.deep.equal({ ERR_QUEUE_FULL: 2 });
    expect(losses).to.deep.equal({ workers: 2, repeated: 3, failed: 3 });
  });

  it('tells what is now beside it, of 64 workers at most', () => {
    const workers = Array.from({ length: 70 }, (_, n) => ({
      name: `worker-${n}`,
      outstanding: n,
      draining: n === 1,
    }));
    const told = counts.take({ inFlight: 5, queued: 2, connections: 9, workers });
    expect(told).to.include({ inFlight: 5, queued: 2, connections: 9 });
    expect(told.workers).to.have.length(64);
    expect(told.workers[1]).to.deep.equal({ name: 'worker-1', outstanding: 1, isDraining: true });
  });
});
