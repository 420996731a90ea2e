import { fallback } from './fallback.js';
import { ownVersion } from './own-version.js';
import type { Strategy } from './strategy.js';

/**
 * Moves new sessions over bit by bit. A client keeps one bucket for good, and its next session crosses
 * once the progress has passed that bucket. A pause only stops the progress: it still counts, so that
 * nobody who has crossed goes back.
 */
export const gradual: Strategy = question => {
  const { versions, bucket, progress } = question;
  const [newest] = versions;
  const hasCrossed = newest.state.name === 'complete' || bucket < progress;
  const version = ownVersion(question) ?? (hasCrossed ? newest : fallback(question));
  return { kind: 'one', version };
};
