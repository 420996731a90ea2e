import { expect } from 'chai';
import fc from 'fast-check';
import { trend, type Point } from '../../../bench/figures/trend.js';

const series = (values: readonly number[], begin = 0): readonly Point[] =>
  values.map((value, at) => [begin + at, value]);

/** What looks like noise, and is the same each time. */
const noise = (count: number) => Array.from({ length: count }, (_, at) => ((at * 7919) % 101) / 10);

describe('a trend', () => {
  it('is the median of all slopes, however steep some are', () => {
    const { slope } = trend([series([0, 2, 4, 6, 800, 10, 12])]);
    expect(slope).to.equal(2);
  });

  it('is sure when all goes up, and as sure when all goes down', () => {
    const up = trend([series([1, 2, 3, 4, 5, 6, 7, 8])]);
    const down = trend([series([8, 7, 6, 5, 4, 3, 2, 1])]);
    // Score 28 of 28; its variance 8·7·21/18: (28 - 1) / √65.33.
    expect(up.z).to.be.closeTo(3.34, 0.005);
    expect(down.z).to.equal(-up.z);
    expect(down.slope).to.equal(-up.slope);
  });

  it('counts equal values as neither, and knows that these make it less sure of nothing', () => {
    // Score 4 (1 < 2 four times); the variance without ties is 8.67, two pairs of ties take 1 each.
    const { z } = trend([series([1, 1, 2, 2])]);
    expect(z).to.be.closeTo(3 / Math.sqrt((4 * 3 * 13) / 18 - 2), 1e-9);
  });

  it('is none where nothing changes, and where there is next to nothing', () => {
    for (const values of [[5, 5, 5, 5, 5], [5], []]) {
      expect(trend([series(values)])).to.deep.equal({ slope: 0, z: 0 });
    }
    expect(trend([])).to.deep.equal({ slope: 0, z: 0 });
  });

  it('is not seen in noise, and is seen behind it', () => {
    const flat = noise(200);
    expect(Math.abs(trend([series(flat)]).z)).to.be.below(3);
    const rising = flat.map((value, at) => value + at / 20);
    const { slope, z } = trend([series(rising)]);
    expect(z).to.be.above(5);
    expect(slope).to.be.closeTo(1 / 20, 0.01);
  });

  it('is that within groups: what the next one begins with is none', () => {
    const low = series([1, 1, 1, 1, 1, 1, 1, 1]);
    const high = series([9, 9, 9, 9, 9, 9, 9, 9], 100);
    expect(trend([low, high])).to.deep.equal({ slope: 0, z: 0 });
    expect(trend([[...low, ...high]]).z).to.be.above(3);
  });

  it('adds up what short groups say', () => {
    const short = series([1, 2, 3, 4]);
    const alone = trend([short]).z;
    expect(alone).to.be.below(3.09);
    expect(trend(Array.from({ length: 6 }, () => short)).z).to.be.above(3.09);
  });

  it('does not depend on where zero is, and turns round with the values', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(values, fc.integer({ min: -500, max: 500 }), (list, by) => {
        const plain = trend([series(list)]);
        expect(trend([series(list.map(each => each + by))])).to.deep.equal(plain);
        expect(trend([series(list.map(each => -each))]).z).to.be.closeTo(-plain.z, 1e-9);
      }),
    );
  });

  it('of a long series is that of points taken evenly', () => {
    const long = series(Array.from({ length: 5000 }, (_, at) => at * 3));
    expect(trend([long]).slope).to.equal(3);
  });
});
