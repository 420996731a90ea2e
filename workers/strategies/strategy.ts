/** How users move to a newer version. Pure: chance, time and sessions come in as arguments. */
import type { StrategyName } from '../../src/config/cluster.js';
import type { Share } from '../../src/kernel/ids.js';
import type { NonEmpty } from '../../src/kernel/non-empty.js';
import type { Version } from '../../src/versions/version.js';
import type { Session } from '../sessions/session.js';

export interface Question {
  /** Those that may serve, newest first. The newest decides which strategy is asked. */
  readonly versions: NonEmpty<Version>;
  /** Undefined: a new one (no cookie, forged, a long pause, or of a version that may not serve any more). */
  readonly session: Session | undefined;
  /** In [0, 1), from the cookie or drawn. */
  readonly bucket: number;
  /** How far the newest version's upgrade is at this moment; of superseded ones their state says it. */
  readonly progress: Share;
}

export type Decision =
  | { readonly kind: 'one'; readonly version: Version }
  /** Ask both; the answer of `newer` counts only if it agrees with that of `older`. */
  | { readonly kind: 'both'; readonly newer: Version; readonly older: Version };

export type Strategy = (question: Question) => Decision;

export type Strategies = Readonly<Record<StrategyName, Strategy>>;
