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

/** Counts one value in, by its bucket: of a value that is counted twice, that is found once. */
export function count(into: OwnHistogram, bucket: number): void {
  into[bucket] = (into[bucket] ?? 0) + 1;
}

/** Counts in what another holds. */
export function addHistogram(into: OwnHistogram, more: Histogram): void {
  // Keys are text, as the language has them; as numbers they would be made text again.
  const own = into as Record<string, number>;
  for (const [bucket, n] of Object.entries(more)) own[bucket] = (own[bucket] ?? 0) + n;
}

export function mergedHistograms(a: Histogram, b: Histogram): Histogram {
  const sum: OwnHistogram = { ...a };
  addHistogram(sum, b);
  return sum;
}

export function valuesIn(histogram: Histogram): number {
  let sum = 0;
  for (const n of Object.values(histogram)) sum += n;
  return sum;
}

/** The value that a share of `q` of all values does not exceed; undefined if there is none. */
export function quantile(histogram: Histogram, q: number): number | undefined {
  const rank = Math.max(1, Math.ceil(q * valuesIn(histogram)));
  let passed = 0;
  for (const [bucket, n] of Object.entries(histogram)) {
    passed += n;
    if (passed >= rank) return middleOf(Number(bucket)); // the language orders whole-number keys
  }
  return undefined;
}

/** How many values lie in a bucket above that of `limit`. */
export function valuesAbove(histogram: Histogram, limit: number): number {
  const last = bucketOf(limit);
  return valuesWhere(histogram, bucket => bucket > last);
}

/** How many values lie in a bucket below that of `limit`. */
export function valuesBelow(histogram: Histogram, limit: number): number {
  const first = bucketOf(limit);
  return valuesWhere(histogram, bucket => bucket < first);
}

function valuesWhere(histogram: Histogram, isMeant: (bucket: number) => boolean): number {
  let sum = 0;
  for (const [bucket, n] of Object.entries(histogram)) if (isMeant(Number(bucket))) sum += n;
  return sum;
}

/** Milliseconds or bytes → 0 to `LAST`. */
export function bucketOf(value: number): number {
  if (!(value > LEAST)) return 0;
  return Math.min(LAST, Math.ceil(Math.log(value / LEAST) / Math.log(GROWTH)));
}

/** The value above which a bucket begins: 0 for what counts as 0. */
export const beginOf = (bucket: number): number =>
  bucket === 0 ? 0 : LEAST * GROWTH ** (bucket - 1);

/** The value that is as far, relatively, from one bound of the bucket as from the other. */
const middleOf = (bucket: number): number =>
  bucket === 0 ? 0 : (2 * LEAST * GROWTH ** bucket) / (GROWTH + 1);
