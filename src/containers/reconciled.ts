/**
 * What must change in the routing table so that it fits the containers there are. Only versions that came
 * from containers are touched: what operators added stays as it is.
 */
import { isDeepStrictEqual } from 'node:util';
import type { VersionId } from '../kernel/ids.js';
import { isNonEmpty } from '../kernel/non-empty.js';
import type { Change, NewVersion, RoutingTable } from '../versions/routing-table.js';
import { newestFirst, type Version } from '../versions/version.js';
import type { Groups, LabelledCluster, Members, Saying } from './groups.js';

export interface Reconciled {
  /** In the order in which they are to be made: first whatever adds, then whatever takes away. */
  readonly changes: readonly Exclude<Change, { readonly kind: 'happen' }>[];
  readonly sayings: readonly Saying[];
}

const none: Members = { servers: [], coming: [], leaving: [] };

export function reconciled(
  table: RoutingTable,
  groups: Groups,
  newId: () => VersionId,
): Reconciled {
  const owned = table.versions.flatMap(version => {
    const members = membersOf(version, groups);
    return members === undefined ? [] : [{ version, members }];
  });
  const fates = owned.map(({ version, members }) => fateOf(version, members));
  const arrivals = groups.labelled.map(cluster => arrivalOf(cluster, table, newId));
  const all = [...fates, ...arrivals];
  return {
    changes: all
      .flatMap(({ change }) => change ?? [])
      .toSorted((a, b) => order[a.kind] - order[b.kind]),
    sayings: all.flatMap(({ saying }) => saying ?? []),
  };
}

const order = { servers: 0, add: 1, remove: 2 } as const;

interface Fate {
  readonly change?: Reconciled['changes'][number];
  readonly saying?: Saying;
}

/** Undefined: operators alone have a say in it. */
function membersOf({ id, number, owner }: Version, groups: Groups): Members | undefined {
  switch (owner) {
    case undefined:
      return undefined;
    case 'containers':
      return groups.started.get(id) ?? none;
    case 'labels':
      return groups.labelled.find(each => newestFirst(each, { number }) === 0) ?? none;
  }
}

/**
 * While nobody is ready, but somebody may be again, it keeps the servers that it has: what they fail is
 * rescued, and speaks against the version. Who has crashed is not forgotten for having crashed. Nor is who was
 * told to end and has not ended: it may go on for ever.
 */
function fateOf(version: Version, { servers, coming, leaving }: Members): Fate {
  const { id, number } = version;
  if (isNonEmpty(servers)) {
    const isSame = isDeepStrictEqual(servers, version.servers);
    return isSame ? {} : { change: { kind: 'servers', id, servers } };
  }
  if (coming.length === 0) return leaving.length > 0 ? {} : { change: { kind: 'remove', id } };
  const says = `none of its containers is ready (${coming.join(', ')}); what they fail is rescued`;
  return { saying: { about: `version ${number}`, says } };
}

/** A version that is there already, whatever state it is in, does not come again. */
function arrivalOf(
  cluster: LabelledCluster,
  { versions }: RoutingTable,
  newId: () => VersionId,
): Fate {
  const { number, transition, servers, coming } = cluster;
  const equal = versions.filter(each => newestFirst(each, cluster) === 0);
  const about = `version ${number}`;
  if (equal.some(({ owner }) => owner === 'labels')) return {};
  if (equal.length > 0) {
    const says =
      'it was added by hand: containers with its label are left out until it is removed; or give them another version';
    return { saying: { about, says } };
  }
  if (!isNonEmpty(servers)) {
    if (coming.length === 0) return {};
    return { saying: { about, says: `waiting for ${coming.join(', ')}` } };
  }
  const version: NewVersion = { id: newId(), number, servers, transition, owner: 'labels' };
  return { change: { kind: 'add', version } };
}
