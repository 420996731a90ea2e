import { createHash, type Hash } from 'node:crypto';

const BLOCK = 65_536;
const pattern = Buffer.alloc(BLOCK);
for (let at = 0, state = 1; at < BLOCK; at += 4) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  pattern.writeUInt32LE(state, at);
}

/**
 * `total` bytes in pieces, the same ones each time. Every block carries its number, so that one
 * that is lost, doubled or misplaced shows in the digest.
 */
export function* deterministicBytes(total: number): Generator<Buffer> {
  for (let block = 0, left = total; left > 0; block += 1, left -= BLOCK) {
    const piece = Buffer.from(pattern);
    piece.writeUInt32LE(block, 0);
    yield left < BLOCK ? piece.subarray(0, left) : piece;
  }
}

/** Counts and digests what is passed through it. */
export class Digest {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  update(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.#hash.update(piece);
  }

  /** To be asked once, at the end. */
  result(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

export function digestOf(pieces: Iterable<Uint8Array>): ReturnType<Digest['result']> {
  const digest = new Digest();
  for (const piece of pieces) digest.update(piece);
  return digest.result();
}
