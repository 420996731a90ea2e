/**
 * How a frontend ends. libzmq cannot stop listening without cutting every connection, so a draining frontend goes on
 * answering, each answer with `Connection: close`, until nobody waits for anything. Requests have one deadline,
 * tunnels another: a tunnel ends when its users like, perhaps never. Only at the very end can the process itself be
 * kept from taking more, if others have its listening sockets: else whoever waits there would be refused.
 */
import type { Clock } from '../kernel/clock.js';
import type { Clients } from './clients.js';

export interface DrainOptions {
  /** One for each listening address. */
  readonly clients: readonly Pick<Clients, 'size' | 'busy' | 'tunnels' | 'drain' | 'giveUp'>[];
  readonly clock: Clock;
  /** Milliseconds that requests may still take, and tunnels stay open. */
  readonly patience: { readonly requests: number; readonly tunnels: number };
  /** Monotonic milliseconds: when somebody has come last. */
  lastConnect(): number;
  /** Takes no more connections; false: it cannot be done. Undefined: there is nobody else to take them. */
  readonly takeNoMore: (() => Promise<boolean>) | undefined;
}

/** Milliseconds between two looks. */
const LOOK = 20;
/**
 * Clients that keep their connection are told to close it with their next answer, if they ask within so
 * long; closed at once, their next request might be on its way.
 */
const IDLE_GRACE = 1000;
/** Before the end: for those who were taken last, and no more are. */
const LAST_ANSWERS = 2000;
/** Until everybody has been announced to us who was taken before. */
const ANNOUNCED = 50;

/** Settles when nobody waits for anything, or all that still do have been given up. */
export async function drained(options: DrainOptions): Promise<void> {
  const { clients, clock, patience, takeNoMore } = options;
  const begin = clock.now();
  const requestsEnd = begin + patience.requests;
  const tunnelsEnd = begin + patience.tunnels;
  const end = () =>
    clients.some(({ tunnels }) => tunnels > 0) ? Math.max(requestsEnd, tunnelsEnd) : requestsEnd;
  const isQuiet = () => clients.every(({ busy }) => busy === 0);
  const giveUp = (what: 'requests' | 'tunnels', cameBy: number) => {
    for (const each of clients) each.giveUp(what, cameBy);
  };
  const until = async (deadline: () => number, isSo: () => boolean) => {
    while (clock.now() < deadline() && !isSo()) {
      await new Promise<void>(resolve => void clock.after(LOOK, resolve));
      const now = clock.now();
      if (now >= tunnelsEnd) giveUp('tunnels', now);
      // While tunnels stay open others still come, and have as long as those who were there.
      if (now >= requestsEnd) giveUp('requests', now - patience.requests);
    }
  };

  await until(
    () => Math.min(requestsEnd, begin + IDLE_GRACE),
    () => clients.every(({ size }) => size === 0),
  );
  for (const each of clients) each.drain();
  await until(() => end() - LAST_ANSWERS, isQuiet);
  const takesNoMore = (await takeNoMore?.()) === true;
  const since = clock.now();
  const isAnnounced = () => clock.now() - Math.max(since, options.lastConnect()) > ANNOUNCED;
  await until(
    () => (takesNoMore ? Math.max(end(), since + 2 * ANNOUNCED) : end()),
    () => isQuiet() && (!takesNoMore || isAnnounced()),
  );
  giveUp('requests', Infinity);
  giveUp('tunnels', Infinity);
}
