/** The servers of all versions that may serve, and which of them gets a request: servers before versions. */
import type { VersionId } from '../src/kernel/ids.js';
import { serving, upgradeOf, type RoutingTable } from '../src/versions/routing-table.js';
import type { Version } from '../src/versions/version.js';
import type { Server } from './containers/server.js';
import type { Servers } from './containers/servers.js';
import type { Blame } from './observation/withheld.js';

export interface Picked {
  readonly version: Version;
  readonly server: Server;
  /** Its upgrade is not complete: it is the one that users move to, or was until a newer one came. */
  readonly isMoving: boolean;
}

export interface Tried {
  has(server: Server): boolean;
}

/**
 * Failures of the version that users move to, until which its ejected servers are asked all the same: the
 * verdict wants its sample, and what they fail is rescued. Those alone that control hears of and counts:
 * first attempts that are no single server's fault.
 */
const SAMPLE = 20;

export class Fleet {
  readonly #serversOf: (version: Version) => Servers;
  readonly #servers = new Map<VersionId, Servers>();
  #table: RoutingTable;
  #serving: readonly Version[];
  #moving: Version | undefined;
  /** Of the version that users move to. */
  #failures = 0;

  constructor(table: RoutingTable, serversOf: (version: Version) => Servers) {
    this.#table = table;
    this.#serversOf = serversOf;
    this.#serving = serving(table);
    this.#moving = upgradeOf(table);
  }

  /** Exchanges in flight go on as they began. */
  take(table: RoutingTable): void {
    const before = this.#moving?.id;
    this.#table = table;
    this.#serving = serving(table);
    this.#moving = upgradeOf(table);
    if (this.#moving?.id !== before) this.#failures = 0;
    for (const [id, servers] of this.#servers) {
      if (table.versions.some(version => version.id === id)) continue;
      servers.close();
      this.#servers.delete(id);
    }
  }

  /**
   * A server of this version, or of the next older one that has any. Undefined: none is left. Versions
   * that were taken back meanwhile are passed over.
   */
  pick(from: VersionId, tried: Tried, isRepeatable = true): Picked | undefined {
    const able = this.#from(from);
    return (
      this.#first(able, tried, false, isRepeatable) ?? this.#first(able, tried, true, isRepeatable)
    );
  }

  /** A server of this version and no other. */
  pickOf(version: Version, tried: Tried): Picked | undefined {
    const now = this.#serving.find(({ id }) => id === version.id);
    return now === undefined ? undefined : this.#first([now], tried, true);
  }

  /** The older versions that may serve, newest first. */
  behind({ id }: Version): readonly Version[] {
    return this.#from(id).filter(each => each.id !== id);
  }

  /** Servers of this version that were not tried and may be. */
  left(version: Version, tried: Tried): number {
    const servers = this.#servers.get(version.id);
    if (servers === undefined) return 0;
    // With nowhere else to go `pick` insists.
    return servers.left(tried) || (this.behind(version).length > 0 ? 0 : servers.left(tried, true));
  }

  succeeded({ version, server, startedAt }: Ended): void {
    this.#servers.get(version.id)?.succeeded(server, startedAt);
  }

  /** Whose failure it is. `status`: of a whole 5xx answer, which of a stable version is its application's. */
  failed({ version, server, startedAt }: Ended, number = 1, status?: number): Blame {
    const isAnswer = status !== undefined && version.state.name === 'complete';
    const blame = this.#servers.get(version.id)?.failed(server, startedAt, isAnswer) ?? 'version';
    const counts = version.id === this.#moving?.id && number === 1 && blame === 'version';
    if (counts) this.#failures += 1;
    return blame;
  }

  sweep(now: number): void {
    for (const servers of this.#servers.values()) servers.sweep(now);
  }

  close(): void {
    for (const servers of this.#servers.values()) servers.close();
  }

  #first(
    versions: readonly Version[],
    tried: Tried,
    insist: boolean,
    isRepeatable = true,
  ): Picked | undefined {
    for (const version of versions) {
      const isMoving = version.state.name !== 'complete';
      const isWanted = version.id === this.#moving?.id && this.#failures < SAMPLE;
      const isSampled = isWanted && isRepeatable;
      const server = this.#of(version).pick(tried, insist || isSampled, isRepeatable);
      if (server !== undefined) return { version, server, isMoving };
    }
    return undefined;
  }

  /** This one and those behind it; all, if it is not there any more. */
  #from(id: VersionId): readonly Version[] {
    const serves = this.#serving;
    if (serves[0]?.id === id) return serves; // the usual case
    const { versions } = this.#table;
    const at = versions.findIndex(each => each.id === id);
    if (at < 0) return serves;
    const behind = serves.filter(each => versions.indexOf(each) >= at);
    return behind.length > 0 ? behind : serves;
  }

  #of(version: Version): Servers {
    const known = this.#servers.get(version.id);
    if (known !== undefined) return known;
    const servers = this.#serversOf(version);
    this.#servers.set(version.id, servers);
    return servers;
  }
}

interface Ended {
  readonly version: Version;
  readonly server: Server;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}
