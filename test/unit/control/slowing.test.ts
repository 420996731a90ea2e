import { expect } from 'chai';
import { slowedAfter } from '../../../src/control/slowing.js';

describe('a control that is too busy', () => {
  const after = (...busy: readonly number[]) => busy.reduce(slowedAfter, 1);

  it('wants half as many reports, and half of these again', () => {
    expect([after(0.79), after(0.81), after(0.9, 0.9), after(1, 1, 1)]).to.deep.equal([1, 2, 4, 8]);
    expect(after(...Array<number>(20).fill(1))).to.equal(16);
  });

  it('leaves it at that while it is neither busy nor at ease, and goes back as it came', () => {
    expect([after(1, 0.6, 0.6), after(1, 1, 0.4), after(1, 0.4, 0.4)]).to.deep.equal([2, 2, 1]);
  });
});
