import { expect } from 'chai';
import { freshSight, looked, mayLead, mustGiveUp, type Seen } from '../../../src/registry/sight.js';

const leads: Seen = { own: 4, most: 4, isLeading: true, hasLeader: true };
const outseen: Seen = { ...leads, own: 1 };
const led: Seen = { ...outseen, isLeading: false };
const leaderless: Seen = { ...led, hasLeader: false };

/** After so many looks, a second after each other, each of which saw the same. */
const after = (...looks: readonly (readonly [times: number, seen: Seen])[]) =>
  looks
    .flatMap(([times, seen]) => Array<Seen>(times).fill(seen))
    .reduce((sight, seen, second) => looked(sight, seen, second * 1000), freshSight);

describe('A control that sees fewer workers than another', () => {
  it('gives the lead up when the other has seen more than twice as many for five seconds', () => {
    expect(mustGiveUp(after([1, leads], [5, outseen]))).to.equal(false);
    expect(mustGiveUp(after([1, leads], [6, outseen]))).to.equal(true);
    expect(mustGiveUp(after([20, { ...leads, own: 0, most: 1 }]))).to.equal(true);
  });

  it('keeps the lead while the other sees no more than twice as many', () => {
    expect(mustGiveUp(after([20, { ...outseen, own: 2 }]))).to.equal(false);
  });

  it('keeps the lead where nobody sees any, or nobody else lives', () => {
    expect(mustGiveUp(after([20, { ...leads, own: 0, most: 0 }]))).to.equal(false);
  });

  it('keeps the lead if its workers come back in time', () => {
    const back = after([1, leads], [5, outseen], [1, leads], [5, outseen]);
    expect(mustGiveUp(back)).to.equal(false);
  });

  it('lets others lead first for three seconds', () => {
    expect(mayLead(after([9, led], [3, leaderless]))).to.equal(false);
    expect(mayLead(after([9, led], [4, leaderless]))).to.equal(true);
    expect(mayLead(after([9, led], [3, leaderless], [1, led], [3, leaderless]))).to.equal(false);
    expect(mayLead(after([3, led], [1, leaderless])), 'not yet').to.equal(true);
  });

  it('keeps the lead that nobody else wanted, until it sees as many again', () => {
    const elected = [
      [9, led],
      [4, leaderless],
      [20, outseen],
    ] as const;
    expect(mustGiveUp(after(...elected))).to.equal(false);
    expect(mustGiveUp(after(...elected, [1, leads], [6, outseen]))).to.equal(true);
  });
});
