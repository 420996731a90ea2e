/** Which version an operator means. Pure. */
import { OperatorError } from './control-client.js';
import type { ShownVersion } from './shown-version.js';

/** `name`: an id, the beginning of one (four characters at least), or a version number that only one has. */
export function namedVersion(versions: readonly ShownVersion[], name: string): ShownVersion {
  const exact = versions.find(({ id }) => id === name);
  if (exact !== undefined) return exact;
  const meant = versions.filter(
    ({ id, version }) => version === name || (name.length >= 4 && id.startsWith(name)),
  );
  const [only, ...more] = meant;
  if (only !== undefined && more.length === 0) return only;
  const known = versions.map(({ id, version }) => `  ${version}  ${id}\n`).join('');
  const because =
    only === undefined ? 'there is no version' : `${meant.length} versions are called`;
  throw new OperatorError(`${because} ${name}; there are:\n${known}`.trimEnd());
}
