/** What happens in a soak, in which order, and how often. Pure. */
import { createHash } from 'node:crypto';

/** What versions and their servers go through: always one of them, all the time. */
export const changes = [
  'INSTANT',
  'SESSION',
  'GRADUAL',
  'CONCURRENT',
  'bad answers',
  'crash',
  'abort',
  'server restart',
] as const;

/** What Cutover's own processes go through: seldom, so that they live long enough to be judged. */
export const restarts = [
  'worker killed',
  'workers reloaded',
  'everything reloaded',
  'control killed',
] as const;

export type Change = (typeof changes)[number];
export type Restart = (typeof restarts)[number];
export type Happening = Change | Restart;

/** In [0, 1). */
export type Chance = () => number;

/** The same numbers for the same seed and purpose, on every machine. */
export function chanceOf(seed: number, purpose: string): Chance {
  let drawn = 0;
  return () => {
    drawn += 1;
    const hash = createHash('sha256').update(`${seed} ${purpose} ${drawn}`).digest();
    return hash.readUInt32BE() / 2 ** 32;
  };
}

/** All of `what` in a drawn order, then all again in another one, without end. */
export function* rounds<What>(what: readonly What[], chance: Chance): Generator<What, never> {
  for (;;) yield* shuffled(what, chance);
}

export function shuffled<What>(what: readonly What[], chance: Chance): readonly What[] {
  const drawn = what.map(each => [chance(), each] as const);
  return drawn.toSorted(([a], [b]) => a - b).map(([, each]) => each);
}

/** Milliseconds. */
export interface Timing {
  /** From one look at the processes to the next. */
  readonly look: number;
  /** Nothing of a process is judged before it is so old, nor of the load. */
  readonly warmUp: number;
  /** From one restart of a process to the next. */
  readonly restart: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The longer the run, the longer a process lives, and the smaller a leak is found. */
export const timingOf = (during: number): Timing => ({
  look: clamped(during / 150, SECOND, MINUTE),
  warmUp: clamped(during / 10, 10 * SECOND, 10 * MINUTE),
  restart: clamped(during / 5, 15 * SECOND, 30 * MINUTE),
});

const clamped = (value: number, least: number, most: number) =>
  Math.min(most, Math.max(least, value));
