import { expect } from 'chai';
import { Recent } from '../../../src/control/recent.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { WorkerReport } from '../../../src/wire/report.js';
import { failing, many, ok } from '../verdict/seen.js';
import { versionMeasures, workerMeasures } from './measured.js';

const [older, newer] = [versionId('older'), versionId('newer')];
const isKnown = () => true;

const reportOf = (version = newer, tally = many(1, ok)): WorkerReport => ({
  sequence: 1,
  versions: [{ version, counted: 0, tally, examples: [], sessions: [] }],
});

const answered = (version = newer, count = 1) =>
  workerMeasures({
    versions: [
      versionMeasures(version, {
        requests: [
          { strategy: 'GRADUAL', end: 'answered', status: '2xx', count },
          { strategy: 'GRADUAL', end: 'failed', status: 'none', count: 1000 },
        ],
      }),
    ],
  });

describe('what versions did in the last ten seconds', () => {
  it('is nothing at first', () => {
    expect(new Recent().of(newer, 0)).to.deep.equal({
      requests: 0,
      failures: 0,
      rescues: 0,
      delay: undefined,
    });
  });

  it('is told each second: of ten, once there were so many', () => {
    const recent = new Recent();
    for (let now = 0; now < 30_000; now += 100) {
      recent.reported(reportOf(newer, { ...many(3, ok), repeats: 2 }), isKnown, now);
      recent.reported(reportOf(newer, many(1, failing)), isKnown, now);
    }
    for (const now of [29_000, 29_500, 29_999]) {
      const { requests, failures, rescues } = recent.of(newer, now);
      expect(requests).to.be.within(40, 45);
      expect(failures).to.equal(requests / 4);
      expect(rescues).to.equal(requests / 2);
    }
    expect(recent.of(newer, 29_999).requests).to.be.closeTo(40, 0.1);
  });

  it('is told of the seconds that there were, at the beginning: of one at least', () => {
    const recent = new Recent();
    recent.reported(reportOf(newer, many(8, ok)), isKnown, 5000);
    expect(recent.of(newer, 5100).requests).to.equal(8);
    expect(recent.of(newer, 9000).requests).to.equal(2);
  });

  it('is over after ten seconds', () => {
    const recent = new Recent();
    recent.reported(reportOf(newer, many(8, ok)), isKnown, 5999);
    expect(recent.of(newer, 14_999).requests).to.be.above(0);
    expect(recent.of(newer, 15_000)).to.deep.equal(new Recent().of(newer, 0));
  });

  it('is kept apart for each version, and not at all for one that nobody knows', () => {
    const recent = new Recent();
    recent.reported(reportOf(newer, many(5, ok)), id => id === older, 0);
    recent.measured(answered(newer, 5), id => id === older, 0);
    recent.reported(reportOf(older, many(7, ok)), isKnown, 0);
    expect(recent.of(newer, 0)).to.include({ requests: 0 }).and.not.to.have.property('share');
    expect(recent.of(older, 0).requests).to.equal(7);
  });

  it('has the share of requests that it answered, whoever was asked for them', () => {
    const recent = new Recent();
    recent.measured(answered(newer, 30), isKnown, 0);
    recent.measured(answered(older, 90), isKnown, 1000);
    expect(recent.of(newer, 1000).share).to.equal(25);
    expect(recent.of(older, 1000).share).to.equal(75);
    expect(recent.of(older, 20_000)).not.to.have.property('share');
  });

  it('has the delays of what did not fail', () => {
    const recent = new Recent();
    recent.reported(reportOf(newer, many(99, ok)), isKnown, 0);
    const { delay } = recent.of(newer, 500);
    expect(delay?.p50).to.be.closeTo(10, 1);
    expect(delay?.p99).to.be.closeTo(10, 1);
  });
});
