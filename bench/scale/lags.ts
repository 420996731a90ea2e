/** How often which lag was seen, in whole milliseconds: small enough to be told by each process each second. */

/** Longer ones are counted as so long. */
export const LONGEST = 10_000;

/** By milliseconds; those that were not seen have no entry. */
export type Lags = Readonly<Record<number, number>>;
export type OwnLags = Record<number, number>;

export function noted(into: OwnLags, ms: number): void {
  const at = Math.min(LONGEST, Math.max(0, Math.round(ms)));
  into[at] = (into[at] ?? 0) + 1;
}

export function together(all: readonly Lags[]): Lags {
  const sum: OwnLags = {};
  for (const each of all) {
    for (const [ms, count] of Object.entries(each))
      sum[Number(ms)] = (sum[Number(ms)] ?? 0) + count;
  }
  return sum;
}

/** The lag that at least the `share` (0 to 1) of all do not exceed; NaN if there are none. */
export function lagAt(lags: Lags, share: number): number {
  const entries = Object.entries(lags); // ascending: the language orders whole-number keys
  const rank = Math.max(1, Math.ceil(entries.reduce((sum, [, count]) => sum + count, 0) * share));
  let passed = 0;
  for (const [ms, count] of entries) {
    passed += count;
    if (passed >= rank) return Number(ms);
  }
  return NaN;
}
