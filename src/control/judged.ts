/** What control concludes from a look at the upgrade under way. */
import type { Verdict } from '../verdict/verdict.js';
import type { Change } from '../versions/routing-table.js';
import type { Progress } from '../wire/report.js';
import type { Share } from '../kernel/ids.js';
import type { Version } from '../versions/version.js';
import type { Trial } from './trial.js';
import type { ShownEvent } from './why.js';

/** One moment by two clocks, in milliseconds. */
export interface Moment {
  /** Never jumps. */
  readonly monotonic: number;
  /** Since 1970. */
  readonly wall: number;
}

export type UpgradeProgress = Omit<Progress, 'taken'>;

/** What follows from a look. */
export interface Judged {
  /** Asked for again each second until the table says so: the registry may have been full. */
  readonly changes: readonly Change[];
  /** To be made durable without a new table for everybody. */
  readonly remember: readonly Change[];
  /** Of GRADUAL, where it is another, or requests were counted in. */
  readonly progress: UpgradeProgress | undefined;
  /** What happened since the look before, oldest first. */
  readonly events: readonly ShownEvent[];
}

export interface Judgement {
  readonly verdict: Verdict['kind'];
  /** First attempts of the newer version that were weighed. */
  readonly exchanges: number;
}

/** The upgrade under way, or the last one. */
export interface Watched {
  readonly trial: Trial;
  /** Undefined: its version was removed. */
  readonly mode: Version['transition']['mode'] | undefined;
  /** Of new sessions, as its steps let it through; undefined: it is over. */
  readonly share: Share | undefined;
  readonly isUnderWay: boolean;
}
