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

/** The tick marks 1, 2 and 5 of each decade between two values above 0. */
export function decades(least: number, most: number): readonly number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power++) {
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** power;
      if (tick >= least && tick <= most) ticks.push(tick);
    }
  }
  return ticks;
}
