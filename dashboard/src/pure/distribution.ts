/** A distribution as a curve of steps over a logarithmic axis. */
import type { Distribution } from '../../../src/control/live.js';

export interface Curves {
  /** Where each step begins, all above 0; the last one is where the last step ends. */
  readonly at: number[];
  /** Percent of all, one for each of `at`. */
  readonly newer: number[];
  readonly stable: number[];
}

/** Bars grow by about this; also the width of one that stands alone. */
const FACTOR = 1.3;
const EDGES = 2;

/** Undefined: nothing was seen of either. */
export function curvesOf({ from, newer, stable }: Distribution): Curves | undefined {
  const [first, second] = from;
  if (first === undefined || [...newer, ...stable].every(part => part === 0)) return undefined;
  // A logarithm knows no 0: the first bar may begin there.
  const start = first > 0 ? first : (second ?? 1) / FACTOR;
  const at = [start, ...from.slice(1)];
  const last = at.at(-1) ?? start;
  // An empty bar at either end: the curves then begin and end on the ground.
  const edges = [start / FACTOR, ...at, last * FACTOR, last * FACTOR ** EDGES];
  const column = (parts: readonly number[]) => [
    0,
    ...at.map((_, index) => 100 * (parts[index] ?? 0)),
    0,
    0,
  ];
  return { at: edges, newer: column(newer), stable: column(stable) };
}

/**
 * Where people look for times: 1, 2 and 5 of each decade between two values above 0; the decades alone where
 * those are more than `most`.
 */
export function decades(least: number, greatest: number, most: number): readonly number[] {
  const all = [1, 2, 5].flatMap(digit => timesPowers(digit, least, greatest));
  return all.length > most ? timesPowers(1, least, greatest) : all.toSorted((a, b) => a - b);
}

function timesPowers(digit: number, least: number, greatest: number): readonly number[] {
  const [from, to] = [Math.ceil(Math.log10(least / digit)), Math.log10(greatest / digit)];
  const count = Math.max(0, Math.floor(to - from) + 1);
  return Array.from({ length: count }, (_, index) => digit * 10 ** (from + index));
}

/** Where people look for sizes: powers of 2 between two values above 0, thinned out to `most` of them. */
export function doublings(least: number, greatest: number, most: number): readonly number[] {
  const [from, to] = [Math.ceil(Math.log2(least)), Math.floor(Math.log2(greatest))];
  const by = Math.max(1, Math.ceil((to - from + 1) / most));
  const first = Math.ceil(from / by) * by;
  const count = Math.max(0, Math.floor((to - first) / by) + 1);
  return Array.from({ length: count }, (_, index) => 2 ** (first + index * by));
}
