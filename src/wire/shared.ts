/**
 * What the workers of a system share besides the routing table: one retry budget, and what they know of bad
 * servers. Each tells where it stands, whole and not what has changed, so that nothing is lost with a
 * connection and a control that comes later knows as much; control tells each what follows. Durations are
 * milliseconds from now on: clocks of hosts are not compared.
 */
import type { Share, VersionId } from '../kernel/ids.js';

/** Of all versions together. More that are left out at a time stay each worker's own affair. */
export const MOST_SHARED_SERVERS = 256;

/**
 * Milliseconds in which what was spent of the retry budget fades to 1/e. What was not used in it may be used
 * at once.
 */
export const BUDGET_WINDOW = 10_000;

export interface ServerOf {
  readonly version: VersionId;
  /** `host:port`. */
  readonly server: string;
}

/** `ms`: until it is tried again. */
export interface ServerOut extends ServerOf {
  readonly ms: number;
}

/** Of one worker, now. */
export interface Standing {
  /** Of the pool, `rescue.perSecond`: what it may use, as it knows it. */
  readonly part: Share;
  /** Of the pool: what it has used and is not faded. */
  readonly used: Share;
  /** It lately had to refuse an attempt. */
  readonly wants: boolean;
  /** Servers that it leaves out for what it has seen itself. */
  readonly out: readonly ServerOut[];
  /** Of the servers that control spoke of: those that it has asked lately, and does not leave out. */
  readonly uses: readonly ServerOf[];
}

/** For one worker. */
export interface Shared {
  /** Of the pool: what it may use from now on. */
  readonly part: Share;
  /** Servers that some worker leaves out; undefined: control has just begun, and does not know yet. */
  readonly servers: readonly SharedServer[] | undefined;
}

export interface SharedServer extends ServerOut {
  /** For all, because most of those that use it say so; else one failure of one's own is enough. */
  readonly isOut: boolean;
}
