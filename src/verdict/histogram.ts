/**
 * How values are spread, in buckets whose fixed bounds grow geometrically: a quantile read from it is off
 * by `ACCURACY` of its value at most, and histograms merge by adding. The idea is that of Masson, Rim and
 * Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees" (2019), §2.
 * The range is fixed, so there are at most `LAST` + 1 buckets and none needs to be collapsed.
 */

/** Relative. */
export const ACCURACY = 0.05;
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY);
/** Milliseconds or bytes: what is not above is counted as 0. */
const LEAST = 0.1;
/** The bucket of a tebibyte; what is above is counted there. */
const LAST = Math.ceil(Math.log(2 ** 40 / LEAST) / Math.log(GROWTH));

/** How many values lie in each bucket; an empty bucket has no entry. */
export type Histogram = Readonly<Record<number, number>>;
export type OwnHistogram = Record<number, number>;

/** Counts one value in. */
export function count(into: OwnHistogram, value: number): void {
  const bucket = bucketOf(value);
  into[bucket] = (into[bucket] ?? 0) + 1;
}

export function mergedHistograms(a: Histogram, b: Histogram): Histogram {
  const sum: OwnHistogram = { ...a };
  for (const [bucket, n] of entries(b)) sum[bucket] = (sum[bucket] ?? 0) + n;
  return sum;
}

export const valuesIn = (histogram: Histogram): number =>
  entries(histogram).reduce((sum, [, n]) => sum + n, 0);

/** The value that a share of `q` of all values does not exceed; undefined if there is none. */
export function quantile(histogram: Histogram, q: number): number | undefined {
  const rank = Math.max(1, Math.ceil(q * valuesIn(histogram)));
  let passed = 0;
  for (const [bucket, n] of entries(histogram)) {
    passed += n;
    if (passed >= rank) return middleOf(bucket);
  }
  return undefined;
}

/** How many values lie in a bucket above that of `limit`. */
export const valuesAbove = (histogram: Histogram, limit: number): number =>
  valuesWhere(histogram, bucket => bucket > bucketOf(limit));

/** How many values lie in a bucket below that of `limit`. */
export const valuesBelow = (histogram: Histogram, limit: number): number =>
  valuesWhere(histogram, bucket => bucket < bucketOf(limit));

const valuesWhere = (histogram: Histogram, isMeant: (bucket: number) => boolean): number =>
  entries(histogram).reduce((sum, [bucket, n]) => (isMeant(bucket) ? sum + n : sum), 0);

/** Lowest bucket first: the language orders whole-number keys. */
const entries = (histogram: Histogram): (readonly [number, number])[] =>
  Object.entries(histogram).map(([bucket, n]) => [Number(bucket), n] as const);

function bucketOf(value: number): number {
  if (!(value > LEAST)) return 0;
  return Math.min(LAST, Math.ceil(Math.log(value / LEAST) / Math.log(GROWTH)));
}

/** The value that is as far, relatively, from one bound of the bucket as from the other. */
const middleOf = (bucket: number): number =>
  bucket === 0 ? 0 : (2 * LEAST * GROWTH ** bucket) / (GROWTH + 1);
