/**
 * Cutover as operators run it, between clients and containers, all of them processes: what faults are done to.
 * Two frontends, three workers, control; two containers of the stable version, two for newer ones.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { decoded } from '../../src/registry/file-format.js';
import { isSuperseded, type RoutingTable } from '../../src/versions/routing-table.js';
import {
  configFor,
  CutoverProcess,
  homeFor,
  portOf,
  type Home,
  type Sections,
} from '../support/processes.js';
import type { Stage } from '../support/stage.js';
import { Api, neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';
import { FaultyContainer } from './faulty-container.js';
import { clientPortsOf, freeze } from './held-connections.js';
import { Ledger } from './ledger.js';
import { Traffic, usualMix, type Kind } from './traffic.js';

export const FRONTENDS = 2;
export const WORKERS = 3;

/** Seconds. Short, so that what Cutover waits for comes about in a test. */
const timeouts = { answer: 2, stream: 4, connect: 2, serverIdle: 1, queue: 20, drain: 10 };
export const device = { heartbeat: 0.5, silence: 2 };
const rescue = { patience: 0.5 };

/** For a process that was killed several times in a row the supervisor takes its time. Milliseconds. */
export const RESTART = 60_000;

/** There may be one for every request that fails. */
const ofRequests: ReadonlySet<string> = new Set([
  'exchange-failed',
  'request-refused',
  'server-refused',
  'server-ejected',
  'server-admitted',
]);

/** What a world has that others have not. */
export interface Special {
  readonly command?: readonly [string, ...string[]];
  readonly sections?: Sections & { readonly registry?: { readonly file: string } };
}

export interface WorldOptions {
  readonly monitor?: Sections;
  /** `folder`: where its processes keep everything. */
  readonly surroundings?: (folder: string) => Promise<Special>;
}

export interface LoadOptions {
  /** Draws in [0, 1). */
  readonly chance: () => number;
  readonly prefix: string;
  readonly mix?: readonly Kind[];
  readonly clients?: number;
}

/** A load, and the ledger of it. */
export interface Load {
  readonly traffic: Traffic;
  readonly ledger: Ledger;
}

export class World {
  readonly stable: readonly FaultyContainer[];
  readonly newer: readonly FaultyContainer[];
  readonly cutover: CutoverProcess;
  readonly home: Home;
  readonly port: number;
  /** The path of its file, as control sees it. */
  readonly registry: string;
  readonly #stage: Stage;
  #load: Load | undefined;

  private constructor(
    stage: Stage,
    about: Pick<World, 'stable' | 'newer' | 'cutover' | 'home' | 'port' | 'registry'>,
  ) {
    this.#stage = stage;
    this.stable = about.stable;
    this.newer = about.newer;
    this.cutover = about.cutover;
    this.home = about.home;
    this.port = about.port;
    this.registry = about.registry;
  }

  /** Once every role is ready, and has the same routing table. */
  static async begin(
    stage: Stage,
    { monitor = {}, surroundings = () => Promise.resolve({}) }: WorldOptions = {},
  ): Promise<World> {
    const books = await stage.folder();
    const container = (name: string) => FaultyContainer.start(stage, name, books);
    const stable = await Promise.all(['a', 'b'].map(container));
    const newer = await Promise.all(['c', 'd'].map(container));
    const home = await homeFor(stage, {});
    const { sections: special, ...start } = await surroundings(home.folder);
    const sections = {
      registry: { file: join(home.folder, 'registry.json') },
      monitor: { ...neverSlowOrOdd.monitor, ...monitor },
      frontends: { count: FRONTENDS },
      workers: { count: WORKERS },
      timeouts,
      device,
      rescue,
      ...special,
    };
    const servers = stable.map(({ address }) => address);
    await home.write(configFor(servers, sections));
    const options = { env: home.env, ...start };
    const cutover = new CutoverProcess(stage, ['up', '-c', home.file], options);
    const { address } = await cutover.logged('supervisor-ready', { ms: RESTART });
    const port = portOf(address);
    const registry = sections.registry.file;
    const world = new World(stage, { stable, newer, cutover, home, port, registry });
    await world.settled();
    return world;
  }

  get containers(): readonly FaultyContainer[] {
    return [...this.stable, ...this.newer];
  }

  container(name: string): FaultyContainer {
    return this.containers.find(each => each.name === name)!;
  }

