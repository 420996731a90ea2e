import { expect } from 'chai';
import fc from 'fast-check';
import { Census, MOST_SLOTS } from '../../../src/control/census.js';
import { LeastNumbers } from '../../../src/control/least-numbers.js';
import { versionId } from '../../../src/kernel/ids.js';
import { MOST_SESSION_NUMBERS, SESSION_SLOT } from '../../../src/wire/report.js';
import { draws } from '../../support/draws.js';

const NOW = 1_800_000_000;
const v1 = versionId('v1');
const v2 = versionId('v2');
/** A cookie is set anew each second then, and lasts for 11 s. */
const timeout = 10;
const present = { now: NOW, timeout };
const none = { count: 0, isExact: true, endIn: 0 };

describe('a census of sessions', () => {
  it('counts each session once, whichever worker saw it, and in which slot', () => {
    const census = new Census();
    census.add(v1, [{ at: NOW - 10, sessions: [1, 2] }], NOW);
    census.add(v1, [{ at: NOW, sessions: [2, 3] }], NOW);
    census.add(v1, [{ at: NOW, sessions: [3, 4] }], NOW);
    expect(census.live(v1, present)).to.deep.equal({ count: 4, isExact: true, endIn: 20 });
    expect(census.live(v2, present)).to.deep.equal(none);
  });

  // The session may have been seen in the last second of its slot.
  for (const [ago, count] of [
    [0, 1],
    [SESSION_SLOT - 1 + 10, 1],
    [SESSION_SLOT - 1 + 11, 0],
  ] as const) {
    it(`counts ${String(count)} session ${String(ago)} s after its slot began`, () => {
      const census = new Census();
      census.add(v1, [{ at: NOW - ago, sessions: [1] }], NOW);
      expect(census.live(v1, present).count).to.equal(count);
      expect(census.hasLive(v1, present)).to.equal(count === 1);
      census.sweep([v1], present);
      expect(census.live(v1, present).count).to.equal(count);
    });
  }

  it('forgets for good what a sweep finds ended, and versions that there are no more', () => {
    const census = new Census();
    census.add(v1, [{ at: NOW - 20, sessions: [1] }], NOW);
    census.add(v2, [{ at: NOW, sessions: [1] }], NOW);
    census.sweep([v1], present);
    const longer = { now: NOW, timeout: 1000 };
    expect([census.hasLive(v1, longer), census.hasLive(v2, longer)]).to.deep.equal([false, false]);
  });

  it('believes no clock that is ahead', () => {
    const census = new Census();
    census.add(v1, [{ at: NOW + 100_000, sessions: [1] }], NOW);
    expect(census.live(v1, present).endIn).to.equal(20);
  });

  it('makes no slot for nobody', () => {
    const census = new Census();
    census.add(v1, [{ at: NOW, sessions: [] }], NOW);
    expect(census.live(v1, present)).to.deep.equal(none);
  });

  it('tells 120,000 sessions of three workers from samples, to a tenth', () => {
    const census = new Census();
    const chance = draws(7);
    for (let worker = 0; worker < 3; worker++) {
      const all = Array.from({ length: 40_000 }, () => Math.floor(chance() * 2 ** 48));
      const least = all.toSorted((a, b) => a - b).slice(0, MOST_SESSION_NUMBERS);
      census.add(v1, [{ at: NOW - 10 * worker, sessions: least }], NOW);
    }
    const { count, isExact } = census.live(v1, { now: NOW, timeout: 100 });
    expect(isExact).to.equal(false);
    expect(count).to.be.closeTo(120_000, 12_000);
  });

  it('is exact up to one less than a sample holds', () => {
    const upTo = (n: number) => {
      const census = new Census();
      census.add(v1, [{ at: NOW, sessions: Array.from({ length: n }, (_, at) => at + 1) }], NOW);
      return census.live(v1, present).isExact;
    };
    expect([upTo(MOST_SESSION_NUMBERS - 1), upTo(MOST_SESSION_NUMBERS)]).to.deep.equal([
      true,
      false,
    ]);
  });

  it('loses no session of a day at a coarser resolution, and lets them end', () => {
    const census = new Census();
    const day = { now: NOW, timeout: 86_400 };
    const slots = 8000;
    for (let slot = slots - 1; slot >= 0; slot--) {
      // One session each: all of them fit into one sample where only some are alive.
      census.add(v1, [{ at: NOW - slot * SESSION_SLOT, sessions: [slot] }], NOW);
    }
    expect(census.live(v1, day)).to.include({ isExact: false, endIn: 86_400 + 60 + 9 });
    const later = { now: NOW + 86_400 - 5000, timeout: 86_400 };
    const coarsest = Math.ceil((slots / MOST_SLOTS) * 2) + 1;
    expect(census.live(v1, later).count).to.be.within(500, 507 + coarsest);
    expect(census.live(v1, { ...later, now: NOW + 86_400 + 69 })).to.deep.equal(none);
  });
});

describe('the least numbers', () => {
  it('are the same as by sorting, in any order and grouping', () => {
    const lists = fc.array(fc.array(fc.nat(50), { maxLength: 30 }), { maxLength: 10 });
    fc.assert(
      fc.property(lists, groups => {
        const least = new LeastNumbers(8);
        for (const group of groups) least.add(group);
        const sorted = [...new Set(groups.flat())].sort((a, b) => a - b).slice(0, 8);
        expect(least.list.toSorted((a, b) => a - b)).to.deep.equal(sorted);
      }),
    );
  });
});
