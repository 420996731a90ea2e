/** The servers of all versions that may serve, and which of them gets a request: servers before versions. */
import type { VersionId } from '../src/kernel/ids.js';
import { serving, upgradeOf, type RoutingTable } from '../src/versions/routing-table.js';
import type { Version } from '../src/versions/version.js';
import type { Server } from './containers/server.js';
import {
  MOST_SHARED_SERVERS,
  type ServerOf,
  type ServerOut,
  type SharedServer,
} from '../src/wire/shared.js';
import type { Doubted, Doubts, Servers, ServersLoad, Tried } from './containers/servers.js';
import type { Blame } from './observation/withheld.js';

export interface Picked {
  readonly version: Version;
  readonly server: Server;
  /** Its upgrade is not complete: it is the one that users move to, or was until a newer one came. */
  readonly isMoving: boolean;
}

export interface AboutRequest {
  /** If it fails, another is asked. */
  readonly isRepeatable: boolean;
  /** No server was asked for it yet: others were picked by their failure, and are no sample. */
  readonly isFirst: boolean;
}

const usualRequest: AboutRequest = { isRepeatable: true, isFirst: true };

/**
 * First attempts a second, and at once, that go to the version that users move to although its servers are
 * left out: the verdict wants its sample, also where a version dies late and its good days are to be
 * outweighed. What they fail is rescued; of a server that hangs so many clients feel it.
 */
const SAMPLE = 20;

const nothingSaid: Doubts = new Map();

/** Milliseconds between two calls of `sweep`. */
export const SWEEP = 250;

export class Fleet {
  readonly #serversOf: (version: Version) => Servers;
  readonly #servers = new Map<VersionId, Servers>();
  #table: RoutingTable;
  #serving: readonly Version[];
  #moving: Version | undefined;
  /** What other workers say of servers. */
  #doubts: ReadonlyMap<VersionId, Doubts> = new Map();
  /** First attempts that may go now to servers that are left out. */
  #samples = SAMPLE;

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
    if (this.#moving?.id !== before) this.#samples = SAMPLE;
    for (const [id, servers] of this.#servers) {
      const version = table.versions.find(each => each.id === id);
      if (version !== undefined) {
        servers.take(version.servers);
        continue;
      }
      servers.close();
      this.#servers.delete(id);
    }
  }

  /**
   * A server of this version, or of the next older one that has any. Undefined: none is left. Versions
   * that were taken back meanwhile are passed over.
   */
  pick(from: VersionId, tried: Tried, request: AboutRequest = usualRequest): Picked | undefined {
    const able = this.#from(from);
    return this.#first(able, tried, false, request) ?? this.#first(able, tried, true, request);
  }

  /** A server of this version and no other. */
  pickOf(version: Version, tried: Tried): Picked | undefined {
    const now = this.#serving.find(({ id }) => id === version.id);
    return now === undefined ? undefined : this.#first([now], tried, true, usualRequest);
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
  failed({ version, server, startedAt }: Ended, status?: number): Blame {
    const isAnswer = status !== undefined && version.state.name === 'complete';
    return (
      this.#servers.get(version.id)?.failed(server, startedAt, isAnswer, status !== undefined) ??
      'version'
    );
  }

  /** From control: which servers somebody leaves out. */
  told(servers: readonly SharedServer[], now: number): void {
    const doubts = new Map<VersionId, Map<string, Doubted>>();
    for (const { version, server, isOut, ms } of servers) {
      const ofVersion = doubts.get(version) ?? new Map<string, Doubted>();
      doubts.set(version, ofVersion.set(server, { isOut, until: now + ms }));
    }
    this.#doubts = doubts;
    for (const [id, each] of this.#servers) each.told(doubts.get(id) ?? nothingSaid);
  }

  /** Servers that are left out for what we have seen ourselves. */
  leftOut(now: number): readonly ServerOut[] {
    const out: ServerOut[] = [];
    for (const [version, servers] of this.#servers) {
      for (const { server, until } of servers.leftOut) {
        out.push({ version, server: server.name, ms: Math.max(0, until - now) });
      }
    }
    return out.slice(0, MOST_SHARED_SERVERS);
  }

  /** Of those that others speak of: which we ask. */
  uses(now: number): readonly ServerOf[] {
    const uses: ServerOf[] = [];
    if (this.#doubts.size === 0) return uses;
    for (const [version, servers] of this.#servers) {
      for (const server of servers.uses(now)) uses.push({ version, server: server.name });
    }
    return uses.slice(0, MOST_SHARED_SERVERS);
  }

  /** Of all servers: connections, and how many servers are left out. */
  get load(): ServersLoad {
    const load = { busy: 0, idle: 0, ejected: 0 };
    for (const servers of this.#servers.values()) {
      const { busy, idle, ejected } = servers.load;
      load.busy += busy;
      load.idle += idle;
      load.ejected += ejected;
    }
    return load;
  }

  /** To be called every `SWEEP`. */
  sweep(now: number): void {
    this.#samples = Math.min(SAMPLE, this.#samples + (SAMPLE * SWEEP) / 1000);
    for (const servers of this.#servers.values()) servers.sweep(now);
  }

  close(): void {
    for (const servers of this.#servers.values()) servers.close();
  }

  #first(
    versions: readonly Version[],
    tried: Tried,
    insist: boolean,
    request: AboutRequest,
  ): Picked | undefined {
    for (const version of versions) {
      const isMoving = version.state.name !== 'complete';
      const server =
        this.#of(version).pick(tried, insist, request.isRepeatable) ??
        this.#sampled(version, tried, request);
      if (server !== undefined) return { version, server, isMoving };
    }
    return undefined;
  }

  #sampled(version: Version, tried: Tried, request: AboutRequest): Server | undefined {
    const isWanted = version.id === this.#moving?.id && request.isFirst && request.isRepeatable;
    if (!isWanted || this.#samples < 1) return undefined;
    const server = this.#of(version).pick(tried, true);
    if (server !== undefined) this.#samples -= 1;
    return server;
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
    const doubts = this.#doubts.get(version.id);
    if (doubts !== undefined) servers.told(doubts);
    return servers;
  }
}

interface Ended {
  readonly version: Version;
  readonly server: Server;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}
