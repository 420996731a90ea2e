/**
 * A control that cannot keep up asks its workers to report less often: what they count meanwhile is added up by
 * themselves, so nothing is lost but promptness. Else reports would pile up before it, and its memory with them.
 */

/** Parts of the time in which the event loop is not idle. */
const TOO_BUSY = 0.8;
const AT_EASE = 0.5;
/** Times the usual pause between two reports. */
const SLOWEST = 16;

/** Of so few workers reports are never what keeps control busy. */
export const FEW_WORKERS = 64;

/** By how much reports are to be fewer, 1 or more, after a time in which control was so `busy` (0 to 1). */
export function slowedAfter(before: number, busy: number): number {
  if (busy > TOO_BUSY) return Math.min(SLOWEST, before * 2);
  return busy < AT_EASE ? Math.max(1, before / 2) : before;
}
