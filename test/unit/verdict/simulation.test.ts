import { expect } from 'chai';
import { newTally, type Tally } from '../../../src/verdict/tally.js';
import { noEvidence, verdict, weighed, type Verdict } from '../../../src/verdict/verdict.js';
import type { Observation } from '../../../src/wire/observation.js';
import { draws } from '../../support/draws.js';
import { failing, many, ok, policy, tallyOf } from './seen.js';

const SEED = 20_240_607;

type Draw = (chance: () => number) => Observation;
interface World {
  readonly newer: Draw;
  readonly stable?: Draw;
  readonly typical?: Tally;
  readonly exchanges: number;
  /** Of each side. */
  readonly block: number;
}

const failingAt =
  (share: number): Draw =>
  chance =>
    chance() < share ? failing : ok;

/** Delays are spread exponentially. */
const delayed =
  (mean: number): Draw =>
  chance => ({ ...ok, delay: -mean * Math.log(1 - chance()) });

/** The first verdict that is not inconclusive, or the last, looking after every block. */
function judged(world: World, chance: () => number): { verdict: Verdict; exchanges: number } {
  const typical = world.typical ?? newTally();
  let evidence = noEvidence;
  let last = verdict(evidence, policy);
  const drawn = (draw: Draw | undefined) =>
    tallyOf(
      ...Array.from({ length: draw === undefined ? 0 : world.block }, () => draw?.(chance) ?? ok),
    );
  for (let exchanges = world.block; exchanges <= world.exchanges; exchanges += world.block) {
    const seen = { newer: drawn(world.newer), stable: drawn(world.stable), typical };
    evidence = weighed(evidence, seen, policy);
    last = verdict(evidence, policy);
    if (last.kind === 'unhealthy') return { verdict: last, exchanges };
  }
  return { verdict: last, exchanges: world.exchanges };
}

/** An upper bound that a binomial number exceeds once in a thousand times. */
const bound = (runs: number, share: number) =>
  runs * share + 3.1 * Math.sqrt(runs * share * (1 - share));

describe(`verdicts over simulated exchanges (seed ${String(SEED)})`, function () {
  this.timeout(20_000);

  // The last row is the edge of what is tolerated.
  for (const [share, more] of [
    [0, 0],
    [0.01, 0],
    [0.2, 0],
    [0.01, policy.tolerance],
  ] as const) {
    it(`alarms no oftener than agreed where one fails at ${String(share)} and the newer at ${String(more)} more`, () => {
      const [chance, runs] = [draws(SEED), 150];
      let alarms = 0;
      for (let run = 0; run < runs; run++) {
        const [newer, stable] = [failingAt(share + more), failingAt(share)];
        const end = judged({ newer, stable, exchanges: 1000, block: 10 }, chance);
        if (end.verdict.kind === 'unhealthy') alarms++;
      }
      expect(alarms).to.be.at.most(bound(runs, policy.falseAlarms));
    });
  }

  it('alarms no oftener than agreed against typical values alone', () => {
    const [chance, runs] = [draws(SEED), 100];
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const draw: Draw = at => (at() < 0.05 ? failing : delayed(10)(at));
      const typical = tallyOf(...Array.from({ length: 300 }, () => draw(chance)));
      const end = judged({ newer: draw, typical, exchanges: 500, block: 10 }, chance);
      if (end.verdict.kind === 'unhealthy') alarms++;
    }
    if (process.env['SHOW']) console.log({ alone: alarms });
    expect(alarms).to.be.at.most(bound(runs, policy.falseAlarms));
  });

  const known = many(300, ok);
  const usual = tallyOf(
    ...Array.from(
      { length: 300 },
      (
        chance => () =>
          delayed(10)(chance)
      )(draws(SEED)),
    ),
  );
  const worse: readonly (readonly [string, Omit<World, 'exchanges'>, string, number])[] = [
    [
      'failing always, beside none',
      { newer: failingAt(1), stable: failingAt(0), block: 1 },
      'failures',
      30,
    ],
    [
      'failing always, typical none',
      { newer: failingAt(1), typical: known, block: 1 },
      'failures',
      30,
    ],
    ['failing always, nothing known', { newer: failingAt(1), block: 1 }, 'failures', 30],
    [
      'failing at 0.1, beside 0.01',
      { newer: failingAt(0.1), stable: failingAt(0.01), block: 1 },
      'failures',
      500,
    ],
    [
      'failing at 0.1, typical none',
      { newer: failingAt(0.1), typical: known, block: 1 },
      'failures',
      400,
    ],
    [
      'slower threefold, beside',
      { newer: delayed(30), stable: delayed(10), typical: usual, block: 1 },
      'delay',
      300,
    ],
    ['slower threefold, typical', { newer: delayed(30), typical: usual, block: 1 }, 'delay', 300],
    [
      'thrice the size',
      { newer: () => ({ ...ok, bytes: 3000 }), stable: () => ok, typical: known, block: 1 },
      'size',
      30,
    ],
    ['empty answers', { newer: () => ({ ...ok, bytes: 0 }), typical: known, block: 1 }, 'size', 30],
    [
      'different answers',
      { newer: () => ({ ...ok, outcome: 'different' }), stable: () => ok, block: 1 },
      'answers',
      30,
    ],
  ];
  for (const [name, world, signal, most] of worse) {
    it(`finds it within ${String(most)} exchanges: ${name}`, () => {
      const chance = draws(SEED);
      const ends = Array.from({ length: 30 }, () => judged({ ...world, exchanges: 1000 }, chance));
      const slowest = Math.max(...ends.map(end => end.exchanges));
      const found = ends.filter(end => end.verdict.kind === 'unhealthy').length;
      expect(ends[0]?.verdict).to.include({ kind: 'unhealthy', signal });
      expect([found, slowest <= most]).to.deep.equal([30, true]);
    });
  }

  it('finds within 25 exchanges that a version turned bad after 5000 good ones', () => {
    const typical = newTally();
    let evidence = noEvidence;
    for (let block = 0; block < 500; block++) {
      evidence = weighed(evidence, { newer: many(10, ok), stable: many(10, ok), typical }, policy);
    }
    expect(verdict(evidence, policy)).to.deep.equal({ kind: 'healthy' });
    let bad = 0;
    while (verdict(evidence, policy).kind === 'healthy' && bad < 1000) {
      bad++;
      evidence = weighed(
        evidence,
        { newer: many(1, failing), stable: many(1, ok), typical },
        policy,
      );
    }
    if (process.env['SHOW']) console.log({ late: bad });
    expect(bad).to.be.at.most(25);
  });
});
