import { expect } from 'chai';
import { together } from '../../../src/measures/together.js';
import {
  durationsOf,
  frontendMeasures,
  measures,
  versionMeasures,
  workerMeasures,
} from '../control/measured.js';

describe('measures of two periods', () => {
  const row = (count: number) => ({ end: 'answered', status: '2xx', count }) as const;

  it('of a frontend are what is now, and all that was counted', () => {
    const earlier = frontendMeasures({
      inFlight: 9,
      requests: [row(2), { end: 'failed', status: '5xx', count: 1 }],
      accepted: 3,
      refusals: { ERR_SPOOL: 1 },
      durations: durationsOf(0.5),
      lost: { workers: 1, repeated: 2, failed: 0 },
    });
    const later = frontendMeasures({ inFlight: 1, requests: [row(5)], accepted: 4 });
    const both = together(measures(earlier, { period: 1000 }), measures(later, { period: 500 }));
    expect(both.process.period).to.equal(1500);
    expect(both.work).to.deep.equal(
      frontendMeasures({
        inFlight: 1,
        requests: [row(7), { end: 'failed', status: '5xx', count: 1 }],
        accepted: 7,
        refusals: { ERR_SPOOL: 1 },
        durations: durationsOf(0.5),
        lost: { workers: 1, repeated: 2, failed: 0 },
      }),
    );
  });

  it('of a worker are added up for each version, for no more than a message may hold', () => {
    const version = (id: string, cookies: number) => versionMeasures(id, { cookies });
    const earlier = workerMeasures({ ejected: 1, versions: [version('a', 1), version('b', 2)] });
    const later = workerMeasures({ versions: [version('b', 3), version('c', 4)] });
    const both = together(measures(earlier), measures(later));
    expect(both.work).to.deep.equal(
      workerMeasures({ versions: [version('b', 5), version('c', 4), version('a', 1)] }),
    );
    const many = Array.from({ length: 64 }, (_, n) => version(`v${n}`, 1));
    const most = together(measures(earlier), measures(workerMeasures({ versions: many })));
    expect(most.work.role === 'worker' && most.work.versions).to.deep.equal(many);
  });
});
