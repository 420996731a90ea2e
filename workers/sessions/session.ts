/** One client's requests with no pause longer than the session timeout. */
import type { SessionId, VersionId } from '../../src/kernel/ids.js';

/** What the signed cookie carries. */
export interface Session {
  readonly id: SessionId;
  /** The version that the session belongs to: a rescue does not change that, a demotion does. */
  readonly version: VersionId;
  /** Whole seconds of the wall clock (since 1970). */
  readonly lastSeen: number;
  /** In [0, 1), for good: which share of GRADUAL it crosses with. */
  readonly bucket: number;
}
