/** Which versions there are. One immutable value: a request takes it once and keeps it to its end. */
import type { ServerAddress, UpgradeTransition } from '../config/cluster.js';
import { share, type VersionId } from '../kernel/ids.js';
import { isNonEmpty, type NonEmpty } from '../kernel/non-empty.js';
import { unreachable } from '../kernel/unreachable.js';
import { newestFirst, type Owner, type Version } from './version.js';
import { mayServe, stateAfter, type Happening, type VersionState } from './version-state.js';

export interface RoutingTable {
  /** Grows with every change: nobody goes back to an older table. */
  readonly edition: number;
  /** Newest first; one of them may serve. */
  readonly versions: NonEmpty<Version>;
}

/** A version that is to be added. */
export interface NewVersion {
  readonly id: VersionId;
  readonly number: string;
  readonly servers: NonEmpty<ServerAddress>;
  readonly transition: UpgradeTransition;
  /** See `Version`. */
  readonly owner?: Owner | undefined;
}

export type Change =
  | { readonly kind: 'add'; readonly version: NewVersion }
  | { readonly kind: 'remove'; readonly id: VersionId }
  /** The same version on other servers: its upgrade, its sessions and its verdict go on. */
  | { readonly kind: 'servers'; readonly id: VersionId; readonly servers: NonEmpty<ServerAddress> }
  | { readonly kind: 'happen'; readonly id: VersionId; readonly on: Happening };

/** A change that cannot be made: REST answers 404 for `unknown`, 409 for the others. */
export type Refusal =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'impossible'; readonly because: string }
  | { readonly kind: 'nobody-left'; readonly because: string };

export type Changed =
  | { readonly ok: true; readonly table: RoutingTable }
  | { readonly ok: false; readonly refusal: Refusal };

/** The table of a configuration file: one version, which is the stable one. */
export const firstTable = (version: NewVersion): RoutingTable => ({
  edition: 1,
  versions: [{ ...version, state: { name: 'complete' } }],
});

/** The table after a change, with the next edition; or why it stays as it is. */
export function changed(table: RoutingTable, change: Change): Changed {
  const { versions } = table;
  if (change.kind === 'add') return next(table, withAdded(table, change.version));
  const target = versions.find(({ id }) => id === change.id);
  if (target === undefined) return { ok: false, refusal: { kind: 'unknown' } };
  switch (change.kind) {
    case 'remove':
      return next(
        table,
        versions.filter(each => each !== target),
      );
    case 'servers':
      return next(table, withOther(versions, target, { servers: change.servers }));
    case 'happen': {
      const state = stateAfter(target.state, change.on);
      if (state === undefined) return impossible(change.on.type, target);
      return next(table, withOther(versions, target, { state }));
    }
    default:
      return unreachable(change);
  }
}

/** Those that may be asked, newest first. */
export function serving({ versions }: RoutingTable): NonEmpty<Version> {
  const able = versions.filter(({ state }) => mayServe(state));
  return isNonEmpty(able) ? able : [versions[0]]; // `changed` lets no such table come into being
}

/** The newest version whose upgrade is complete; where there is none, the oldest that may serve. */
export function stableOf(table: RoutingTable): Version {
  const able = serving(table);
  return able.find(({ state }) => state.name === 'complete') ?? able.at(-1) ?? able[0];
}

/** The version that users move to, or that waits paused for them; undefined: no upgrade is under way. */
export function upgradeOf(table: RoutingTable): Version | undefined {
  const [newest] = serving(table);
  return newest.state.name === 'complete' ? undefined : newest;
}

/** An upgrade that has not ended, while a newer version that may serve decides who is served by whom. */
export function isSuperseded(table: RoutingTable, { id, state }: Version): boolean {
  const isUnderWay = state.name === 'running' || state.name === 'paused';
  return isUnderWay && upgradeOf(table)?.id !== id;
}

const withOther = (
  versions: readonly Version[],
  target: Version,
  other: Partial<Pick<Version, 'servers' | 'state'>>,
): readonly Version[] => versions.map(each => (each === target ? { ...each, ...other } : each));

/** Of two equal versions the one added later is newer: sorting is stable. */
function withAdded(table: RoutingTable, added: NewVersion): readonly Version[] {
  return [{ ...added, state: firstState(table, added) }, ...table.versions].toSorted(newestFirst);
}

/**
 * Only the newest version starts an upgrade. One that is older than the stable version is there to fall back
 * on. In between nobody moves to it yet: it waits until the newer one is gone, or somebody resumes it.
 */
function firstState(table: RoutingTable, added: NewVersion): VersionState {
  const isOlderThan = (version: Version | undefined) =>
    version !== undefined && newestFirst(added, version) > 0;
  if (isOlderThan(table.versions.find(({ state }) => state.name === 'complete'))) {
    return { name: 'complete' };
  }
  const [newest] = serving(table);
  if (!isOlderThan(newest)) return { name: 'running', progress: share(0) };
  const because = `added while ${newest.number}, which is newer, was there`;
  return { name: 'paused', progress: share(0), because };
}

function next({ edition }: RoutingTable, versions: readonly Version[]): Changed {
  if (isNonEmpty(versions) && versions.some(({ state }) => mayServe(state))) {
    return { ok: true, table: { edition: edition + 1, versions } };
  }
  const because = 'no version that may serve would remain';
  return { ok: false, refusal: { kind: 'nobody-left', because } };
}

function impossible(verb: string, { number, state }: Version): Changed {
  const because = `version ${number} is ${state.name}: ${verb} is not possible now`;
  return { ok: false, refusal: { kind: 'impossible', because } };
}
