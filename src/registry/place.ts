/** Where the registry is kept if nobody says so: state that outlives processes and restarts of the machine. */
import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';

export interface StateFolders {
  /** STATE_DIRECTORY: systemd makes one for the service, or several, of which the first is ours (systemd.exec(5)). */
  readonly service: string | undefined;
  /** XDG_STATE_HOME, or what it is by default (XDG Base Directory Specification). */
  readonly user: string;
}

/**
 * One file for each configuration file, told apart by its path: two of them on one machine must not share
 * their versions.
 */
export function registryPlace(configuration: string, { service, user }: StateFolders): string {
  const path = resolve(configuration);
  const mark = createHash('sha256').update(path).digest('hex').slice(0, 8);
  const name = `${basename(path).replace(/\.json$/, '')}-${mark}.json`;
  const [own] = service?.split(':') ?? [];
  return own === undefined || own === '' ? join(user, 'cutover', name) : join(own, name);
}
