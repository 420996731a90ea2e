import { expect } from 'chai';
import fc from 'fast-check';
import type { UpgradeTransition } from '../../../src/config/cluster.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { NonEmpty } from '../../../src/kernel/non-empty.js';
import type { RoutingTable } from '../../../src/versions/routing-table.js';
import type { Version } from '../../../src/versions/version.js';
import type { VersionState } from '../../../src/versions/version-state.js';
import type { Progress } from '../../../src/wire/report.js';
import { GradualShare } from '../../../workers/observation/gradual-share.js';

/** One percent a request. */
const byRequests = { mode: 'GRADUAL', percentageTransitionPerRequest: 1 } as const;

const running = (progress = 0): VersionState => ({ name: 'running', progress: share(progress) });
const paused = (progress: number): VersionState => ({ name: 'paused', progress: share(progress) });
const demoted: VersionState = { name: 'demoted', because: 'it fails more often' };
const complete: VersionState = { name: 'complete' };

const version = (
  id: string,
  state: VersionState,
  transition: UpgradeTransition = byRequests,
): Version => ({
  id: versionId(id),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition,
  state,
});

const stable = version('stable', complete, { mode: 'INSTANT' });

/** Newest first, before the stable version. */
function tableOf(...newer: readonly Version[]): RoutingTable {
  const versions = [...newer, stable] as unknown as NonEmpty<Version>;
  return { edition: 1, versions };
}

const told = (of: Partial<Omit<Progress, 'share'>> & { readonly share: number }): Progress => ({
  version: versionId('new'),
  isHeld: false,
  taken: 0,
  ...of,
  share: share(of.share),
});

function begun(state = running(), transition: UpgradeTransition = byRequests): GradualShare {
  const gradual = new GradualShare();
  gradual.take(tableOf(version('new', state, transition)));
  return gradual;
}

function count(gradual: GradualShare, requests: number): void {
  for (let n = 0; n < requests; n++) expect(gradual.count(true)).to.equal(true);
}

/** As a number of percent: shares are sums of binary fractions. */
const percent = (of: number): number => Math.round(of * 1e6) / 1e4;

