/** How far the newest routing table has spread, and who of several controls acts. */
import type { Controls } from '../registry/leadership.js';

export interface Spread {
  readonly edition: number;
  readonly followers: number;
  /** Followers that have this edition. */
  readonly acknowledged: number;
  /** Followers that are workers. */
  readonly workers: number;
}

/** What `GET /configuration` says. */
export interface ShownSpread extends Spread {
  /** Only where several controls share the registry: the one that acts; undefined: none does. */
  readonly leader?: string;
  /** Likewise: those that live. */
  readonly controls?: readonly string[];
  /** Likewise: why the registry cannot be reached, and nothing can be changed. */
  readonly away?: string;
}

export function shownSpread(spread: Spread, controls: Controls | undefined): ShownSpread {
  if (controls === undefined) return { ...spread };
  const { leader, live, away } = controls;
  return {
    ...spread,
    ...(leader !== undefined && { leader }),
    controls: live,
    ...(away !== undefined && { away }),
  };
}
