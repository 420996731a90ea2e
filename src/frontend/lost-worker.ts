/** What is known of an exchange when its worker is lost. */
export interface Orphan {
  /** Whether its head has gone to the client. */
  readonly answered: boolean;
  /** RFC 9110 §9.2.2: doing it twice is doing it once. */
  readonly safeToRepeat: boolean;
  /** How often it was given to a worker. */
  readonly attempts: number;
}

/** A request that killed three workers is not given a fourth. */
export const MOST_ATTEMPTS = 3;

/**
 * What becomes of a request whose worker died, hung or was cut off: `repeat` it with another worker,
 * `fail` it, or `cut` the client off, so that it cannot take the part that it has for the whole. The
 * container may have seen it: what is not safe to repeat is never sent twice.
 */
export function fateOf({ answered, safeToRepeat, attempts }: Orphan): 'repeat' | 'fail' | 'cut' {
  if (answered) return 'cut';
  return safeToRepeat && attempts < MOST_ATTEMPTS ? 'repeat' : 'fail';
}
