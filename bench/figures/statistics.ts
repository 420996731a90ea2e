/** Numbers of several rounds, and what is told of them. */

/** One figure over all rounds: the middle one, and between which the rounds lay. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

/** Of an even count the mean of the middle two; of none NaN. */
export function median(numbers: readonly number[]): number {
  const sorted = ascending(numbers);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The smallest number that at least the `share` (0 to 1) of all do not exceed: the nearest rank. */
export function percentile(numbers: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(numbers.length * share));
  return ascending(numbers)[rank - 1] ?? NaN;
}

export function spread(numbers: readonly number[]): Spread {
  return {
    median: median(numbers),
    lowest: percentile(numbers, 0),
    highest: percentile(numbers, 1),
  };
}

/** The slope of a straight line through `points` (least squares): how fast something grows. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (numbers: readonly number[]) =>
    numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
  const middle = { x: mean(points.map(([x]) => x)), y: mean(points.map(([, y]) => y)) };
  const together = mean(points.map(([x, y]) => (x - middle.x) * (y - middle.y)));
  const alone = mean(points.map(([x]) => (x - middle.x) ** 2));
  return alone === 0 ? 0 : together / alone;
}
