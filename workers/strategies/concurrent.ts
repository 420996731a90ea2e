import type { Version } from '../../src/versions/version.js';
import { fallback } from './fallback.js';
import { ownVersion } from './own-version.js';
import type { Decision, Strategy } from './strategy.js';

/**
 * New sessions ask the newest version and an older one. So do sessions that belong to the newest: until
 * it is complete none of its answers is used unproven, and while it is paused it is not asked at all.
 */
export const concurrent: Strategy = question => {
  const [newest] = question.versions;
  const own = ownVersion(question);
  if (own !== undefined && own !== newest) return one(own);

  const older = fallback(question);
  if (older === newest || newest.state.name === 'complete') return one(newest);
  return newest.state.name === 'paused' ? one(older) : { kind: 'both', newer: newest, older };
};

const one = (version: Version): Decision => ({ kind: 'one', version });
