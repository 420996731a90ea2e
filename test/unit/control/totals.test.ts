import { expect } from 'chai';
import { nothingCounted, Totals } from '../../../src/control/totals.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { Observation } from '../../../src/wire/observation.js';
import type { WorkerReport } from '../../../src/wire/report.js';
import { failing, ok, tallyOf } from '../verdict/seen.js';
import { durationsOf, frontendMeasures, versionMeasures, workerMeasures } from './measured.js';

const v1 = versionId('v1');
const v2 = versionId('v2');
const everything = () => true;
const nothing = () => false;

const reportOf = (version: typeof v1, ...seen: readonly Observation[]): WorkerReport => ({
  sequence: 1,
  versions: [{ version, counted: 0, tally: tallyOf(...seen), examples: [], sessions: [] }],
});
const different: Observation = { ...ok, outcome: 'different' };
const rescue: Observation = { ...ok, attempt: 2 };

describe('Totals', () => {
  let totals: Totals;
  beforeEach(() => (totals = new Totals()));

  it('counts nothing where nothing was seen', () => {
    expect(totals.of(v1)).to.deep.equal(nothingCounted());
  });

  it('tells first attempts by what became of them, and the others as rescues', () => {
    totals.reported(reportOf(v1, ok, ok, ok, failing, failing, different, rescue), everything);
    expect(totals.of(v1)).to.deep.equal({
      ...nothingCounted(),
      exchanges: { ok: 3, failed: 2, different: 1 },
      rescues: 1,
    });
  });

  it('adds up what comes, for each version on its own', () => {
    totals.reported(reportOf(v1, ok, rescue), everything);
    totals.reported(reportOf(v2, failing), everything);
    totals.reported(reportOf(v1, ok, different), everything);
    expect(totals.of(v1)).to.deep.equal({
      ...nothingCounted(),
      exchanges: { ok: 2, failed: 0, different: 1 },
      rescues: 1,
    });
    expect(totals.of(v2).exchanges).to.deep.equal({ ok: 0, failed: 1, different: 0 });
  });

  it('counts every version of one report', () => {
    const { versions } = reportOf(v2, failing);
    totals.reported(
      { sequence: 1, versions: [...reportOf(v1, ok).versions, ...versions] },
      everything,
    );
    expect([totals.of(v1).exchanges.ok, totals.of(v2).exchanges.failed]).to.deep.equal([1, 1]);
  });

  it('remembers no version that nobody knows', () => {
    totals.reported(reportOf(v1, ok), nothing);
    expect(totals.of(v1)).to.deep.equal(nothingCounted());
  });

  it('keeps those that are still there, and forgets the others', () => {
    totals.reported(reportOf(v1, ok), everything);
    totals.reported(reportOf(v2, ok), everything);
    totals.keep(id => id === v2);
    expect([totals.of(v1).exchanges.ok, totals.of(v2).exchanges.ok]).to.deep.equal([0, 1]);
  });

  it('changes nothing that was told before', () => {
    totals.reported(reportOf(v1, ok), everything);
    const told = totals.of(v1);
    totals.reported(reportOf(v1, ok), everything);
    expect(told.exchanges.ok).to.equal(1);
  });

  const counted = (count: number) =>
    versionMeasures(v1, {
      requests: [
        { strategy: 'NONE', end: 'answered', status: '2xx', count },
        { strategy: 'NONE', end: 'answered', status: '4xx', count: 1 },
      ],
      durations: durationsOf(0.002, 0.3),
      attempts: { ok: count, failed: 1, different: 2 },
      failures: count > 1 ? { '5xx': 1 } : { ERR_SERVER_RESET: 1 },
      comparisons: { agree: 1, differ: 2, unknown: 3 },
      ejections: 1,
      cookies: 5,
    });

  it('adds up what workers measured, whichever it was, beside what they reported', () => {
    totals.reported(reportOf(v1, ok), everything);
    totals.measured(workerMeasures({ versions: [counted(3)] }), everything);
    totals.measured(workerMeasures({ versions: [counted(1)] }), everything);
    const { durations, ...rest } = totals.of(v1);
    expect(rest).to.deep.equal({
      exchanges: { ok: 1, failed: 0, different: 0 },
      rescues: 0,
      requests: [
        { strategy: 'NONE', end: 'answered', status: '2xx', count: 4 },
        { strategy: 'NONE', end: 'answered', status: '4xx', count: 2 },
      ],
      attempts: { ok: 4, failed: 2, different: 4 },
      failures: { '5xx': 1, ERR_SERVER_RESET: 1 },
      heads: durationsOf(),
      comparisons: { agree: 2, differ: 4, unknown: 6 },
      ejections: 2,
      cookies: 10,
    });
    expect(durations.counts).to.deep.equal(durationsOf(0.002, 0.3, 0.002, 0.3).counts);
    expect(durations.sum).to.be.closeTo(0.604, 1e-9);
  });

  it('adds up what frontends measured', () => {
    const work = frontendMeasures({
      requests: [{ end: 'cancelled', status: 'none', count: 2 }],
      waits: durationsOf(1),
      accepted: 3,
      refusals: { ERR_QUEUE_FULL: 1 },
      lost: { workers: 1, repeated: 2, failed: 3 },
    });
    totals.measured(work, nothing);
    totals.measured({ ...work, refusals: { ERR_SPOOL: 4 } }, nothing);
    expect(totals.clients).to.deep.equal({
      requests: [{ end: 'cancelled', status: 'none', count: 4 }],
      durations: durationsOf(),
      waits: durationsOf(1, 1),
      accepted: 6,
      refusals: { ERR_QUEUE_FULL: 1, ERR_SPOOL: 4 },
      lost: { workers: 2, repeated: 4, failed: 6 },
    });
  });

  it('remembers nothing that was measured of a version that nobody knows', () => {
    totals.measured(workerMeasures({ versions: [counted(3)] }), nothing);
    expect(totals.of(v1)).to.deep.equal(nothingCounted());
  });
});
