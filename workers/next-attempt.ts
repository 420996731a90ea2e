/** What is known of an attempt that failed before the head of an answer was accepted. */
export interface FailedAttempt {
  /** No container has seen the request: it may be sent again, whatever its method. */
  readonly unseen: boolean;
  /** RFC 9110 §9.2.2: doing it twice is doing it once. */
  readonly safeToRepeat: boolean;
  /** The connection ended before a byte of an answer: perhaps it was closing when we used it. */
  readonly isReset: boolean;
  /** The connection had served another exchange before. */
  readonly wasUsed: boolean;
  /** All of the request's body is still here. */
  readonly isWhole: boolean;
  /** Attempts that were seen by a container, this one included. */
  readonly seen: number;
}

/** A request that ended three connections is not sent into a fourth. */
export const MOST_SEEN = 3;

/**
 * Whether, and where, a request is sent again: `elsewhere` is another server, `again` may be the same
 * one over a new connection. What is not safe to repeat is never sent twice once it can have been seen.
 */
export function nextAttempt(failed: FailedAttempt): 'elsewhere' | 'again' | 'fail' {
  if (failed.unseen) return 'elsewhere';
  const mayRepeat = failed.safeToRepeat && failed.isReset && failed.isWhole;
  if (!mayRepeat || failed.seen >= MOST_SEEN) return 'fail';
  return failed.wasUsed ? 'again' : 'elsewhere';
}
