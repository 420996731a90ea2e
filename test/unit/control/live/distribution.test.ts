import { expect } from 'chai';
import fc from 'fast-check';
import { distribution } from '../../../../src/control/live/distribution.js';
import {
  bucketOf,
  count,
  type Histogram,
  type OwnHistogram,
} from '../../../../src/verdict/histogram.js';

function histogramOf(values: readonly number[]): Histogram {
  const histogram: OwnHistogram = {};
  for (const value of values) count(histogram, bucketOf(value));
  return histogram;
}
const sum = (parts: readonly number[]) => parts.reduce((a, b) => a + b, 0);

describe('two distributions for drawing', () => {
  it('are empty where nothing was seen', () => {
    expect(distribution({}, {})).to.deep.equal({ from: [], newer: [], stable: [] });
  });

  it('have the same bars, from the least to the largest of both', () => {
    const { from, newer, stable } = distribution(histogramOf([10, 10, 10, 40]), histogramOf([20]));
    expect([newer.length, stable.length]).to.deep.equal([from.length, from.length]);
    expect([newer[0], newer.at(-1)]).to.deep.equal([0.75, 0.25]);
    expect(stable.filter(part => part > 0)).to.deep.equal([1]);
    expect(from[0]).to.be.within(10 / 1.36, 10);
    expect(from.at(-1)).to.be.within(40 / 1.36, 40);
  });

  it('begin at 0 where values are too small to be told apart', () => {
    expect(distribution(histogramOf([0, 0.05]), histogramOf([0]))).to.deep.equal({
      from: [0],
      newer: [1],
      stable: [1],
    });
  });

  it('lay every value into the bar that it belongs to', () => {
    const values = fc.array(fc.double({ min: 0, max: 2 ** 41, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const { from, newer, stable } = distribution(histogramOf(a), histogramOf(b));
        for (const [parts, of] of [
          [newer, a],
          [stable, b],
        ] as const) {
          expect(sum(parts)).to.be.closeTo(of.length === 0 ? 0 : 1, 0.001);
        }
        for (let bar = 1; bar < from.length; bar++) {
          const [before = 0, begin = 0] = [from[bar - 1], from[bar]];
          expect(begin).to.be.greaterThan(before);
          if (before > 0) expect(begin / before).to.be.closeTo(1.35, 0.02);
        }
        for (const value of a.filter(each => each > 0.1 && each < 2 ** 40)) {
          // The bounds are rounded to four digits.
          const bar = from.findLastIndex(begin => begin <= value * 1.001);
          expect((newer[bar] ?? 0) + (newer[bar - 1] ?? 0), String(value)).to.be.greaterThan(0);
        }
      }),
    );
  });
});
