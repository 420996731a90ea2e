import { expect } from 'chai';
import fc from 'fast-check';
import { sessionId, versionId } from '../../../src/kernel/ids.js';
import { newTally } from '../../../src/verdict/tally.js';
import {
  MOST_SESSION_NUMBERS,
  sessionNumber,
  type SessionsSeen,
  type VersionReport,
} from '../../../src/wire/report.js';
import { Observer } from '../../../workers/observation/observer.js';
import { failing, ok, tallyOf } from '../verdict/seen.js';

const v = ok.version;
const request = { method: 'GET', target: '/shop?token=secret', at: 1_700_000_000_000 };
const different = { ...ok, outcome: 'different' } as const;

/** A session whose number is that. */
function session(number: number) {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(number, 0, 6);
  return sessionId(bytes.toString('base64url'));
}

/** Of the only version in the next report. */
function reported(observer: Observer): VersionReport {
  const report = observer.takeReport();
  expect(report?.versions).to.have.length(1);
  return report!.versions[0]!;
}

const sorted = (numbers: readonly number[] = []) => numbers.toSorted((a, b) => a - b);

describe('Observer', () => {
  let observer: Observer;
  beforeEach(() => (observer = new Observer()));

  const setSessions = (numbers: Iterable<number>, seconds: number, version = v) => {
    for (const number of numbers) observer.sessionSet(version, session(number), seconds);
  };

  it('has nothing to report at first', () => {
    expect(observer.takeReport()).to.equal(undefined);
  });

  it('reports what it has observed of each version, once', () => {
    const other = { ...ok, version: versionId('w') };
    for (const each of [ok, failing, other]) observer.observed(each, request);
    const report = observer.takeReport()!;
    expect(report.versions.map(({ version, tally }) => [version, tally])).to.deep.equal([
      ['v', tallyOf(ok, failing)],
      ['w', tallyOf(other)],
    ]);
    expect(observer.takeReport()).to.equal(undefined);
    observer.observed(ok, request);
    expect(reported(observer).tally).to.deep.equal(tallyOf(ok));
  });

  it('numbers its reports without gaps', () => {
    const sequences = [1, 2, 3].map(() => {
      observer.counted(v);
      observer.takeReport();
      observer.counted(v);
      return observer.takeReport()?.sequence;
    });
    expect(sequences).to.deep.equal([2, 4, 6]);
    expect(observer.takeReport()).to.equal(undefined);
    observer.counted(v);
    expect(observer.takeReport()?.sequence).to.equal(7);
  });

  it('reports the requests that move an upgrade', () => {
    observer.counted(v);
    observer.counted(v);
    expect(reported(observer)).to.deep.equal({
      version: v,
      counted: 2,
      tally: newTally(),
      examples: [],
      sessions: [],
    });
  });

  it('reports a rescue, though it is not weighed', () => {
    observer.observed({ ...ok, attempt: 2 }, request);
    expect(reported(observer).tally.repeats).to.equal(1);
  });

  describe('examples', () => {
    it('are of failures and of different answers, without secrets', () => {
      for (const each of [ok, failing, different]) observer.observed(each, request);
      const about = { method: 'GET', target: '/shop?…', at: request.at };
      expect(reported(observer).examples).to.deep.equal([
        { signal: 'failures', example: { ...failing, ...about } },
        { signal: 'answers', example: { ...different, ...about } },
      ]);
    });

    it('are ten of each signal, and ten again in the next report', () => {
      for (let round = 0; round < 2; round++) {
        for (let at = 0; at < 12; at++) {
          observer.observed(failing, { ...request, at });
          observer.observed(different, { ...request, at });
        }
        const { examples } = reported(observer);
        const ats = (signal: string) =>
          examples.filter(each => each.signal === signal).map(({ example }) => example.at);
        expect(ats('failures')).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(ats('answers')).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      }
    });

    it('have a bounded method', () => {
      observer.observed(failing, { ...request, method: 'X'.repeat(10_000) });
      expect(reported(observer).examples[0]?.example.method).to.equal('X'.repeat(32));
    });
  });

  describe('sessions', () => {
    it('are reported by the slot in which their cookies were set, each once', () => {
      setSessions([3, 1], 1009);
      setSessions([1, 2], 1010);
      setSessions([2], 1019);
      expect(reported(observer).sessions).to.deep.equal([
        { at: 1000, sessions: [3, 1] },
        { at: 1010, sessions: [1, 2] },
      ]);
    });

    it('are known by the number of their id', () => {
      const id = sessionId('AAAAAAABAAAAAAAAAAAAAA');
      observer.sessionSet(v, id, 1000);
      expect(reported(observer).sessions[0]?.sessions).to.deep.equal([sessionNumber(id)]);
    });

    it('are not told again in the same slot', () => {
      setSessions([1, 2], 1000);
      observer.takeReport();
      setSessions([2], 1001);
      expect(observer.takeReport()).to.equal(undefined);
      setSessions([2, 3], 1002);
      expect(reported(observer).sessions).to.deep.equal([{ at: 1000, sessions: [3] }]);
    });

    it('are told apart by version', () => {
      const w = versionId('w');
      setSessions([1], 1000);
      setSessions([1], 1000, w);
      const versions = observer.takeReport()?.versions.map(({ version }) => version);
      expect(versions).to.deep.equal([v, w]);
    });

    it('count in the slot before as well, when the clock steps back a little', () => {
      setSessions([1], 1010);
      setSessions([2], 1009);
      expect(reported(observer).sessions.map(({ at }) => at)).to.deep.equal([1010, 1000]);
    });

    it('are forgotten, told or not, two slots later', () => {
      setSessions([1], 1000);
      setSessions([2], 1010);
      setSessions([3], 1020);
      expect(reported(observer).sessions.map(({ at }) => at)).to.deep.equal([1010, 1020]);
    });

    it('begin anew when the clock was put back by hours', () => {
      setSessions([1], 10_000);
      setSessions([2], 1000);
      expect(reported(observer).sessions).to.deep.equal([{ at: 1000, sessions: [2] }]);
    });

    it('are the least of their slot, over all its reports', () => {
      const MANY = fc.uniqueArray(fc.nat({ max: 2 ** 31 }), { minLength: 5000, maxLength: 5000 });
      fc.assert(
        fc.property(MANY, fc.integer({ min: 1, max: 900 }), (numbers, each) => {
          observer = new Observer();
          const seen: number[] = [];
          for (const [at, number] of numbers.entries()) {
            setSessions([number], 1000);
            if (at % each > 0) continue;
            const [slot] = observer.takeReport()?.versions[0]?.sessions ?? [];
            expect(slot?.sessions.length ?? 0).to.be.at.most(MOST_SESSION_NUMBERS);
            seen.push(...(slot?.sessions ?? []));
          }
          seen.push(...(observer.takeReport()?.versions[0]?.sessions[0]?.sessions ?? []));
          const least = sorted(numbers).slice(0, MOST_SESSION_NUMBERS);
          expect(sorted(seen).slice(0, MOST_SESSION_NUMBERS)).to.deep.equal(least);
          expect(new Set(seen).size).to.equal(seen.length);
        }),
        { numRuns: 5 },
      );
    });

    it('are no more than may be reported at a time', () => {
      const numbers = Array.from({ length: 1500 }, (_, at) => at);
      setSessions(numbers, 1000);
      expect(reported(observer).sessions[0]?.sessions).to.have.length(MOST_SESSION_NUMBERS);
    });

    it('that still count are told, up to the largest of the least', () => {
      const even = Array.from({ length: 1500 }, (_, at) => 2 * at);
      setSessions(even, 1000);
      observer.takeReport();
      const largest = 2 * (MOST_SESSION_NUMBERS - 1);
      setSessions([largest + 1], 1000);
      expect(observer.takeReport()).to.equal(undefined);
      setSessions([largest - 1], 1000);
      expect(reported(observer).sessions).to.deep.equal([{ at: 1000, sessions: [largest - 1] }]);
    });

    it('that cannot count any more are not told', () => {
      const first = Array.from({ length: 2 * MOST_SESSION_NUMBERS }, (_, at) => at);
      setSessions(first, 1000);
      expect(sorted(reported(observer).sessions[0]?.sessions)).to.deep.equal(
        first.slice(0, MOST_SESSION_NUMBERS),
      );
      setSessions([MOST_SESSION_NUMBERS, 1_000_000], 1005);
      expect(observer.takeReport()).to.equal(undefined);
      setSessions([1_000_000], 1010);
      expect(reported(observer).sessions).to.deep.equal([{ at: 1010, sessions: [1_000_000] }]);
    });
  });

  describe('a report that could not be sent', () => {
    const sent = () => {
      observer.observed(failing, request);
      observer.counted(v);
      setSessions([1], 1000);
      return observer.takeReport()!;
    };

    it('is said by the next one, which has its number', () => {
      const report = sent();
      observer.giveBack(report);
      expect(observer.takeReport()).to.deep.equal({ ...report, sequence: 1 });
    });

    it('is merged with what came meanwhile', () => {
      const report = sent();
      observer.observed(ok, request);
      observer.counted(v);
      setSessions([2], 1001);
      observer.giveBack(report);
      const next = reported(observer);
      expect(next).to.deep.include({ counted: 2, tally: tallyOf(failing, ok) });
      expect(next.sessions).to.deep.equal([{ at: 1000, sessions: [1, 2] }]);
      expect(next.examples).to.have.length(1);
    });

    it('is not changed by what comes later', () => {
      const report = sent();
      const before = structuredClone(report);
      observer.giveBack(report);
      observer.observed(failing, request);
      setSessions([5], 1000);
      expect(report).to.deep.equal(before);
    });

    it('leaves no more examples than one report has room for', () => {
      for (let at = 0; at < 8; at++) observer.observed(failing, request);
      const report = observer.takeReport()!;
      for (let at = 0; at < 8; at++) observer.observed(failing, request);
      observer.giveBack(report);
      expect(reported(observer).examples).to.have.length(10);
    });

    it('loses sessions of slots that are over', () => {
      setSessions([1], 1000);
      const report = observer.takeReport()!;
      setSessions([2], 1020);
      observer.giveBack(report);
      expect(reported(observer).sessions).to.deep.equal([{ at: 1020, sessions: [2] }]);
    });

    it('says nothing where that was all', () => {
      setSessions([1], 1000);
      const report = observer.takeReport()!;
      setSessions([2], 1020);
      observer.takeReport();
      observer.giveBack(report);
      expect(observer.takeReport()).to.equal(undefined);
    });

    it('loses sessions that cannot count any more', () => {
      setSessions([MOST_SESSION_NUMBERS * 2], 1000);
      const report = observer.takeReport()!;
      setSessions(Array(MOST_SESSION_NUMBERS * 2 - 1).keys(), 1000);
      observer.giveBack(report);
      const { sessions }: { sessions: readonly SessionsSeen[] } = reported(observer);
      expect(sessions[0]?.sessions).to.have.length(MOST_SESSION_NUMBERS);
      expect(sessions[0]?.sessions).not.to.include(MOST_SESSION_NUMBERS * 2);
    });
  });

  describe('many versions', () => {
    const versions = Array.from({ length: 70 }, (_, at) => versionId(`v${String(at)}`));

    it('are counted up to 64 a report', () => {
      for (const version of versions) {
        observer.observed({ ...failing, version }, request);
        observer.counted(version);
      }
      expect(observer.takeReport()?.versions).to.have.length(64);
      observer.counted(versions[69]!);
      expect(reported(observer).version).to.equal(versions[69]);
    });

    it('are bounded also where a report was given back', () => {
      for (const version of versions.slice(0, 40)) observer.counted(version);
      const report = observer.takeReport()!;
      for (const version of versions.slice(40)) observer.counted(version);
      observer.giveBack(report);
      expect(observer.takeReport()?.versions).to.have.length(64);
    });

    it('have sessions up to 64 a slot; those that a report has no room for wait', () => {
      for (const version of versions) setSessions([1], 1000, version);
      for (const version of versions.slice(60)) observer.counted(version);
      const withSessions = () =>
        observer.takeReport()?.versions.filter(({ sessions }) => sessions.length > 0) ?? [];
      const [first, second] = [withSessions(), withSessions()];
      expect(first.length).to.equal(58); // and 6 without sessions
      expect(second.length).to.equal(6);
      expect(withSessions()).to.deep.equal([]);
    });
  });
});
