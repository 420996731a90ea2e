/** What a worker measured of one exchange with one server: every attempt makes one observation. */
import type { ErrorCode } from '../kernel/errors.js';
import type { VersionId } from '../kernel/ids.js';

/**
 * `failed`: a 5xx answer, or none that is whole (refused, reset, silent, malformed, cut).
 * `different`: CONCURRENT only, the answer does not agree with the older version's.
 */
export type Outcome = 'ok' | 'failed' | 'different';

export interface Observation {
  readonly version: VersionId;
  /** `host:port`. */
  readonly server: string;
  /** Made by `routeOf`. */
  readonly route: string;
  readonly outcome: Outcome;
  /** Why there is no whole answer; undefined where there is one, also for a 5xx. */
  readonly code: ErrorCode | undefined;
  /** Undefined if no head arrived. */
  readonly status: number | undefined;
  /** Milliseconds from sending to the whole head of the answer, or to the failure. */
  readonly delay: number;
  /** Bytes of the answer's body; undefined if it is not known (endless, cut, a tunnel). */
  readonly bytes: number | undefined;
  /**
   * 1 for the request as it came; of CONCURRENT's two for both. 2 and more for a rescue: such a request
   * was picked by its failure, so that it says nothing fair about the version that it was moved to.
   */
  readonly attempt: number;
}

/** Characters: a client must not be able to make keys of any length. */
const LONGEST_ROUTE = 64;

/** Behind scheme and authority, if there are any; queries may hold slashes as well. */
const FIRST_SEGMENT = /^(?:[a-z][a-z0-9+.-]*:\/\/[^/?#]*)?\/([^/?#]*)/i;

/** Method and first path segment: fine enough to tell kinds of answers apart, and holds no secret values. */
export function routeOf(method: string, target: string): string {
  const [, segment = ''] = FIRST_SEGMENT.exec(target) ?? [];
  return `${method} /${segment}`.slice(0, LONGEST_ROUTE);
}
