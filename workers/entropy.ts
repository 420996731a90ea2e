import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;

/** Random bytes of the system, fetched many at a time: one call costs more than it brings. */
export class Entropy {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  /** Up to `POOL_BYTES`; the caller's own. */
  bytes(count: number): Buffer {
    if (this.#used + count > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const taken = Buffer.from(this.#pool.subarray(this.#used, this.#used + count));
    this.#pool.fill(0, this.#used, this.#used + count); // nobody reads them again
    this.#used += count;
    return taken;
  }

  /** In [0, 1). */
  chance(): number {
    return this.bytes(4).readUInt32BE() / 2 ** 32;
  }
}
