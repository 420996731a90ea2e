/** How long a session goes on: what whoever signs cookies and whoever counts sessions must agree on. */
import { serving, type RoutingTable } from './routing-table.js';

/** Seconds. */
const LONGEST_INTERVAL = 60;

/** Seconds after which a cookie is set anew: often enough to measure a pause, no more. */
export const renewalInterval = (timeout: number): number =>
  Math.max(1, Math.min(LONGEST_INTERVAL, Math.floor(timeout / 10)));

/**
 * Seconds that a client may pause: what the newest version that may serve says, whichever version the
 * session belongs to; after its upgrade as well, so that completing it ends no session early.
 */
export const timeoutOf = (table: RoutingTable, byDefault: number): number =>
  serving(table)[0].transition.sessionTimeout ?? byDefault;
