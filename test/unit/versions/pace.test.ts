import { expect } from 'chai';
import fc from 'fast-check';
import type { UpgradeTransition } from '../../../src/config/cluster.js';
import { share } from '../../../src/kernel/ids.js';
import { shareAfter, stepReached } from '../../../src/versions/pace.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const byRequests = (percentageTransitionPerRequest: number): UpgradeTransition => ({
  mode: 'GRADUAL',
  percentageTransitionPerRequest,
});
const within = (duration: string): UpgradeTransition => ({ mode: 'GRADUAL', duration });

describe('shareAfter', () => {
  for (const { step, counted, from, to, why } of [
    { step: 0.5, counted: 0, from: 0, to: 0, why: 'nothing yet' },
    { step: 0.5, counted: 50, from: 0, to: 0.25, why: 'half a percent each' },
    { step: 0.5, counted: 50, from: 0.5, to: 0.75, why: 'goes on from where it was' },
    { step: 100, counted: 1, from: 0, to: 1, why: 'one request moves all' },
    { step: 1, counted: 1000, from: 0.5, to: 1, why: 'never over 1' },
    { step: 1, counted: -10, from: 0.5, to: 0.5, why: 'never falls' },
  ]) {
    it(`by ${step} % a request, ${counted} after ${from}: ${to} (${why})`, () => {
      const passed = { counted, elapsed: 5 * DAY };
      expect(shareAfter(byRequests(step), passed, share(from))).to.equal(to);
    });
  }

  for (const { duration, elapsed, from, to, why } of [
    { duration: '14d', elapsed: 0, from: 0, to: 0, why: 'nothing yet' },
    { duration: '14d', elapsed: 7 * DAY, from: 0, to: 0.5, why: 'days' },
    { duration: '2h', elapsed: 30 * MINUTE, from: 0.25, to: 0.5, why: 'hours, from where it was' },
    { duration: '10m', elapsed: 2.5 * MINUTE, from: 0, to: 0.25, why: 'minutes' },
    { duration: '40s', elapsed: 10_000, from: 0, to: 0.25, why: 'seconds' },
    { duration: '1s', elapsed: DAY, from: 0, to: 1, why: 'never over 1' },
    { duration: '1d', elapsed: -HOUR, from: 0.5, to: 0.5, why: 'never falls' },
  ]) {
    it(`within ${duration}, ${elapsed} ms after ${from}: ${to} (${why})`, () => {
      expect(shareAfter(within(duration), { counted: 9, elapsed }, share(from))).to.equal(to);
    });
  }

  for (const { transition, to } of [
    { transition: { mode: 'INSTANT' }, to: 1 },
    { transition: { mode: 'SESSION', sessionTimeout: 60 }, to: 1 },
    { transition: { mode: 'CONCURRENT' }, to: 0 },
  ] as const) {
    it(`is ${to} for ${transition.mode}, whatever has passed`, () => {
      for (const passed of [
        { counted: 0, elapsed: 0 },
        { counted: 1000, elapsed: DAY },
      ]) {
        expect(shareAfter(transition, passed, share(0))).to.equal(to);
      }
    });
  }

  for (const { steps, counted, from, to, why } of [
    { steps: [10, 50], counted: 9, from: 0, to: 0, why: 'below the first' },
    { steps: [10, 50], counted: 10, from: 0, to: 0.1, why: 'reaches the first' },
    { steps: [10, 50], counted: 49, from: 0, to: 0.1, why: 'between two' },
    { steps: [10, 50], counted: 99, from: 0, to: 0.5, why: 'the last of the list' },
    { steps: [10, 50], counted: 100, from: 0, to: 1, why: '100 % need not be listed' },
    { steps: [10, 100], counted: 99, from: 0, to: 0.1, why: '100 % is listed' },
    { steps: [], counted: 99, from: 0, to: 0, why: 'all at once' },
    { steps: [], counted: 100, from: 0, to: 1, why: 'all at once' },
    { steps: [10, 50], counted: 1, from: 0.3, to: 0.3, why: 'was beyond the step before' },
  ]) {
    it(`steps [${steps.join()}], ${counted} % after ${from}: ${to} (${why})`, () => {
      const passed = { counted, elapsed: 0 };
      expect(shareAfter(byRequests(1), passed, share(from), steps)).to.equal(to);
    });
  }

  it('grows, or stays, with whatever passes', () => {
    const transition = fc.oneof(
      fc.integer({ min: 1, max: 1000 }).map(each => byRequests(each / 10)),
      fc.constantFrom('30s', '10m', '2h', '14d').map(within),
    );
    const passed = fc.record({ counted: fc.nat(2000), elapsed: fc.nat(15 * DAY) });
    const steps = fc.option(
      fc
        .uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 5 })
        .map(each => each.sort((a, b) => a - b)),
      { nil: undefined },
    );
    const from = fc.integer({ min: 0, max: 100 }).map(each => share(each / 100));
    fc.assert(
      fc.property(transition, passed, passed, from, steps, (each, first, more, began, listed) => {
        const later = {
          counted: first.counted + more.counted,
          elapsed: first.elapsed + more.elapsed,
        };
        const then = shareAfter(each, first, began, listed);
        const now = shareAfter(each, later, began, listed);
        expect(then).to.be.within(began, 1);
        expect(now).to.be.within(then, 1);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what the schema lets through to nobody', () => {
    const passed = { counted: 1, elapsed: 1 };
    expect(() => shareAfter({ mode: 'GRADUAL' }, passed, share(0))).to.throw(TypeError, 'pace');
    expect(() => shareAfter(within('14y'), passed, share(0))).to.throw(TypeError, '14y');
  });
});

describe('stepReached', () => {
  for (const { reached, steps, to } of [
    { reached: 0.37, steps: undefined, to: 0.37 },
    { reached: 0.37, steps: [5, 25, 50], to: 0.25 },
    { reached: 0.04, steps: [5, 25, 50], to: 0 },
    { reached: 0.07, steps: [7], to: 0.07 }, // 7 / 100 is the same double
    { reached: 1, steps: [5], to: 1 },
  ]) {
    it(`${reached} of [${steps?.join() ?? 'no steps'}]: ${to}`, () => {
      expect(stepReached(share(reached), steps)).to.equal(to);
    });
  }
});
