/** What the process finds around itself: the folders of its user, and our own files. */
import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateFolders } from '../registry/place.js';
import type { Surroundings } from '../supervisor/runtime-folder.js';

export const workersMain = new URL('../../workers/main.js', import.meta.url);
export const entry = new URL('../cli.js', import.meta.url);

export const stateFolders: StateFolders = {
  service: process.env['STATE_DIRECTORY'],
  user: process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'),
};

export const surroundings: Surroundings = {
  base: process.env['XDG_RUNTIME_DIR'] ?? tmpdir(),
  uid: process.getuid?.() ?? 0,
};

/** Our own release. */
export function release(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
