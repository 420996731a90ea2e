import { expect } from 'chai';
import fc from 'fast-check';
import { isNews, partsFor, type Holder } from '../../../src/control/budget-parts.js';
import { share } from '../../../src/kernel/ids.js';

const holder = (
  about: Partial<Record<'part' | 'used' | 'told', number>>,
  wants = false,
): Holder => ({
  part: share(about.part ?? 0),
  used: share(about.used ?? 0),
  told: about.told === undefined ? undefined : share(about.told),
  wants,
});

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);

describe('partsFor', () => {
  it('gives everybody as much where nobody has any', () => {
    expect(partsFor([holder({}), holder({})], 0)).to.deep.equal([0.5, 0.5]);
    expect(partsFor([holder({})], 0)).to.deep.equal([1]);
    expect(partsFor([], 0)).to.deep.equal([]);
  });

  it('takes from who has too much first, and gives it away when that one knows', () => {
    const greedy = holder({ part: 1 });
    expect(partsFor([greedy, holder({})], 0)).to.deep.equal([0.5, 0]);
    const told = holder({ part: 1, told: 0.5 });
    expect(partsFor([told, holder({ told: 0 })], 0)).to.deep.equal([0.5, 0], 'is on its way');
    const knows = holder({ part: 0.5, told: 0.5 });
    expect(partsFor([knows, holder({ told: 0 })], 0)).to.deep.equal([0.5, 0.5]);
  });

  it('counts as held what was given, before it is said to be there', () => {
    const given = holder({ part: 0, told: 0.6 });
    expect(partsFor([given, holder({ part: 0.4, told: 0.4 })], 0)).to.deep.equal([0.5, 0.4]);
  });

  it('leaves to everybody what it has used', () => {
    const spent = holder({ part: 0.5, used: 0.4 });
    const [whoSpent, other] = partsFor([spent, holder({ part: 0.3, told: 0.3 })], 0);
    expect(whoSpent).to.be.closeTo(0.7, 1e-9);
    expect(other).to.be.closeTo(0.3, 1e-9);
  });

  it('gives half of what is free to those that want it, and the other half to all', () => {
    const parts = partsFor([holder({}, true), holder({}), holder({}), holder({})], 0);
    expect(parts).to.deep.equal([0.625, 0.125, 0.125, 0.125]);
  });

  it('gives everybody as much where all want it', () => {
    expect(partsFor([holder({}, true), holder({}, true)], 0)).to.deep.equal([0.5, 0.5]);
  });

  it('gives nothing away that was lost with those that have gone', () => {
    expect(partsFor([holder({}), holder({})], 0.5)).to.deep.equal([0.25, 0.25]);
    expect(partsFor([holder({ part: 0.5 })], 1)).to.deep.equal([0]);
  });

  it('never lets all together have more than the whole, whatever was read and said', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const world = fc.record({
      /** For each worker: of its last part how much it has used; whether it wants more; what it does next. */
      steps: fc.array(
        fc.record({
          worker: fc.nat({ max: 4 }),
          does: fc.constantFrom('spends', 'says', 'hears', 'fades', 'wants'),
          by: part,
        }),
        { maxLength: 200 },
      ),
    });
    fc.assert(
      fc.property(world, ({ steps }) => {
        const workers = Array.from({ length: 5 }, () => ({
          part: 0.2,
          used: 0,
          wants: false,
          said: holder({ part: 0.2 }),
          told: undefined as number | undefined,
          inbox: [] as number[],
        }));
        for (const { worker: at, does, by } of steps) {
          const worker = workers[at]!;
          if (does === 'spends') worker.used = Math.max(worker.used, by * worker.part);
          if (does === 'fades') worker.used *= by;
          if (does === 'wants') worker.wants = by > 0.5;
          if (does === 'says') worker.said = holder({ ...worker, told: 0 }, worker.wants);
          if (does === 'hears') worker.part = worker.inbox.shift() ?? worker.part;
          const holders = workers.map(({ said, told }) => ({
            ...said,
            told: told === undefined ? undefined : share(told),
          }));
          for (const [n, next] of partsFor(holders, 0).entries()) {
            if (next === (workers[n]!.told ?? workers[n]!.said.part)) continue;
            workers[n]!.told = next;
            workers[n]!.inbox.push(next);
          }
          expect(sum(workers.map(each => each.part))).to.be.at.most(1 + 1e-9);
          // What was used when the part was larger fades by itself.
          expect(sum(workers.map(each => each.used))).to.be.at.most(1 + 1e-9);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('isNews', () => {
  it('tells who has not been told anything', () => {
    expect(isNews({ told: undefined, part: share(0.5) }, share(0.5))).to.be.true;
  });

  it('tells a part that is another by more than a tenth', () => {
    expect(isNews({ told: share(0.5), part: share(0) }, share(0.46))).to.be.false;
    expect(isNews({ told: share(0.5), part: share(0) }, share(0.44))).to.be.true;
    expect(isNews({ told: share(0), part: share(0) }, share(0.01))).to.be.true;
    expect(isNews({ told: share(0), part: share(0) }, share(0))).to.be.false;
  });
});
