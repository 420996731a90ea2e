/** How a role finds the others, and how they find it. */
import { hostname } from 'node:os';
import type { Config } from '../config/config.js';
import { isProtected } from '../config/security.js';
import type { Directory } from '../discovery/directory.js';
import type { Finder, Sought } from '../discovery/finder.js';
import { Finding } from '../discovery/finding.js';
import { reachedAt } from '../discovery/reached-at.js';
import { systemResolve } from '../discovery/system-resolve.js';
import { systemClock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import type { Place } from '../kernel/place.js';
import type { Role } from '../kernel/role.js';
import { StartError } from '../kernel/start-error.js';
import { RegistryError } from '../registry/registry.js';

export interface Discovery {
  readonly finder: Finder;
  /** Undefined: nobody keeps one. */
  readonly directory: Directory | undefined;
}

/** Throws StartError: a file for etcd cannot be read. */
export async function discoveryFor(config: Config, report: Report): Promise<Discovery> {
  const directory = await directoryFor(config, report);
  const finder = new Finding({
    resolve: systemResolve,
    directory,
    mayLink: address => isProtected(address, config.security),
    clock: systemClock,
    report,
  });
  return { finder, directory };
}

async function directoryFor({ registry }: Config, report: Report): Promise<Directory | undefined> {
  if (registry.kind !== 'etcd') return undefined;
  // Large, and wanted by few.
  const { etcdDirectory } = await import('../registry/etcd-directory.js');
  try {
    return await etcdDirectory(registry, { clock: systemClock, report });
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw new StartError(cause.message, 2, { cause });
  }
}

/** Where others find somebody who registers himself; undefined: he does not, or nobody else reaches him. */
export function foundAt(
  { bound, advertise }: { readonly bound: string; readonly advertise: string | undefined },
  { device, registry }: Config,
  report: Report,
): string | undefined {
  if (registry.kind !== 'etcd') return undefined;
  const address = reachedAt(bound, advertise ?? device.advertise);
  if (address === undefined) report({ type: 'not-registered', address: bound });
  return address;
}

export interface Registering {
  readonly sought: Sought;
  /** What the process is called. */
  readonly name: string;
  readonly at: string | undefined;
  readonly place: Place;
}

/** Others find the role from now on, until it drains: then nobody new shall come. */
export function registered(
  role: Role,
  directory: Directory | undefined,
  { sought, name, at: address, place: { host, zone } }: Registering,
): Role {
  if (directory === undefined || address === undefined) return role;
  // Supervisors on several machines call their roles the same.
  const own = `${name}@${hostname()}-${process.pid}`;
  const entry = directory.register(sought, own, { address, host, ...(zone !== '' && { zone }) });
  return {
    stopped: role.stopped,
    async stop() {
      await Promise.all([entry.withdraw(), role.stop()]);
    },
  };
}

/** What it asked of the directory ends with the role. */
export function withDirectory(role: Role, directory: Directory | undefined): Role {
  if (directory === undefined) return role;
  const stopped = role.stopped.finally(() => directory.close());
  stopped.catch(() => undefined); // whoever waits for it hears of it
  return {
    stopped,
    async stop() {
      await role.stop();
      await stopped;
    },
  };
}
