import { context } from 'zeromq';

/**
 * libzmq takes the number of sockets into account once, when the first one opens; its default of
 * 1,023 would end a worker at about 500 connections. A slot that stays unused costs eight bytes.
 */
const MOST_SOCKETS = 65_000;

let prepared = false;

/** Must be called before the first socket exists. Calling it again changes nothing. */
export function prepareContext(): void {
  if (prepared) return;
  prepared = true;
  context.maxSockets = Math.min(MOST_SOCKETS, context.maxSocketsLimit);
}
