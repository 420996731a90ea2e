/**
 * What the dashboard shows, as JSON: `GET /live` says it once, `GET /live/events` again whenever it has
 * changed (server-sent events), at most once a second. Types only: the page is built from them as well.
 */
export type { Excerpt, Pair } from '../verdict/pair.js';
import type { Spread } from './spread.js';
import type { ShownVersion } from './shown.js';
import type { Quantiles, ShownEvent, Why } from './why.js';

export interface Live {
  /** ISO 8601, by control's clock. */
  readonly at: string;
  /** Of Cutover. */
  readonly release: string;
  readonly policy: 'rollback' | 'freeze' | 'alert';
  readonly spread: Spread;
  /** Newest first. */
  readonly versions: readonly LiveVersion[];
  /** Under way, or the last one that ended; undefined: there was none. */
  readonly upgrade?: LiveUpgrade | undefined;
  readonly processes: readonly LiveProcess[];
  /** Newest first, at most a hundred. */
  readonly events: readonly ShownEvent[];
}

export interface LiveVersion extends ShownVersion {
  /** Percent of the requests of the last ten seconds that it answered; undefined where there were none. */
  readonly share?: number | undefined;
  /** Of the last ten seconds, each second. */
  readonly requests: number;
  readonly failures: number;
  readonly rescues: number;
  /** Milliseconds, of the last ten seconds; undefined where there were no requests. */
  readonly delay?: Quantiles | undefined;
}

export interface LiveUpgrade {
  /** Of the version that users move to. */
  readonly id: string;
  readonly version: string;
  /** What it is compared with; undefined: nothing. */
  readonly stable?: { readonly id: string; readonly version: string } | undefined;
  /** Oldest first; thinned out as the upgrade goes on, so that they never are more than 600. */
  readonly points: readonly LivePoint[];
  /** What happened to it since it began, oldest first: verbs pressed, demotion, completion. */
  readonly events: readonly ShownEvent[];
  readonly delay: Distribution;
  readonly size: Distribution;
  readonly why?: Why | undefined;
}

/** The upgrade at one moment. */
export interface LivePoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Percent: of new sessions for GRADUAL, else of requests. */
  readonly share: number;
  /** The strongest evidence against it, as part of what is needed to call it unhealthy: 0 to 1. */
  readonly strength: number;
  readonly verdict: 'healthy' | 'inconclusive' | 'unhealthy';
  /** Each second since the point before. */
  readonly newer: LiveRates;
  readonly stable: LiveRates;
}

export interface LiveRates {
  readonly requests: number;
  readonly failures: number;
  readonly rescues: number;
}

/** Of both versions over the same bars; those that are empty in both at either end are left out. */
export interface Distribution {
  /** Where each bar begins: milliseconds, or bytes; ascending, each about 1.3 times the one before. */
  readonly from: readonly number[];
  /** Parts of the whole, 0 to 1, one for each bar. */
  readonly newer: readonly number[];
  readonly stable: readonly number[];
}

export interface LiveProcess {
  readonly name: string;
  readonly role: 'frontend' | 'worker' | 'control';
  /** Of the routing table that it has; undefined: none. */
  readonly edition?: number | undefined;
  /** Each second, of its last report. */
  readonly requests: number;
  readonly inFlight: number;
  /** Requests that wait for a worker; 0 but for frontends. */
  readonly queued: number;
  /** Clients' of a frontend, to servers of a worker. */
  readonly connections: number;
  /** Of one core, 0 to 1 and more. */
  readonly cpu: number;
  /** Bytes, resident. */
  readonly memory: number;
  /** Milliseconds, 99th percentile since its report before. */
  readonly eventLoopDelay: number;
}
