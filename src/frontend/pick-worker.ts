/** What is known of a worker when a request looks for one. */
export interface Candidate {
  readonly outstanding: number;
  /** It said goodbye: nothing new for it. */
  readonly draining: boolean;
}

/**
 * The worker with the fewest outstanding exchanges, or undefined while none has room. Of equals the
 * one that `turn` points at comes first, so that a quiet system uses them all.
 */
export function pickWorker<Worker extends Candidate>(
  workers: readonly Worker[],
  { most, turn }: { most: number; turn: number },
): Worker | undefined {
  let best: Worker | undefined;
  for (let step = 0; step < workers.length; step++) {
    const worker = workers[(turn + step) % workers.length];
    if (worker === undefined || worker.draining || worker.outstanding >= most) continue;
    if (best === undefined || worker.outstanding < best.outstanding) best = worker;
  }
  return best;
}
