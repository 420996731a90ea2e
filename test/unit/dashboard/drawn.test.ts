import { expect } from 'chai';
import { curvesOf, decades, doublings } from '../../../dashboard/src/pure/distribution.js';
import {
  bytes,
  counted,
  milliseconds,
  moment,
  percent,
  rate,
  span,
} from '../../../dashboard/src/pure/format.js';
import { strategyOf } from '../../../dashboard/src/pure/strategy.js';
import { nearness, strongest } from '../../../dashboard/src/pure/strength.js';
import { marksOf, summaryOf, timelineOf } from '../../../dashboard/src/pure/timeline.js';
import { points, upgrade, why } from '../../operator/support/live-states.js';

describe('numbers on the page', () => {
  for (const [shown, is] of [
    [percent(0), '0 %'],
    [percent(0.004), '< 0.01 %'], // something is there
    [percent(1.234), '1.23 %'],
    [percent(34.25), '34.3 %'],
    [percent(99.95), '> 99.9 %'], // not yet all
    [percent(100), '100 %'],
    [milliseconds(0), '0 ms'],
    [milliseconds(0.0012), '< 0.01 ms'],
    [milliseconds(3.14159), '3.14 ms'],
    [milliseconds(1_234), '1,234 ms'],
    [milliseconds(12_345), '12.3 s'],
    [bytes(0), '0 B'],
    [bytes(1_023), '1,023 B'],
    [bytes(1_024), '1 KiB'],
    [bytes(91_000_000), '86.8 MiB'],
    [bytes(2 ** 60), '1,048,576 TiB'], // beyond the last unit
    [rate(0), '0/s'],
    [rate(12_345), '12,345/s'],
    [counted(1, 'session'), '1 session'],
    [counted(2_000, 'session'), '2,000 sessions'],
    [span(89), '89 s'],
    [span(1_800), '30 min'],
    [span(86_400), '24 h'],
    [span(14 * 86_400), '14 days'],
    [moment(Number.NaN, 0), '–'],
  ] as const) {
    it(`shows ${is}`, () => {
      expect(shown).to.equal(is);
    });
  }

  it('tells the day of what was not today', () => {
    const noon = Date.parse('2026-03-04T12:00:00');
    expect(moment(noon, noon + 1_000)).to.equal('12:00:00');
    expect(moment(noon, noon + 86_400_000)).to.equal('2026-03-04 12:00:00');
  });

  it('says on one line how users move', () => {
    expect(strategyOf({ mode: 'GRADUAL', duration: '14d', steps: [1, 10] })).to.equal(
      'GRADUAL: new sessions, over 14d, in steps of 1, 10 %',
    );
    expect(strategyOf({ mode: 'GRADUAL', percentageTransitionPerRequest: 0.05 })).to.equal(
      'GRADUAL: new sessions, 0.05 % more with each request',
    );
    expect(strategyOf({ mode: 'SESSION', sessionTimeout: 1800 })).to.equal(
      'SESSION: new sessions; one ends after a pause of 30 min',
    );
    expect(strategyOf({ mode: 'CONCURRENT', methods: ['POST'], promote: 'healthy' })).to.equal(
      'CONCURRENT: both are asked, and compared, POST as well; promoted once healthy',
    );
  });
});

describe('the evidence', () => {
  for (const { strength, near, meaning } of [
    { strength: 0.2, near: 0, meaning: 'it speaks for the version' },
    { strength: 1, near: 0, meaning: 'nothing has been seen' },
    { strength: 10, near: 0.5, meaning: 'the root of what is needed: control holds the share' },
    { strength: 100, near: 1, meaning: 'unhealthy' },
    { strength: Number.MAX_VALUE, near: 1, meaning: 'no more than unhealthy' },
  ]) {
    it(`of ${strength} where 100 are needed is ${near} near: ${meaning}`, () => {
      expect(nearness({ strength, needed: 100 })).to.be.closeTo(near, 1e-9);
    });
  }

  it('that is strongest is named, and none where none speaks against the version', () => {
    expect(strongest(why())).to.equal(undefined);
    const evidence = { ...why().evidence, delay: { strength: 30, needed: 800 } };
    expect(strongest(why({ evidence }))?.signal).to.equal('delay');
  });
});

describe('the timeline', () => {
  it('draws rates as percent of requests, and nothing where there were none', () => {
    const rates = (requests: number, failures: number) => ({ requests, failures, rescues: 1 });
    const drawn = timelineOf(
      points(2, at => ({ newer: rates(at * 50, at * 5), stable: rates(100, 1) })),
    );
    expect(drawn.newerFailing).to.deep.equal([null, 10]);
    expect(drawn.stableFailing).to.deep.equal([1, 1]);
    expect(drawn.rescues).to.deep.equal([2, 2]);
    expect((drawn.at[1] ?? 0) - (drawn.at[0] ?? 0)).to.equal(1); // seconds
  });

  it('numbers what happened in the order in which it did, changes of the verdict among it', () => {
    const shown = points(10, at => ({ verdict: at < 5 ? 'inconclusive' : 'healthy' }));
    const event = (index: number, what: string) => ({
      at: new Date(shown[index]!.at).toISOString(),
      id: 'b',
      version: '2.0',
      what,
      edition: index,
    });
    const marks = marksOf({ points: shown, events: [event(0, 'added'), event(8, 'promoted')] });
    expect(marks.map(({ number, what }) => `${number} ${what}`)).to.deep.equal([
      '1 added',
      '2 verdict: healthy',
      '3 promoted',
    ]);
    expect(marks[1]?.at).to.equal(shown[5]!.at / 1000);
  });

  it('is told in words to who does not see it', () => {
    expect(summaryOf(upgrade().points)).to.equal(
      'In 119 seconds the share went from 0.0 to 59.5 percent. The evidence against the version ' +
        'reached 2 percent of what makes it unhealthy. The verdict is inconclusive.',
    );
    expect(summaryOf([])).to.equal('Nothing has been recorded yet.');
  });
});

describe('a distribution', () => {
  it('becomes steps that begin and end on the ground, none of them at 0', () => {
    const curves = curvesOf({ from: [0, 1.3], newer: [0.25, 0.75], stable: [1, 0] });
    expect(curves?.newer).to.deep.equal([0, 25, 75, 0, 0]);
    expect(curves?.stable).to.deep.equal([0, 100, 0, 0, 0]);
    expect(curves?.at[1]).to.be.closeTo(1, 1e-9);
    expect(curves?.at.every((at, index, all) => at > 0 && at > (all[index - 1] ?? 0))).to.equal(
      true,
    );
  });

  it('is not drawn where nothing was seen', () => {
    expect(curvesOf({ from: [], newer: [], stable: [] })).to.equal(undefined);
    expect(curvesOf({ from: [1, 1.3], newer: [0, 0], stable: [0, 0] })).to.equal(undefined);
  });

  it('has marks where people look for them, as many as there is room for', () => {
    expect(decades(0.7, 60, 9)).to.deep.equal([1, 2, 5, 10, 20, 50]);
    expect(decades(0.7, 60, 4)).to.deep.equal([1, 10]);
    expect(doublings(400, 5_000, 9)).to.deep.equal([512, 1_024, 2_048, 4_096]);
    expect(doublings(400, 5_000, 2)).to.deep.equal([1_024, 4_096]);
    expect(doublings(600, 700, 4)).to.deep.equal([]);
  });
});
