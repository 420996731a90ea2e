import type { PublicKey } from './key-pair.js';

/**
 * Who is worth a log line: a key that is turned away tries again and again, and whoever wants to fill a log
 * has as many keys as they like.
 */

/** Milliseconds for which a key that was told of is not told of again. */
export const QUIET = 60_000;
/** Keys that are told of within that time; of more, only how many. */
export const MOST_KEYS = 20;

/** To be logged: how many were turned away without a line since the last one. */
export interface Telling {
  readonly untold: number;
}

export class Strangers {
  readonly #told = new Map<PublicKey, number>();
  #untold = 0;

  /** Somebody with this key was turned away, at this monotonic millisecond. Undefined: not worth a line. */
  refused(key: PublicKey, now: number): Telling | undefined {
    for (const [each, at] of this.#told) {
      if (now - at < QUIET) break; // they are in the order of time
      this.#told.delete(each);
    }
    if (this.#told.has(key) || this.#told.size >= MOST_KEYS) {
      this.#untold += 1;
      return undefined;
    }
    this.#told.set(key, now);
    const untold = this.#untold;
    this.#untold = 0;
    return { untold };
  }
}
