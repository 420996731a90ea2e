/**
 * Which worker gets a request: one on this host rather than one on another, and one in this zone rather than one
 * in another, but never so that it queues here while others are idle.
 *
 * A worker further away counts as if it had some exchanges more than it has. So the nearest is preferred while it
 * has no more than that in front of the others, and beyond it the load decides. What is small about these numbers
 * is on purpose: what a worker has outstanding tells how long its one thread is busy, about 50 µs for each
 * (docs/performance.md), and a way to another host and back takes some 0.2 to 0.5 ms. Where answers take long,
 * much is outstanding and the load decides nearly alone: there the way does not matter. A worker that hangs has so
 * many requests at most more than any other.
 */
import type { Distance } from '../kernel/place.js';

/** What is known of a worker when a request looks for one. */
export interface Candidate {
  readonly outstanding: number;
  /** As if it had so many more: `handicaps`. */
  readonly handicap: number;
  /** It said goodbye: nothing new for it. */
  readonly draining: boolean;
  /** Grows with every request that any of them is given: when this one had its last. */
  readonly lastTurn: number;
}

export const handicaps: Readonly<Record<Distance, number>> = { here: 0, near: 8, far: 24 };

/**
 * The worker with the fewest outstanding exchanges, its handicap included, or undefined while none has room. Of
 * equals the one that waited longest, so that a quiet system uses them all, and each as often.
 */
export function pickWorker<Worker extends Candidate>(
  workers: readonly Worker[],
  most: number,
): Worker | undefined {
  let best: Worker | undefined;
  let least = Infinity;
  for (const worker of workers) {
    const { outstanding } = worker;
    if (worker.draining || outstanding >= most) continue;
    const load = outstanding + worker.handicap;
    if (load > least) continue;
    if (load === least && best !== undefined && best.lastTurn <= worker.lastTurn) continue;
    best = worker;
    least = load;
  }
  return best;
}
