/**
 * How long things took, in the buckets of a Prometheus histogram. Counting one in is a walk over a dozen
 * numbers: every request does it, and Prometheus' own library would look up labels each time.
 */

/**
 * Seconds, upper bounds. From what a container on the same machine takes to what `timeouts.answer` allows;
 * fixed, because histograms of several processes, and of several weeks, add up only where bounds are the same.
 */
export const BOUNDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

/** How many lie in each bucket (not below each bound), the last one for all above; and their sum. */
export interface Durations {
  readonly counts: readonly number[];
  /** Seconds. */
  readonly sum: number;
}

/** Durations that nobody else holds. */
export interface OwnDurations extends Durations {
  readonly counts: number[];
  sum: number;
}

export const newDurations = (): OwnDurations => ({
  counts: new Array<number>(BOUNDS.length + 1).fill(0),
  sum: 0,
});

/** Counts one in. A clock that jumps back is no reason for a sum that falls. */
export function timed(into: OwnDurations, seconds: number): void {
  const { counts } = into;
  let at = 0;
  while (at < BOUNDS.length && seconds > (BOUNDS[at] ?? 0)) at += 1;
  counts[at] = (counts[at] ?? 0) + 1;
  if (seconds > 0) into.sum += seconds;
}

/** Adds what another process counted. */
export function addDurations(into: OwnDurations, { counts, sum }: Durations): void {
  for (const [at, n] of counts.entries()) into.counts[at] = (into.counts[at] ?? 0) + n;
  into.sum += sum;
}

export function timesIn({ counts }: Durations): number {
  let all = 0;
  for (const n of counts) all += n;
  return all;
}
