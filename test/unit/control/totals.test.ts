import { expect } from 'chai';
import { nothingCounted, Totals } from '../../../src/control/totals.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { Observation } from '../../../src/wire/observation.js';
import type { WorkerReport } from '../../../src/wire/report.js';
import { failing, ok, tallyOf } from '../verdict/seen.js';

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
    expect(totals.of(v1)).to.equal(nothingCounted);
  });

  it('tells first attempts by what became of them, and the others as rescues', () => {
    totals.add(reportOf(v1, ok, ok, ok, failing, failing, different, rescue), everything);
    expect(totals.of(v1)).to.deep.equal({
      exchanges: { ok: 3, failed: 2, different: 1 },
      rescues: 1,
    });
  });

  it('adds up what comes, for each version on its own', () => {
    totals.add(reportOf(v1, ok, rescue), everything);
    totals.add(reportOf(v2, failing), everything);
    totals.add(reportOf(v1, ok, different), everything);
    expect(totals.of(v1)).to.deep.equal({
      exchanges: { ok: 2, failed: 0, different: 1 },
      rescues: 1,
    });
    expect(totals.of(v2).exchanges).to.deep.equal({ ok: 0, failed: 1, different: 0 });
  });

  it('counts every version of one report', () => {
    const { versions } = reportOf(v2, failing);
    totals.add({ sequence: 1, versions: [...reportOf(v1, ok).versions, ...versions] }, everything);
    expect([totals.of(v1).exchanges.ok, totals.of(v2).exchanges.failed]).to.deep.equal([1, 1]);
  });

  it('remembers no version that nobody knows', () => {
    totals.add(reportOf(v1, ok), nothing);
    expect(totals.of(v1)).to.equal(nothingCounted);
  });

  it('keeps those that are still there, and forgets the others', () => {
    totals.add(reportOf(v1, ok), everything);
    totals.add(reportOf(v2, ok), everything);
    totals.keep(id => id === v2);
    expect([totals.of(v1).exchanges.ok, totals.of(v2).exchanges.ok]).to.deep.equal([0, 1]);
  });

  it('changes nothing that was told before', () => {
    totals.add(reportOf(v1, ok), everything);
    const told = totals.of(v1);
    totals.add(reportOf(v1, ok), everything);
    expect(told.exchanges.ok).to.equal(1);
  });
});
