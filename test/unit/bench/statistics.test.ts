import { expect } from 'chai';
import fc from 'fast-check';
import { median, percentile, slope, spread } from '../../../bench/figures/statistics.js';

describe('statistics of rounds', () => {
  it('takes the middle one of an odd count, and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([9, 1, 5, 6])).to.equal(5.5);
    expect(median([])).to.be.NaN;
  });

  it('takes the nearest rank for a percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(percentile(hundred, 0.5)).to.equal(50);
    expect(percentile(hundred, 0.99)).to.equal(99);
    expect(percentile(hundred, 0.999)).to.equal(100);
    expect(percentile(hundred, 0)).to.equal(1);
    expect(percentile([7], 0.99)).to.equal(7);
    expect(percentile([], 0.5)).to.be.NaN;
  });

  it('compares numbers, not their text', () => {
    expect(spread([10, 9, 100])).to.deep.equal({ median: 10, lowest: 9, highest: 100 });
  });

  it('has at least the share of all numbers at or below the percentile', () => {
    const numbers = fc.array(fc.integer(), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const limit = percentile(list, share);
        expect(list).to.include(limit);
        const below = list.filter(each => each <= limit).length;
        expect(below).to.be.at.least(list.length * share);
      }),
    );
  });

  it('finds the slope of a line, and none where time stands still', () => {
    expect(
      slope([
        [0, 5],
        [1, 7],
        [2, 9],
      ]),
    ).to.equal(2);
    expect(
      slope([
        [0, 3],
        [1, 1],
      ]),
    ).to.equal(-2);
    expect(slope([[4, 9]])).to.equal(0);
  });
});
