import { expect } from 'chai';
import { share } from '../../../src/kernel/ids.js';
import { RetryBudget, usualBudget } from '../../../workers/rescue/budget.js';

const terms = { share: 0.2, perSecond: 10, window: 10_000 };

/** How many attempts it allows one after the other. */
function drained(budget: RetryBudget, now: number): number {
  let spent = 0;
  for (; budget.allows(now) && spent < 10_000; spent++) budget.spend(now);
  return spent;
}

describe('RetryBudget', () => {
  it('allows the minimum of a window where there was no request', () => {
    expect(drained(new RetryBudget(terms), 0)).to.equal(100); // 10 a second for 10 seconds
  });

  it('allows a share of the requests besides', () => {
    const budget = new RetryBudget(terms);
    for (let n = 0; n < 1000; n++) budget.request(0);
    expect(drained(budget, 0)).to.equal(300);
  });

  it('allows nothing where share and minimum are 0', () => {
    const budget = new RetryBudget({ ...terms, share: 0, perSecond: 0 });
    budget.request(0);
    expect(budget.allows(0)).to.be.false;
  });

  it('forgets requests', () => {
    const budget = new RetryBudget({ ...terms, perSecond: 0 });
    for (let n = 0; n < 1000; n++) budget.request(0);
    expect(drained(budget, 10_000)).to.equal(73); // 200 / e
  });

  it('forgets what was spent', () => {
    const budget = new RetryBudget(terms);
    drained(budget, 0);
    expect(budget.allows(0)).to.be.false;
    expect(drained(budget, 10_000)).to.equal(63); // 100 - 100 / e
    expect(drained(budget, 1_000_000)).to.equal(100);
  });

  it('allows in the long run the share of the requests and the minimum', () => {
    const budget = new RetryBudget(terms);
    let spent = 0;
    for (let now = 0; now < 200_000; now++) {
      budget.request(now); // 1000 a second, all of which fail
      if (!budget.allows(now)) continue;
      budget.spend(now);
      if (now >= 100_000) spent += 1;
    }
    expect(spent / 100).to.be.closeTo(210, 1); // a second: 20 % of 1000, and 10
  });

  it('rescues everything for nearly two seconds when a steady load begins to fail', () => {
    const budget = new RetryBudget(usualBudget);
    for (let now = 0; now < 100_000; now++) budget.request(now);
    let now = 100_000;
    for (; budget.allows(now); now++) {
      budget.request(now);
      budget.spend(now);
    }
    expect(now - 100_000).to.be.within(1800, 2800);
  });

  it('takes time that goes back for time that stands', () => {
    const budget = new RetryBudget(terms);
    drained(budget, 1000);
    expect(budget.allows(0)).to.be.false;
    expect(budget.allows(1000)).to.be.false;
  });

  it('gives a worker its part of the pool, and the share of its own requests whole', () => {
    const budget = new RetryBudget(terms, share(0.25));
    expect(drained(budget, 0)).to.equal(25);
    for (let n = 0; n < 100; n++) budget.request(0);
    expect(drained(budget, 0)).to.equal(20);
    budget.part = share(0.5);
    expect(drained(budget, 0)).to.equal(25);
    budget.part = share(0.1);
    expect(budget.allows(0)).to.be.false;
  });

  it('tells how much of the pool was used, beyond the share of the requests', () => {
    const budget = new RetryBudget(terms);
    for (let n = 0; n < 100; n++) budget.request(0);
    for (let n = 0; n < 20; n++) budget.spend(0);
    expect(budget.used(0)).to.equal(0);
    for (let n = 0; n < 10; n++) budget.spend(0);
    expect(budget.used(0)).to.equal(0.1);
    expect(budget.used(10_000)).to.be.closeTo(0.1 / Math.E, 1e-9);
  });

  it('has used nothing of a pool that is empty, and wants nothing of it', () => {
    const budget = new RetryBudget({ ...terms, share: 0, perSecond: 0 });
    budget.spend(0);
    expect(budget.allows(0)).to.be.false;
    expect(budget.used(0)).to.equal(0);
    expect(budget.wants(0)).to.be.false;
  });

  it('wants more for a second after it has refused an attempt', () => {
    const budget = new RetryBudget(terms, share(0.01));
    budget.spend(0);
    expect(budget.wants(0)).to.be.false;
    expect(budget.allows(0)).to.be.false;
    expect(budget.wants(999)).to.be.true;
    expect(budget.wants(1000)).to.be.false;
  });
});
