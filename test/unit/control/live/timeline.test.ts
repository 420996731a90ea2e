import { expect } from 'chai';
import fc from 'fast-check';
import {
  begun,
  grown,
  MOST_POINTS,
  pointsOf,
  type Look,
  type Timeline,
} from '../../../../src/control/live/timeline.js';

const nothing = { exchanges: 0, failed: 0, repeats: 0 };
const look = (seconds: number, about: Partial<Look> = {}): Look => ({
  now: seconds * 1000,
  at: 1_700_000_000_000 + seconds * 1000,
  share: undefined,
  strength: 0,
  verdict: 'inconclusive',
  newer: nothing,
  stable: nothing,
  ...about,
});
const counts = (exchanges: number, failed = 0, repeats = 0) => ({ exchanges, failed, repeats });
const grownBy = (timeline: Timeline, ...looks: readonly Look[]) => looks.reduce(grown, timeline);

describe('the timeline of an upgrade', () => {
  it('has no point before a second look', () => {
    expect(pointsOf(begun(look(0)))).to.deep.equal([]);
    expect(pointsOf(grown(begun(look(0)), look(0)))).to.deep.equal([]);
  });

  it('says of each second what happened in it, as rates', () => {
    const timeline = grownBy(
      begun(look(0, { newer: counts(100, 5, 1) })), // of a control of before
      look(1, { newer: counts(110, 6, 3), stable: counts(30, 0, 1) }),
      look(3, { newer: counts(150, 6, 3), stable: counts(30, 0, 1) }),
    );
    expect(pointsOf(timeline)).to.deep.equal([
      {
        at: 1_700_000_001_000,
        share: 25,
        strength: 0,
        verdict: 'inconclusive',
        newer: { requests: 10, failures: 1, rescues: 2 },
        stable: { requests: 30, failures: 0, rescues: 1 },
      },
      {
        at: 1_700_000_003_000,
        share: 100,
        strength: 0,
        verdict: 'inconclusive',
        newer: { requests: 20, failures: 0, rescues: 0 },
        stable: { requests: 0, failures: 0, rescues: 0 },
      },
    ]);
  });

  it('shows what is going on before the second is over, and the strongest evidence in it', () => {
    const timeline = grownBy(
      begun(look(0)),
      look(0.2, { strength: 0.8 }),
      look(0.5, { strength: 0.3, verdict: 'unhealthy', newer: counts(5) }),
    );
    const [point, ...more] = pointsOf(timeline);
    expect(more).to.deep.equal([]);
    expect(point).to.deep.include({ strength: 0.8, verdict: 'unhealthy', share: 100 });
    expect(point?.newer.requests).to.equal(10);
  });

  const shares: readonly {
    about: readonly Partial<Look>[];
    twice?: boolean;
    is: number;
    why: string;
  }[] = [
    {
      about: [{ share: 12.5 }],
      is: 12.5,
      why: 'of new sessions, where the strategy counts in them',
    },
    { about: [{}], is: 0, why: '0 where nobody asked for anything' },
    {
      about: [
        { newer: counts(1), stable: counts(3) },
        { newer: counts(1), stable: counts(3) },
      ],
      is: 25,
      why: 'as it was while nobody asks',
    },
    {
      about: [{ newer: counts(20), stable: counts(40) }],
      twice: true,
      is: 50,
      why: 'of requests, where those go to both',
    },
    {
      about: [{ newer: counts(41), stable: counts(40) }],
      twice: true,
      is: 100,
      why: 'not more than all',
    },
  ];
  for (const { about, twice, is, why } of shares) {
    it(`shows ${is} %: ${why}`, () => {
      const looks = about.map((each, at) => look(at + 1, each));
      expect(pointsOf(grownBy(begun(look(0), twice), ...looks)).at(-1)?.share).to.equal(is);
    });
  }

  it('has no more points than may be, over a fortnight, and shows the last second of it', () => {
    let timeline = begun(look(0));
    const fortnight = 14 * 24 * 3600;
    for (let seconds = 1; seconds <= fortnight; seconds += 61) {
      timeline = grown(timeline, look(seconds, { newer: counts(seconds) }));
    }
    const points = pointsOf(timeline);
    expect(points.length).to.be.within(MOST_POINTS / 2, MOST_POINTS);
    expect(points.at(-1)?.at).to.be.greaterThan(look(fortnight - 62).at);
    for (const { newer } of points) expect(newer.requests).to.equal(1);
  });

  it('loses nothing in thinning: every exchange lies in one point, and peaks stay', () => {
    const step = fc.record({
      seconds: fc.integer({ min: 1, max: 50 }).map(tenths => tenths / 10),
      newer: fc.nat(100),
      stable: fc.nat(100),
      strength: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3000, size: 'max' }), steps => {
        let [seconds, newer, stable, peak] = [0, 0, 0, 0];
        let timeline = begun(look(0));
        for (const each of steps) {
          seconds += each.seconds;
          newer += each.newer;
          stable += each.stable;
          peak = Math.max(peak, each.strength);
          timeline = grown(
            timeline,
            look(seconds, {
              newer: counts(newer),
              stable: counts(stable),
              strength: each.strength,
            }),
          );
        }
        const points = pointsOf(timeline);
        expect(points.length).to.be.within(1, MOST_POINTS);
        let [before, sum] = [look(0).at, 0];
        for (const { at, newer: rates } of points) {
          expect(at).to.be.greaterThan(before);
          sum += (rates.requests * (at - before)) / 1000;
          before = at;
        }
        // Rates are rounded to a thousandth of a request each second.
        expect(sum).to.be.closeTo(newer, 0.0006 * seconds + 1e-6);
        expect(Math.max(...points.map(({ strength }) => strength))).to.be.closeTo(peak, 0.001);
      }),
      // A counterexample of thousands of steps takes minutes to shrink, and the seed tells it as well.
      { numRuns: 30, endOnFailure: true },
    );
  });
});
