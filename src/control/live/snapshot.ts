/** All that the dashboard shows, put together from what the parts of control know. Pure. */
import type { VersionId } from '../../kernel/ids.js';
import type { RoutingTable } from '../../versions/routing-table.js';
import type { Policy } from '../../verdict/policy.js';
import type { Live, LivePoint, LiveProcess, LiveUpgrade } from '../live.js';
import type { RecentRates } from '../recent.js';
import { shownVersion, type Facts } from '../shown.js';
import type { Spread } from '../spread.js';
import { whyOf, type Trial } from '../trial.js';
import type { ShownEvent } from '../why.js';
import { distribution } from './distribution.js';

export interface Known {
  /** Milliseconds since 1970. */
  readonly wall: number;
  readonly release: string;
  readonly policy: Policy & Pick<Live, 'policy'>;
  readonly spread: Spread;
  readonly table: RoutingTable;
  readonly facts: Facts;
  readonly recently: (id: VersionId) => RecentRates;
  /** Of the upgrade under way, or of the last one. */
  readonly trial: Trial | undefined;
  readonly points: readonly LivePoint[];
  readonly processes: readonly LiveProcess[];
  /** Newest first. */
  readonly events: readonly ShownEvent[];
}

export function liveOf(known: Known): Live {
  const { table, facts, trial } = known;
  return {
    at: new Date(known.wall).toISOString(),
    release: known.release,
    policy: known.policy.policy,
    spread: known.spread,
    versions: table.versions.map(version => ({
      ...shownVersion(table, version, facts),
      ...known.recently(version.id),
    })),
    ...(trial !== undefined && { upgrade: upgradeShown(trial, known) }),
    processes: known.processes,
    events: known.events,
  };
}

function upgradeShown(trial: Trial, { table, points, events, policy }: Known): LiveUpgrade {
  const { id, number, stable, since } = trial;
  const own = events.filter(each => each.id === id && Date.parse(each.at) >= since);
  return {
    id,
    version: number,
    ...(stable !== undefined && {
      stable: { id: stable, version: numberOf(stable, table, events) },
    }),
    points,
    events: own.toReversed(),
    delay: distribution(trial.newerTally.delays, trial.stableTally.delays),
    size: distribution(trial.newerTally.sizes, trial.stableTally.sizes),
    why: whyOf(trial, policy),
  };
}

/** It may have been removed since, and then what happened to it tells. */
const numberOf = (id: string, { versions }: RoutingTable, events: readonly ShownEvent[]): string =>
  versions.find(each => each.id === id)?.number ??
  events.find(each => each.id === id)?.version ??
  id;
