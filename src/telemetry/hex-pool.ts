import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4096;

/** Random hexadecimal digits of the system, fetched many at a time: one call costs more than it brings. */
export class HexPool {
  readonly #random: (bytes: number) => Buffer;
  #digits = '';
  #used = 0;

  constructor(random: (bytes: number) => Buffer = randomBytes) {
    this.#random = random;
  }

  /** So many digits, in lower case; each is given out once. */
  take(count: number): string {
    const end = this.#used + count;
    if (end > this.#digits.length) {
      this.#digits = this.#random(POOL_BYTES).toString('hex');
      this.#used = 0;
      return this.take(count);
    }
    const taken = this.#digits.slice(this.#used, end);
    this.#used = end;
    return taken;
  }
}
