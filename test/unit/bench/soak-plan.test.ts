import { expect } from 'chai';
import fc from 'fast-check';
import { chanceOf, changes, rounds, shuffled, timingOf } from '../../../bench/soak/plan.js';

const firstOf = (seed: number, count: number) => {
  const plan = rounds(changes, chanceOf(seed, 'changes'));
  return Array.from({ length: count }, () => plan.next().value);
};

describe('the plan of a soak', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(firstOf(1, 40)).to.deep.equal(firstOf(1, 40));
    expect(firstOf(1, 40)).not.to.deep.equal(firstOf(2, 40));
  });

  it('lets everything happen in each round, in another order', () => {
    const [first, second] = [firstOf(3, 16).slice(0, 8), firstOf(3, 16).slice(8)];
    expect(first).to.have.members([...changes]);
    expect(second).to.have.members([...changes]);
    expect(first).not.to.deep.equal(second);
  });

  it('draws for one purpose whatever was drawn for others', () => {
    const [one, other] = [chanceOf(5, 'one'), chanceOf(5, 'other')];
    const alone = [one(), one()];
    const again = chanceOf(5, 'one');
    other();
    expect([again(), again()]).to.deep.equal(alone);
  });

  it('draws evenly, below 1', () => {
    const chance = chanceOf(9, 'any');
    const drawn = Array.from({ length: 2000 }, chance);
    expect(Math.max(...drawn)).to.be.below(1);
    expect(drawn.reduce((sum, each) => sum + each, 0) / 2000).to.be.closeTo(0.5, 0.03);
  });

  it('loses nothing when it shuffles', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 0 }), (list, seed) => {
        expect(shuffled(list, chanceOf(seed, ''))).to.have.members(list);
      }),
    );
  });

  const minute = 60_000;
  for (const [during, look, warmUp, restart, what] of [
    [minute, 1000, 10_000, 15_000, 'a minute: everything is restarted three times'],
    [5 * minute, 2000, 30_000, minute, 'five minutes'],
    [60 * minute, 24_000, 6 * minute, 12 * minute, 'an hour'],
    [600 * minute, minute, 10 * minute, 30 * minute, 'a night: processes live for half an hour'],
  ] as const) {
    it(`has times for ${what}`, () => {
      expect(timingOf(during)).to.deep.equal({ look, warmUp, restart });
    });
  }
});
