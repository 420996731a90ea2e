/** A tally as operators read it. */
import { quantile, type Histogram } from '../verdict/histogram.js';
import type { Tally } from '../verdict/tally.js';
import type { Quantiles, ShownTally } from './why.js';

export const shownTally = (tally: Tally): ShownTally => ({
  exchanges: tally.exchanges,
  failed: tally.failed,
  failedBy: tally.failedBy,
  different: tally.different,
  repeats: tally.repeats,
  delay: quantilesOf(tally.delays),
  size: quantilesOf(tally.sizes),
});

export function quantilesOf(histogram: Histogram): Quantiles | undefined {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map(q => quantile(histogram, q));
  if (p50 === undefined || p95 === undefined || p99 === undefined) return undefined;
  return { p50, p95, p99 };
}