  get roles(): readonly string[] {
    const numbered = (kind: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
    return [...numbered('frontend', FRONTENDS), ...numbered('worker', WORKERS), 'control'];
  }

  /** The process that a role has now. */
  pidOf(role: string): number {
    const started = this.cutover.all('role-started').filter(line => line.role === role);
    const pid = started.at(-1)?.pid;
    if (pid === undefined) throw new Error(`no process for ${role}`);
    return pid;
  }

  /** A control that was started again has another address. */
  get api(): Api {
    const line = this.cutover.all('control-listening').at(-1);
    if (line === undefined) throw new Error('control does not listen');
    return new Api(portOf(line.address));
  }

  /** Ends a role that the supervisor then starts again; what is returned settles when that one is ready. */
  async end(role: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<() => Promise<void>> {
    const pid = this.pidOf(role);
    const since = this.cutover.lines.length;
    if (role.startsWith('frontend') && signal === 'SIGKILL') await this.#doom(pid);
    process.kill(pid, signal);
    return async () => {
      await this.cutover.logged('role-ready', {
        since,
        ms: RESTART,
        where: line => line.role === role,
      });
    };
  }

  /** Connections that it has taken end with it, and no others: it is frozen before they are counted. */
  async #doom(pid: number): Promise<void> {
    await freeze(pid);
    this.#load?.traffic.doom(await clientPortsOf(pid, this.port));
  }

  /** One at a time. */
  load({ prefix, chance, mix = usualMix, clients = 12 }: LoadOptions): Load {
    const ledger = new Ledger();
    const reach = { port: this.port };
    const options = { reach, clients, mix, chance, prefix, ledger };
    this.#load = { traffic: Traffic.start(this.#stage, options), ledger };
    return this.#load;
  }

  /** Waits for the last answers, and brings the containers' books in. */
  async finish({ traffic, ledger }: Load): Promise<Ledger> {
    await traffic.stop();
    this.#load = undefined;
    for (const container of this.containers) {
      for (const execution of await container.news()) ledger.executed(execution);
    }
    return ledger;
  }

  /**
   * Forgets what was logged of requests and servers: hours of it would fill the memory. Nobody may be waiting
   * for a line.
   */
  forgetRequests(): void {
    const { lines } = this.cutover;
    const kept = lines.filter(({ event }) => !ofRequests.has(event));
    lines.splice(0, lines.length, ...kept);
  }

  /** What the registry would give to the next control. */
  async registered(): Promise<RoutingTable> {
    // Perhaps it has mounts of its own.
    const found = decoded(await readFile(`/proc/${this.cutover.pid}/root${this.registry}`));
    if (!found.ok) throw new Error(`${found.damage.where}: ${found.damage.what}`);
    return found.stored.table;
  }

  /**
   * Every role is there and follows, and what REST tells is what the registry holds and what everybody has
   * acknowledged.
   */
  async settled(): Promise<void> {
    const wanted = { followers: FRONTENDS + WORKERS, workers: WORKERS };
    let told: unknown;
    const isSettled = async () => {
      const table = await this.registered();
      const { edition } = table;
      const spread = await this.api.call('GET', '/configuration').catch(String);
      const versions = await this.api.versions().catch(String);
      told = { edition, spread, versions };
      if (typeof spread === 'string' || typeof versions === 'string') return false;
      const expected = { edition, acknowledged: wanted.followers, ...wanted };
      return (
        isDeepStrictEqual(spread.body, expected) &&
        isDeepStrictEqual(versions.map(shown), kept(table))
      );
    };
    await eventually('REST, registry and followers agree', isSettled, RESTART).catch(
      (cause: unknown) => {
        throw new Error(`${String(cause)}: ${JSON.stringify(told)}`, { cause });
      },
    );
  }
}

type Shown = Awaited<ReturnType<Api['versions']>>[number];

const shown = ({ id, version, servers, state }: Shown) => ({
  id,
  version,
  servers: servers.map(({ ip, port }) => `${ip}:${port}`),
  state,
});

const kept = (table: RoutingTable) =>
  table.versions.map(version => ({
    id: String(version.id),
    version: version.number,
    servers: version.servers.map(({ host, port }) => `${host}:${port}`),
    state: isSuperseded(table, version) ? 'superseded' : version.state.name,
  }));
