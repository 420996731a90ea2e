/** What REST says of versions: the contract with operators and their scripts. */
import type { Share, VersionId } from '../kernel/ids.js';
import { stepReached } from '../versions/pace.js';
import { isSuperseded, type RoutingTable } from '../versions/routing-table.js';
import type { Version } from '../versions/version.js';
import type { Judgement } from './judged.js';
import type { LiveSessions } from './why.js';

export interface ShownVersion {
  readonly id: string;
  readonly version: string;
  readonly servers: readonly {
    readonly ip: string;
    readonly port: number;
    readonly zone?: string;
  }[];
  readonly upgradeTransition: Version['transition'];
  /** `superseded`: under way, while a newer version decides who is served by whom. */
  readonly state: Version['state']['name'] | 'superseded';
  /** Of GRADUAL, percent of new sessions, as its steps let it through; only while the upgrade has not ended. */
  readonly progress?: number;
  /** Why it was paused or demoted. */
  readonly because?: string;
  /** Only where any are known. */
  readonly sessions?: LiveSessions;
  /** Of its upgrade, as of now. */
  readonly verdict?: Judgement['verdict'];
  /** What the verdict is drawn from. */
  readonly exchanges?: number;
  /** Its servers are containers: those that have its label, or that control started; without it an operator's. */
  readonly owner?: Version['owner'];
}

/** What is known of versions and does not stand in the table; undefined: nothing. */
export interface Facts {
  sessions(id: VersionId): LiveSessions | undefined;
  judgement(id: VersionId): Judgement | undefined;
  /** The share that a moving version has by now, without its steps: fresher than the table's. */
  progress(id: VersionId): Share | undefined;
}

/** Newest first. */
export const shownTable = (table: RoutingTable, facts: Facts): readonly ShownVersion[] =>
  table.versions.map(version => shownVersion(table, version, facts));

export function shownVersion(table: RoutingTable, version: Version, facts: Facts): ShownVersion {
  const { id, number, servers, transition, state, owner } = version;
  const progress = shownProgress(version, facts);
  const sessions = facts.sessions(id);
  const judgement = facts.judgement(id);
  return {
    id,
    version: number,
    servers: servers.map(({ host, port, zone }) => ({
      ip: host,
      port,
      ...(zone !== undefined && { zone }),
    })),
    upgradeTransition: transition,
    state: isSuperseded(table, version) ? 'superseded' : state.name,
    ...(progress !== undefined && { progress }),
    ...('because' in state && state.because !== undefined && { because: state.because }),
    ...(sessions !== undefined && { sessions }),
    ...(judgement !== undefined && {
      verdict: judgement.verdict,
      exchanges: judgement.exchanges,
    }),
    ...(owner !== undefined && { owner }),
  };
}

function shownProgress({ id, transition, state }: Version, facts: Facts): number | undefined {
  if (transition.mode !== 'GRADUAL' || !('progress' in state)) return undefined;
  const present = facts.progress(id) ?? state.progress;
  // Control may have begun anew and know less than the table, which never falls.
  const reached = present > state.progress ? present : state.progress;
  return stepReached(reached, transition.steps) * 100;
}
