import { expect } from 'chai';
import type { NewVersion } from '../../../src/versions/routing-table.js';
import { draws } from '../../support/draws.js';
import { tallyOf, ok, failing } from '../verdict/seen.js';
import type { Observation } from '../../../src/wire/observation.js';
import { v1, v2, World } from './overseer-world.js';

const SEED = 20_300_101;
const WORKERS = ['a', 'b', 'c'];
const gradual = { mode: 'GRADUAL', percentageTransitionPerRequest: 0.05 } as const;

type Draw = (chance: () => number) => Observation;

/** Fails now and then, and its delays are spread exponentially. */
const noisy: Draw = chance =>
  chance() < 0.02 ? failing : { ...ok, delay: -10 * Math.log(1 - chance()) };

interface End {
  readonly isDemoted: boolean;
  /** Of the newer version, until then. */
  readonly exchanges: number;
}

/** An upgrade under uneven load from several workers, the newer version having the share that it has. */
function upgraded(newer: Draw, transition: NewVersion['transition'], chance: () => number): End {
  const world = new World();
  const drawn = (n: number, draw: Draw) =>
    tallyOf(...Array.from({ length: n }, () => draw(chance)));
  for (let look = 0; look < 20; look++) {
    world.report('a', { version: v1, tally: drawn(30, noisy) });
    world.tick();
  }
  world.add(v2, transition);
  let exchanges = 0;
  for (let look = 0; look < LOOKS; look++) {
    for (const worker of WORKERS) {
      const load = Math.floor(chance() * 10);
      const share = transition.mode === 'CONCURRENT' ? 1 : (world.overseer.progressOf(v2) ?? 0);
      const moved = Array.from({ length: load }, chance).filter(at => at < share).length;
      const stays = transition.mode === 'CONCURRENT' ? load : load - moved;
      exchanges += moved;
      world.report(
        worker,
        { version: v2, counted: load, tally: drawn(moved, newer) },
        { version: v1, tally: drawn(stays, noisy) },
      );
    }
    world.tick();
    if (world.stateOf(v2)?.name === 'demoted') return { isDemoted: true, exchanges };
  }
  return { isDemoted: false, exchanges };
}

/** Looks of an upgrade that nothing is found wrong with. */
const LOOKS = 120;
/** Upgrades; at one false alarm in a thousand not one is to be expected. */
const RUNS = 15;

describe(`the overseer over simulated upgrades (seed ${String(SEED)})`, function () {
  this.timeout(60_000);

  for (const transition of [gradual, { mode: 'INSTANT' }, { mode: 'CONCURRENT' }] as const) {
    it(`demotes a healthy version under noisy load in none of ${String(RUNS)} upgrades: ${transition.mode}`, () => {
      const chance = draws(SEED);
      const ends = Array.from({ length: RUNS }, () => upgraded(noisy, transition, chance));
      const alarms = ends.filter(({ isDemoted }) => isDemoted).length;
      const exchanges = ends.reduce((sum, end) => sum + end.exchanges, 0);
      if (process.env['SHOW']) console.log({ mode: transition.mode, alarms, RUNS, exchanges });
      expect(exchanges).to.be.above(RUNS * 100);
      expect(alarms).to.equal(0);
    });
  }

  for (const [what, draw, mode, most] of [
    ['always fails', () => failing, 'INSTANT', 60],
    ['always fails', () => failing, 'CONCURRENT', 40],
    ['fails every fifth time', c => (c() < 0.2 ? failing : noisy(c)), 'INSTANT', 500],
    ['is ten times slower', c => slower(noisy(c)), 'INSTANT', 100],
    ['answers with nothing', c => ({ ...noisy(c), bytes: 0 }), 'INSTANT', 60],
    ['answers differently', () => ({ ...ok, outcome: 'different' }), 'CONCURRENT', 40],
  ] as const satisfies readonly (readonly [string, Draw, 'INSTANT' | 'CONCURRENT', number])[]) {
    it(`demotes within ${String(most)} exchanges a version that ${what}: ${mode}`, () => {
      const chance = draws(SEED);
      const ends = Array.from({ length: 5 }, () => upgraded(draw, { mode }, chance));
      expect(ends.map(({ isDemoted }) => isDemoted)).to.deep.equal(ends.map(() => true));
      expect(Math.max(...ends.map(({ exchanges }) => exchanges))).to.be.at.most(most);
    });
  }

  it('demotes in GRADUAL a version that always fails while few have moved', () => {
    const chance = draws(SEED);
    for (let run = 0; run < 5; run++) {
      const { isDemoted, exchanges } = upgraded(() => failing, gradual, chance);
      expect([isDemoted, exchanges < 60]).to.deep.equal([true, true]);
    }
  });
});

const slower = (observation: Observation): Observation => ({
  ...observation,
  delay: observation.delay * 10,
});
