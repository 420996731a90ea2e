/**
 * How long to wait before trying the `attempt`-th time again (0, 1, 2 …), in milliseconds: doubled
 * each time up to `most`, minus up to half of it by `chance` (0 to 1), so that many do not come at once.
 */
export function backoff(
  attempt: number,
  { first, most, chance }: { first: number; most: number; chance: number },
): number {
  const full = Math.min(most, first * 2 ** Math.min(attempt, 30));
  return full * (1 - chance / 2);
}
