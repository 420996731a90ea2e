/**
 * Whether something grows, and how fast: Kendall's test for a trend and Sen's slope, each in groups, after
 * Hirsch, Slack and Smith, "Techniques of trend analysis for monthly water quality data", Water Resources
 * Research 18(1), 1982; the variance with ties is that of Gilbert, "Statistical methods for environmental
 * pollution monitoring", 1987, §16.4.
 *
 * Both compare every two points of one group, and heed only which is larger, or the median of what they
 * differ by: a peak is no trend. Points of different groups are never compared.
 */
import { median } from './statistics.js';

export type Point = readonly [x: number, y: number];

export interface Trend {
  /** The median over all pairs: of y for each x. 0: there are no pairs. */
  readonly slope: number;
  /** Standard deviations from no trend: above 3.09 by chance once in a thousand runs. */
  readonly z: number;
}

/** Of a longer group so many are taken, evenly: all pairs of these are as many as its square. */
const MOST_POINTS = 400;

export function trend(groups: readonly (readonly Point[])[]): Trend {
  const slopes: number[] = [];
  let score = 0;
  let variance = 0;
  for (const group of groups.map(thinned)) {
    for (const [at, [x, y]] of group.entries()) {
      for (const [laterX, laterY] of group.slice(at + 1)) {
        score += Math.sign(laterY - y);
        if (laterX > x) slopes.push((laterY - y) / (laterX - x));
      }
    }
    variance += varianceOf(group.map(([, y]) => y));
  }
  const z = variance === 0 ? 0 : (score - Math.sign(score)) / Math.sqrt(variance);
  return { slope: slopes.length === 0 ? 0 : median(slopes), z };
}

/** Of the score, if there is no trend. */
function varianceOf(values: readonly number[]): number {
  const times = new Map<number, number>();
  for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
  const part = (count: number) => (count * (count - 1) * (2 * count + 5)) / 18;
  return [...times.values()].reduce((rest, count) => rest - part(count), part(values.length));
}

function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const step = points.length / MOST_POINTS;
  return Array.from({ length: MOST_POINTS }, (_, at) => points[Math.floor(at * step)]).filter(
    point => point !== undefined,
  );
}
