/** How near the evidence is to a decision. */
import type { Why } from '../../../src/control/why.js';

export type Signal = keyof Why['evidence'];

export const signalNames: Readonly<Record<Signal, string>> = {
  failures: 'Failures',
  delay: 'Delay',
  size: 'Size of answers',
  answers: 'Different answers',
};

/**
 * 0 to 1, where 1 is unhealthy. Evidence multiplies from exchange to exchange, so that its logarithm is what
 * grows evenly; below 1 it speaks for the version, and counts as none.
 */
export function nearness({ strength, needed }: { strength: number; needed: number }): number {
  if (!(strength > 1) || !(needed > 1)) return 0;
  return Math.min(1, Math.log(strength) / Math.log(needed));
}

/** From here on nobody more moves to the version: control asks for the square root of what is needed. */
export const DOUBTFUL = 0.5;

/** The signal with the most against the version; undefined: none has anything. */
export function strongest(
  why: Why,
): { readonly signal: Signal; readonly near: number } | undefined {
  const all = (Object.keys(why.evidence) as Signal[]).map(signal => ({
    signal,
    near: nearness(why.evidence[signal]),
  }));
  const [first] = all.filter(({ near }) => near > 0).toSorted((a, b) => b.near - a.near);
  return first;
}
