/** Deterministic bytes, so that whoever asks knows what must arrive. */
export function content(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'The quick brown fox jumps over the lazy dog. 0123456789\n');
}
