/** Two histograms over the same bars, for drawing beside each other. Pure. */
import { beginOf, valuesIn, type Histogram } from '../../verdict/histogram.js';
import type { Distribution } from '../live.js';

/** Buckets of a histogram in one bar: each begins at about 1.35 times the one before. */
const BUCKETS = 3;
/** Decimals of a part of the whole. */
const PRECISION = 1e5;

/** The first bar begins at 0 where values were too small to be told apart. */
export function distribution(newer: Histogram, stable: Histogram): Distribution {
  const [ofNewer, ofStable] = [barred(newer), barred(stable)];
  const known = [...ofNewer.keys(), ...ofStable.keys()];
  const [first, last] = [Math.min(...known), Math.max(...known)];
  const bars = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  return {
    from: bars.map(beginOfBar),
    newer: partsOf(ofNewer, valuesIn(newer), bars),
    stable: partsOf(ofStable, valuesIn(stable), bars),
  };
}

/** Bar 0 is the bucket of what counts as 0. */
const barOf = (bucket: number): number => Math.ceil(bucket / BUCKETS);
const beginOfBar = (bar: number): number =>
  Number(beginOf(bar === 0 ? 0 : (bar - 1) * BUCKETS + 1).toPrecision(4));

function barred(histogram: Histogram): ReadonlyMap<number, number> {
  const bars = new Map<number, number>();
  for (const [bucket, n] of Object.entries(histogram)) {
    if (n === 0) continue;
    const bar = barOf(Number(bucket));
    bars.set(bar, (bars.get(bar) ?? 0) + n);
  }
  return bars;
}

const partsOf = (of: ReadonlyMap<number, number>, all: number, bars: readonly number[]) =>
  bars.map(bar => (all === 0 ? 0 : Math.round(((of.get(bar) ?? 0) / all) * PRECISION) / PRECISION));
