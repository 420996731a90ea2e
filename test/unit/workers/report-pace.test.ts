import { expect } from 'chai';
import { REPORT, reportEvery } from '../../../src/wire/report.js';
import { ReportPace } from '../../../workers/observation/report-pace.js';

/** Reports in a second. */
function reportsIn(every: number): number {
  const pace = new ReportPace();
  const turns = Array.from({ length: 1000 / REPORT }, (_, turn) => turn * REPORT);
  return turns.filter(now => pace.isDue(now, every)).length;
}

describe('the pace of reports', () => {
  it('is every turn as usual, and fewer where control wants fewer', () => {
    expect([REPORT, 60, 80, 125, 1000].map(reportsIn)).to.deep.equal([25, 25, 13, 9, 1]);
  });

  it('takes turns that are late or early as they come', () => {
    const pace = new ReportPace();
    expect([0, 39, 81, 119].map(now => pace.isDue(now, REPORT))).to.deep.equal(Array(4).fill(true));
  });

  it('slows down where all workers together would say too much, and never to less than one a second', () => {
    expect([0, 1, 320, 321, 1000, 4096, 100_000].map(each => reportEvery(each))).to.deep.equal([
      40, 40, 40, 41, 125, 512, 1000,
    ]);
  });
});