describe('GradualShare', () => {
  it('begins where the table says, and counts its own requests at once', () => {
    const gradual = begun(running(0.2));
    expect(percent(gradual.reached)).to.equal(20);
    count(gradual, 3);
    expect(percent(gradual.reached)).to.equal(23);
    expect(percent(gradual.share)).to.equal(23);
  });

  it('says which version it is that moves, and how far', () => {
    const gradual = begun(running(0.25));
    expect(gradual.progress).to.deep.equal({ version: 'new', share: 0.25 });
  });

  it('stops at all of them', () => {
    const gradual = begun(running(0.99));
    count(gradual, 5);
    expect(gradual.reached).to.equal(1);
  });

  it('rests at a step, and goes on from the share without steps', () => {
    const gradual = begun(running(), { ...byRequests, steps: [5, 10] });
    const seen = Array.from({ length: 11 }, () => {
      count(gradual, 1);
      return percent(gradual.share);
    });
    expect(seen).to.deep.equal([0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10]);
    expect(percent(gradual.reached)).to.equal(11);
  });

  const others: readonly (readonly [UpgradeTransition, number])[] = [
    [{ mode: 'INSTANT' }, 1],
    [{ mode: 'SESSION', sessionTimeout: 60 }, 1],
    [{ mode: 'CONCURRENT' }, 0],
    [{ mode: 'GRADUAL', duration: '14d' }, 0],
  ];
  for (const [transition, expected] of others) {
    it(`counts no requests with ${JSON.stringify(transition)}`, () => {
      const gradual = begun(running(), transition);
      expect(gradual.count(true)).to.equal(false);
      expect(gradual.share).to.equal(expected);
    });
  }

  it('moves by duration as control says', () => {
    const gradual = begun(running(), { mode: 'GRADUAL', duration: '14d' });
    gradual.progressed(told({ share: 0.3 }));
    expect(gradual.share).to.equal(0.3);
  });

  it('is all where no upgrade is under way, and counts nothing', () => {
    const gradual = new GradualShare();
    expect([gradual.share, gradual.reached, gradual.count(true)]).to.deep.equal([1, 1, false]);
    gradual.take(tableOf());
    expect([gradual.share, gradual.progress]).to.deep.equal([1, undefined]);
  });

  describe('when a request does not count', () => {
    it('is without control', () => {
      const gradual = begun();
      expect(gradual.count(false)).to.equal(false);
      expect(gradual.reached).to.equal(0);
    });

    it('is while the verdict is doubtful', () => {
      const gradual = begun();
      gradual.progressed(told({ share: 0.1, isHeld: true }));
      expect(gradual.count(true)).to.equal(false);
      gradual.progressed(told({ share: 0.1, isHeld: false }));
      count(gradual, 1);
      expect(percent(gradual.reached)).to.equal(11);
    });

    it('is while the upgrade is paused', () => {
      const gradual = begun();
      count(gradual, 5);
      gradual.take(tableOf(version('new', paused(0.04))));
      expect(gradual.count(true)).to.equal(false);
      expect(percent(gradual.reached)).to.equal(5);
      gradual.take(tableOf(version('new', running(0.04))));
      count(gradual, 1);
      expect(percent(gradual.reached)).to.equal(6);
    });
  });

  describe('with other workers', () => {
    it("adds to control's share what it counted since the report that control took", () => {
      const gradual = begun();
      count(gradual, 4);
      gradual.reportSent(1);
      count(gradual, 2);
      gradual.reportSent(2);
      count(gradual, 1);
      gradual.progressed(told({ share: 0.1, taken: 0 }));
      expect(percent(gradual.reached)).to.equal(17);
      gradual.progressed(told({ share: 0.2, taken: 1 }));
      expect(percent(gradual.reached)).to.equal(23);
      gradual.progressed(told({ share: 0.3, taken: 2 }));
      expect(percent(gradual.reached)).to.equal(31);
    });

    it('takes a report to hold those before it, which may have said nothing of this version', () => {
      const gradual = begun();
      count(gradual, 4);
      gradual.reportSent(1);
      gradual.reportSent(2);
      count(gradual, 1);
      gradual.progressed(told({ share: 0.1, taken: 2 }));
      expect(percent(gradual.reached)).to.equal(11);
    });

    it('goes on to count what was in a report that could not be sent', () => {
      const gradual = begun();
      count(gradual, 4); // report 1 is given back
      gradual.reportSent(2);
      gradual.progressed(told({ share: 0.1, taken: 1 }));
      expect(percent(gradual.reached)).to.equal(14);
      gradual.progressed(told({ share: 0.14, taken: 2 }));
      expect(percent(gradual.reached)).to.equal(14);
    });

    it('does not fall when control knows less', () => {
      const gradual = begun(running(0.5));
      gradual.progressed(told({ share: 0.1 }));
      expect(gradual.reached).to.equal(0.5);
    });

    it('tells a control that it begins to follow what was reported, and nothing that the next report says', () => {
      const gradual = begun();
      count(gradual, 5);
      expect(percent(gradual.progress!.share)).to.equal(0);
      gradual.reportSent(1);
      count(gradual, 2);
      expect(percent(gradual.progress!.share)).to.equal(5);
      expect(percent(gradual.reached)).to.equal(7);
      gradual.progressed(told({ share: 0.3, taken: 0 }));
      expect(percent(gradual.progress!.share)).to.equal(35);
      gradual.progressed(told({ share: 0.3, taken: 1 }));
      expect(percent(gradual.progress!.share)).to.equal(35, 'it does not fall either');
      expect(percent(gradual.reached)).to.equal(37);
    });

    it('counts nothing twice after a new control was told how far it is', () => {
      const gradual = begun();
      count(gradual, 5);
      gradual.reportSent(1); // lost with the connection
      count(gradual, 1);
      const known = gradual.progress!.share; // up to the first report
      gradual.progressed(told({ share: known, taken: 1 }));
      expect(percent(gradual.reached)).to.equal(6);
      count(gradual, 1);
      expect(percent(gradual.reached)).to.equal(7);
      gradual.reportSent(2);
      gradual.progressed(told({ share: 0.17, taken: 2 }));
      expect(percent(gradual.reached)).to.equal(17);
    });

    it('has nothing to tell where no upgrade is under way', () => {
      expect(new GradualShare().progress).to.equal(undefined);
    });

    it('does not fall when another control tells that has taken less, and counts on once it has as much', () => {
      const gradual = begun();
      count(gradual, 4);
      gradual.reportSent(1);
      count(gradual, 4);
      gradual.reportSent(2);
      gradual.progressed(told({ share: 0.08, taken: 2 }));
      gradual.progressed(told({ share: 0.04, taken: 1 })); // of the one that leads from now on
      expect(percent(gradual.reached)).to.equal(8);
      gradual.progressed(told({ share: 0.08, taken: 2 }));
      count(gradual, 1);
      expect(percent(gradual.reached)).to.equal(9);
    });

    it('lags rather than runs ahead when control takes no report for long', () => {
      const gradual = begun(running(), { mode: 'GRADUAL', percentageTransitionPerRequest: 0.1 });
      for (let sequence = 1; sequence <= 70; sequence++) {
        count(gradual, 1);
        gradual.reportSent(sequence);
      }
      gradual.progressed(told({ share: 0.1, taken: 0 }));
      expect(percent(gradual.reached)).to.equal(16.4); // of 64 reports, not of 70
      gradual.progressed(told({ share: 0.2, taken: 10 }));
      expect(percent(gradual.reached)).to.equal(26);
    });

    it('passes over progress of a version that it does not know', () => {
      const gradual = begun();
      gradual.progressed(told({ version: versionId('gone'), share: 0.9 }));
      expect(gradual.reached).to.equal(0);
    });
  });

  describe('through changes of the table', () => {
    it('keeps what it has reached, although the table knows less', () => {
      const gradual = begun();
      count(gradual, 30);
      gradual.take(tableOf(version('new', running(0))));
      expect(percent(gradual.reached)).to.equal(30);
      count(gradual, 1);
      expect(percent(gradual.reached)).to.equal(31);
    });

    it('keeps it also where control knows less', () => {
      const gradual = begun();
      count(gradual, 30);
      gradual.reportSent(1);
      gradual.progressed(told({ share: 0.1, taken: 1 }));
      gradual.take(tableOf(version('new', running(0.1))));
      expect(percent(gradual.reached)).to.equal(30);
    });

    it('rises to what the table says, and does not count its own requests on top of that', () => {
      const gradual = begun();
      count(gradual, 3);
      gradual.take(tableOf(version('new', running(0.4))));
      expect(percent(gradual.reached)).to.equal(40);
    });

    it('has what the table says of it when the version that superseded it is gone, and nothing that only it had counted', () => {
      const gradual = begun();
      count(gradual, 30);
      const newer = version('newer', running());
      gradual.take(tableOf(newer, version('new', running(0.2))));
      expect(gradual.progress).to.deep.equal({ version: 'newer', share: 0 });
      count(gradual, 2);
      expect(percent(gradual.reached)).to.equal(2);
      gradual.take(tableOf({ ...newer, state: demoted }, version('new', running(0.2))));
      expect(gradual.progress?.version).to.equal('new');
      expect(percent(gradual.reached)).to.equal(20);
    });

    it('begins anew when the version was taken back and is resumed', () => {
      const gradual = begun();
      count(gradual, 30);
      gradual.take(tableOf(version('new', demoted)));
      expect(gradual.progress).to.equal(undefined);
      gradual.take(tableOf(version('new', running())));
      expect(gradual.reached).to.equal(0);
      gradual.progressed(told({ share: 0.01, taken: 7 }));
      count(gradual, 1);
      expect(percent(gradual.reached)).to.equal(2);
    });

    it('begins anew when it missed that, and the share in the table fell', () => {
      const gradual = begun(running(0.3));
      gradual.take(tableOf(version('new', running())));
      expect(gradual.reached).to.equal(0);
    });

    it('forgets a version that is complete', () => {
      const gradual = begun();
      gradual.take(tableOf(version('new', complete)));
      expect([gradual.share, gradual.count(true)]).to.deep.equal([1, false]);
    });
  });

  it('never falls, and never is more than what all workers counted', () => {
    const names = ['count', 'other', 'send', 'control', 'table'] as const;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 300 }), steps => {
        const gradual = begun();
        let [all, inControl, own, sequence] = [0, 0, 0, 0];
        let last = 0;
        const sent: { readonly sequence: number; readonly counted: number }[] = [];
        const turns: Readonly<Record<(typeof names)[number], () => void>> = {
          count() {
            count(gradual, 1);
            [all, own] = [all + 1, own + 1];
          },
          other: () => void ([all, inControl] = [all + 1, inControl + 1]),
          send() {
            sent.push({ sequence: ++sequence, counted: own });
            gradual.reportSent(sequence);
            own = 0;
          },
          control() {
            const taken = sent.shift();
            inControl += taken?.counted ?? 0;
            const upTo = taken?.sequence ?? sequence;
            gradual.progressed(told({ share: inControl / 100, taken: upTo }));
          },
          table: () => gradual.take(tableOf(version('new', running()))),
        };
        for (const each of steps) {
          turns[each]();
          expect(gradual.reached).to.be.at.least(last);
          expect(gradual.reached).to.be.at.most(Math.min(1, all / 100) + 1e-9);
          last = gradual.reached;
        }
        turns.send();
        while (sent.length > 0) turns.control();
        expect(gradual.reached).to.be.closeTo(Math.min(1, all / 100), 1e-9);
      }),
    );
  });
});
