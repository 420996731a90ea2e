import { expect } from 'chai';
import {
  addDurations,
  BOUNDS,
  newDurations,
  timed,
  timesIn,
} from '../../../src/measures/durations.js';
import { classIndexOf } from '../../../src/measures/status-class.js';
import { statusClasses } from '../../../src/wire/measures.js';

const LAST = BOUNDS.length;

describe('durations', () => {
  const rows: readonly (readonly [seconds: number, bucket: number, meaning: string])[] = [
    [0, 0, 'no time at all'],
    [0.001, 0, 'a bound belongs to its bucket: le'],
    [0.0011, 1, 'the next one'],
    [0.25, 7, 'a bound in the middle'],
    [60, LAST - 1, 'the last bound'],
    [60.1, LAST, 'what is above all bounds'],
    [Infinity, LAST, 'however long'],
    [-1, 0, 'a clock that jumped back'],
  ];
  for (const [seconds, bucket, meaning] of rows) {
    it(`counts ${seconds} s in bucket ${bucket}: ${meaning}`, () => {
      const durations = newDurations();
      timed(durations, seconds);
      expect(durations.counts.findIndex(n => n === 1)).to.equal(bucket);
      expect(timesIn(durations)).to.equal(1);
      expect(durations.sum).to.equal(Math.max(0, seconds));
    });
  }

  it('have bounds that ascend', () => {
    expect(BOUNDS.every((bound, at) => at === 0 || bound > BOUNDS[at - 1]!)).to.equal(true);
  });

  it('add up', () => {
    const [a, b] = [newDurations(), newDurations()];
    timed(a, 0.5);
    timed(b, 0.5);
    timed(b, 99);
    addDurations(a, b);
    expect([timesIn(a), a.counts[8], a.counts[LAST], a.sum]).to.deep.equal([3, 2, 1, 100]);
    expect(timesIn(b)).to.equal(2);
  });
});

describe('the class of a status', () => {
  const rows: readonly (readonly [status: number | undefined, is: string])[] = [
    [undefined, 'none'],
    [101, '1xx'],
    [200, '2xx'],
    [304, '3xx'],
    [499, '4xx'],
    [500, '5xx'],
    [599, '5xx'],
    [600, 'none'],
    [0, 'none'],
    [Number.NaN, 'none'],
  ];
  for (const [status, is] of rows) {
    it(`of ${status} is ${is}`, () => {
      expect(statusClasses[classIndexOf(status)]).to.equal(is);
    });
  }
});
