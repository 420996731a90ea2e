import { fallback } from './fallback.js';
import { ownVersion } from './own-version.js';
import type { Strategy } from './strategy.js';

/** A session stays on its version to its end; new ones go to the newest, unless it is paused. */
export const session: Strategy = question => {
  const [newest] = question.versions;
  const version =
    ownVersion(question) ?? (newest.state.name === 'paused' ? fallback(question) : newest);
  return { kind: 'one', version };
};
