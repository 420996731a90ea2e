/** What is known of a server when a request looks for one. */
export interface ServerLoad {
  /** Exchanges of this worker that it has. */
  readonly outstanding: number;
  /** Monotonic milliseconds: until then only if no other is left, because it refused us. */
  readonly restsUntil: number;
}

/**
 * The server with the fewest outstanding exchanges, of those that `mayTake`; of equals the one that
 * `turn` points at. A resting server is taken only where all others rest as well, or may not.
 */
export function pickServer<Server extends ServerLoad>(
  servers: readonly Server[],
  about: { readonly now: number; readonly turn: number; mayTake(server: Server): boolean },
): Server | undefined {
  let best: Server | undefined;
  for (let step = 0; step < servers.length; step++) {
    const server = servers[(about.turn + step) % servers.length];
    if (server === undefined || !about.mayTake(server)) continue;
    if (best === undefined || isBetter(server, best, about.now)) best = server;
  }
  return best;
}

function isBetter(server: ServerLoad, than: ServerLoad, now: number): boolean {
  const rests = server.restsUntil > now;
  const otherRests = than.restsUntil > now;
  if (rests !== otherRests) return otherRests;
  return server.outstanding < than.outstanding;
}
