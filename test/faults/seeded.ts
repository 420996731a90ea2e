import { createHash } from 'node:crypto';
import { draws } from '../support/draws.js';

/**
 * Draws in [0, 1), the same for the same seed and use. Seeds that are neighbours have nothing in common, and
 * what one use draws does not change what another does.
 */
export function chances(seed: number, use: string): () => number {
  const digest = createHash('sha256').update(`${seed} ${use}`).digest();
  return draws(digest.readUInt32LE());
}
