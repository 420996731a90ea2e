/** What is to be said of a version that was just added, before anybody waits for it. Pure. */
import { newestFirst } from '../versions/version.js';
import type { ShownVersion } from './shown-version.js';

/**
 * Why nobody will ever move to it; undefined: somebody may. A version that is older than the stable one is
 * complete from its first moment on, without having served anybody.
 * @param versions newest first, as control lists them
 */
export function onlyToFallBackOn(
  versions: readonly ShownVersion[],
  id: string,
): string | undefined {
  const stable = versions.find(({ state }) => state === 'complete');
  const own = versions.find(each => each.id === id);
  if (
    stable === undefined ||
    own?.state !== 'complete' ||
    newestFirst(numbered(own), numbered(stable)) <= 0
  )
    return undefined;
  return `${own.version} is older than ${stable.version}, which is stable: it is only there to fall back on`;
}

/** Others of the same number: a pipeline that tries again adds one more. */
export function sameNumber(versions: readonly ShownVersion[], id: string): readonly ShownVersion[] {
  const own = versions.find(each => each.id === id);
  if (own === undefined) return [];
  return versions.filter(each => each !== own && newestFirst(numbered(each), numbered(own)) === 0);
}

const numbered = ({ version }: ShownVersion) => ({ number: version });
