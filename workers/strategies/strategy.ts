/** How users move to a newer version. Pure: chance and sessions will come in as arguments. */
import type { NonEmpty } from '../../src/kernel/non-empty.js';
import type { Version } from '../../src/versions/version.js';

export interface Question {
  /** Those that may serve, newest first. */
  readonly versions: NonEmpty<Version>;
}

export interface Decision {
  readonly kind: 'one';
  readonly version: Version;
}

export type Strategy = (question: Question) => Decision;
