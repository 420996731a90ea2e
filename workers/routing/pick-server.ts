/**
 * Which server of a version gets a request. One in the worker's zone is preferred, but it may have twice as much to
 * do as one elsewhere, and a little besides: so the zone's servers are not overrun where they are few, and a quiet
 * system never leaves the zone. Unlike workers (frontend/pick-worker.ts) servers do many things at a time, and what
 * leaves the zone costs by the byte: hence a factor, under which a zone keeps its share also where answers take long.
 */

/** What is known of a server when a request looks for one. */
export interface ServerLoad {
  /** Exchanges of this worker that it has. */
  readonly outstanding: number;
  /** Monotonic milliseconds: until then only if no other is left, because it refused us. */
  readonly restsUntil: number;
  /** We are in a zone, and it is not known to be there. */
  readonly isFar: boolean;
  /** Grows with every request: when this one had its last. */
  readonly lastTurn: number;
}

const FAR_FACTOR = 2;
const FAR_HANDICAP = 8;

/**
 * The server with the fewest outstanding exchanges, as far ones are counted, of those that `mayTake`; of equals the
 * one that waited longest. A resting server is taken only where all others rest as well, or may not.
 */
export function pickServer<Server extends ServerLoad>(
  servers: readonly Server[],
  about: { readonly now: number; mayTake(server: Server): boolean },
): Server | undefined {
  let best: Server | undefined;
  for (const server of servers) {
    if (!about.mayTake(server)) continue;
    if (best === undefined || isBetter(server, best, about.now)) best = server;
  }
  return best;
}

function isBetter(server: ServerLoad, than: ServerLoad, now: number): boolean {
  const rests = server.restsUntil > now;
  const otherRests = than.restsUntil > now;
  if (rests !== otherRests) return otherRests;
  const [load, other] = [loadOf(server), loadOf(than)];
  return load === other ? server.lastTurn < than.lastTurn : load < other;
}

const loadOf = ({ outstanding, isFar }: ServerLoad): number =>
  isFar ? FAR_FACTOR * outstanding + FAR_HANDICAP : outstanding;
