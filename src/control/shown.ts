/** What REST says of versions: the contract with operators and their scripts. */
import { isSuperseded, type RoutingTable } from '../versions/routing-table.js';
import type { Version } from '../versions/version.js';

export interface ShownVersion {
  readonly id: string;
  readonly version: string;
  readonly servers: readonly { readonly ip: string; readonly port: number }[];
  readonly upgradeTransition: Version['transition'];
  /** `superseded`: under way, while a newer version decides who is served by whom. */
  readonly state: Version['state']['name'] | 'superseded';
  /** Of GRADUAL, percent of new sessions; present while the upgrade has not ended. */
  readonly progress?: number;
  /** Why it was paused or demoted. */
  readonly because?: string;
}

/** Newest first. */
export const shownTable = (table: RoutingTable): readonly ShownVersion[] =>
  table.versions.map(version => shownVersion(table, version));

export function shownVersion(table: RoutingTable, version: Version): ShownVersion {
  const { id, number, servers, transition, state } = version;
  return {
    id,
    version: number,
    servers: servers.map(({ host, port }) => ({ ip: host, port })),
    upgradeTransition: transition,
    state: isSuperseded(table, version) ? 'superseded' : state.name,
    ...(transition.mode === 'GRADUAL' && 'progress' in state
      ? { progress: state.progress * 100 }
      : {}),
    ...('because' in state && state.because !== undefined ? { because: state.because } : {}),
  };
}
