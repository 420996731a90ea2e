/**
 * Cutover on several hosts, as docs/several-hosts.md describes it, each a network namespace: three with a member of
 * etcd, a control, a frontend and a worker; one more with nothing but a worker, which knows no more than etcd and its
 * key. Containers and clients are on machines of their own. The test is on none of them: it comes in by doors.
 */
import { expect } from 'chai';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import type { ShownVersion } from '../../src/control/shown.js';
import type { ShownSpread } from '../../src/control/spread.js';
import { writeKeyFile } from '../../src/security/key-file.js';
import { FaultyContainer } from '../faults/faulty-container.js';
import { relayProcess } from '../support/delay-proxy.js';
import { ETCD, EtcdCluster } from '../support/etcd.js';
import { all, describeInNamespaces, Namespaces, type Heal } from '../support/namespaces.js';
import { cli, configFor, CutoverProcess, homeFor, type Home } from '../support/processes.js';
import type { Stage } from '../support/stage.js';
import { hasTool } from '../support/tools.js';
import { Api, neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

export const HOSTS = ['host-1', 'host-2', 'host-3'] as const;
export type HostName = (typeof HOSTS)[number];

/** With workers. */
const PLACES = [...HOSTS, 'edge'] as const;
export type PlaceName = (typeof PLACES)[number];

/** Two servers of version 1.0, which is served from the beginning; and one that is there for newer ones. */
const CONTAINERS = ['old-1', 'old-2', 'new'] as const;
export type ContainerName = (typeof CONTAINERS)[number];

const MACHINES = [...PLACES, ...CONTAINERS, 'clients'] as const;
type Machine = (typeof MACHINES)[number];

type RoleName = 'control' | 'frontend' | 'worker';

const LOOPBACK = '127.0.0.1';
const EVERYWHERE = '0.0.0.0';
/** Nobody else is in these networks: the ports are free. */
const PORTS = { clients: 8080, rest: 9090, device: 9092, control: 9091, server: 9101 } as const;

/** Frontends and workers. */
const FOLLOWERS = HOSTS.length + PLACES.length;

/** Milliseconds: the lease has five seconds, each control looks once a second, and the machine may be busy. */
export const HANDED_OVER = 12_000;
/** For everybody to agree, or to find one another, after whatever there was. */
const SETTLED = 30_000;

/** Milliseconds for a control to answer. */
const ANSWERED = 5000;

/** What a control says of everything. */
interface Story {
  readonly leads: boolean;
  readonly spread: ShownSpread;
  readonly versions: readonly object[];
}

interface Parts {
  readonly net: Namespaces<Machine>;
  readonly etcd: EtcdCluster;
  readonly containers: Readonly<Record<ContainerName, FaultyContainer>>;
  readonly homes: Readonly<Record<PlaceName, Home>>;
}

export class Hosts {
  readonly net: Namespaces<Machine>;
  readonly etcd: EtcdCluster;
  readonly containers: Readonly<Record<ContainerName, FaultyContainer>>;
  readonly #stage: Stage;
  readonly #homes: Readonly<Record<PlaceName, Home>>;
  readonly #processes = new Map<string, CutoverProcess>();
  readonly #doors = new Map<HostName, { readonly port: number; readonly api: Api }>();
  readonly #off = new Set<PlaceName>();

  private constructor(stage: Stage, { net, etcd, containers, homes }: Parts) {
    this.#stage = stage;
    this.net = net;
    this.etcd = etcd;
    this.containers = containers;
    this.#homes = homes;
  }

  /** All are there, and agree. */
  static async open(stage: Stage): Promise<Hosts> {
    const net = await Namespaces.make(stage, ...MACHINES);
    const places = HOSTS.map(name => ({ ip: net.addressOf(name), prefix: net.prefix(name) }));
    const etcd = await EtcdCluster.start(stage, { at: places });
    const books = await stage.folder();
    const containers = await made(CONTAINERS, name => {
      const address = { ip: net.addressOf(name), port: PORTS.server };
      return FaultyContainer.start(stage, name, books, { address, prefix: net.prefix(name) });
    });
    const key = join(await stage.folder(), 'links.key');
    await writeKeyFile(key);
    const config = configFor([containers['old-1'].address, containers['old-2'].address], {
      proxy: { ip: EVERYWHERE, port: PORTS.clients },
      configService: { ip: LOOPBACK, port: PORTS.rest },
      device: { heartbeat: 0.4, silence: 2 },
      timeouts: { connect: 1 },
      registry: { kind: 'etcd', endpoints: etcd.endpoints, insecure: true },
      security: { key },
      ...neverSlowOrOdd,
    });
    const homes = await made(PLACES, () => homeFor(stage, config));
    const hosts = new Hosts(stage, { net, etcd, containers, homes });
    await Promise.all(HOSTS.map(name => hosts.#open(name)));
    for (const name of PLACES) hosts.#startAll(name);
    await hosts.settled();
    return hosts;
  }

  of(role: RoleName, at: PlaceName): CutoverProcess {
    return this.#processes.get(`${role} ${at}`)!;
  }

  /** Where clients of the test reach its frontend. */
  portOf(host: HostName): number {
    return this.#doors.get(host)!.port;
  }

  api(host: HostName): Api {
    return this.#doors.get(host)!.api;
  }

  /** Their power is on. */
  get living(): readonly HostName[] {
    return HOSTS.filter(host => !this.#off.has(host));
  }

  async kill(role: RoleName, at: PlaceName): Promise<void> {
    const process = this.of(role, at);
    process.signal('SIGKILL');
    await process.ended();
  }

  start(role: RoleName, at: PlaceName): CutoverProcess {
    const { file, env } = this.#homes[at];
    const command = [...this.net.prefix(at), execPath, cli] as const;
    const number = PLACES.indexOf(at) + 1;
    const tcp = (port: number) => `tcp://${this.net.addressOf(at)}:${port}`;
    const where = {
      control: ['--announce', tcp(PORTS.control)],
      frontend: ['--device', tcp(PORTS.device), '--host', at],
      worker: ['--host', at],
    }[role];
    const args = [role, '-c', file, '--name', `${role}-${number}`, ...where];
    const process = new CutoverProcess(this.#stage, args, { env, command });
    this.#processes.set(`${role} ${at}`, process);
    return process;
  }

  /** Nobody hears it any more, and then there is nobody. */
  async powerOff(at: PlaceName): Promise<void> {
    this.#off.add(at);
    await this.net.unplug(at);
    const member = HOSTS.findIndex(host => host === at);
    if (member >= 0) await this.etcd.kill(member);
    for (const role of rolesOf(at)) await this.kill(role, at);
  }

  async powerOn(at: PlaceName, heal: () => Promise<void> = () => this.net.heal()): Promise<void> {
    this.#off.delete(at);
    await heal();
    const member = HOSTS.findIndex(host => host === at);
    if (member >= 0) this.etcd.restart(member);
    this.#startAll(at);
  }

  /** The host and all other hosts hear nothing of each other; clients and containers still reach it. */
  async cutOff(at: HostName): Promise<Heal> {
    const heals: Heal[] = [];
    for (const other of PLACES.filter(each => each !== at)) {
      heals.push(await this.net.partition(at, other));
    }
    return all(...heals);
  }

  /** Its member of etcd hears no other one, nor anybody from elsewhere; its own host asks it in vain. */
  async cutOffMember(at: HostName): Promise<Heal> {
    return all(
      await this.net.unreached(at, ETCD.clients),
      await this.net.unreached(at, ETCD.peers),
      await this.net.unreaching(at, ETCD.peers),
    );
  }

  /** Its control and whoever follows on other hosts hear nothing of each other; it reaches etcd. */
  async cutOffControl(at: HostName): Promise<Heal> {
    return all(
      await this.net.unreached(at, PORTS.control),
      await this.net.unreaching(at, PORTS.control),
    );
  }

  async spread(host: HostName): Promise<ShownSpread> {
    return (await this.api(host).call('GET', '/configuration')).body as ShownSpread;
  }

  /** What holds whatever there was: one state, and one story of it, wherever it is asked. */
  async tellTheSame(): Promise<void> {
    await this.net.heal();
    await this.settled();
    const shown = (await this.status()).map(each => each.replace(SESSIONS, ''));
    const json = (await this.status('--json')).map(each => JSON.parse(each) as ShownVersion[]);
    const [first] = shown;
    expect(first).to.match(/control-[123] leads; controls: control-1, control-2, control-3\n$/);
    expect(shown).to.deep.equal(HOSTS.map(() => first));
    for (const each of json) expect(each.map(told)).to.deep.equal(json[0]?.map(told));
  }

  /** On whom all of these agree; undefined: they do not. */
  async leader(of: readonly HostName[] = this.living): Promise<HostName | undefined> {
    const names = await Promise.all(
      of.map(async host => (await this.spread(host).catch(() => undefined))?.leader),
    );
    const [name] = names;
    if (name === undefined || names.some(each => each !== name)) return undefined;
    return HOSTS.find(host => name.endsWith(host.slice(-2)));
  }

  /** Another one than `before`, which all of these follow. */
  async nextLeader(before: HostName, of: readonly HostName[]): Promise<HostName> {
    let found: HostName | undefined;
    await eventually(
      'another control leads',
      async () => (found = await this.leader(of)) !== undefined && found !== before,
      HANDED_OVER,
    );
    return found!;
  }

  /** Later: whom each control has taken for the one that leads since now, one after another. */
  leaders(): () => readonly string[] {
    const seen = HOSTS.map(host => this.of('control', host)).map(({ lines }) => lines);
    const lengths = seen.map(({ length }) => length);
    return () =>
      HOSTS.map(host => {
        const { lines } = this.of('control', host);
        const from = lengths[seen.indexOf(lines)] ?? 0; // of a process that was started since: all
        const changes = lines.slice(from).filter(({ event }) => event === 'leader-changed');
        return changes.map(({ leader }) => String(leader)).join();
      });
  }

  /** The edition that this follower took last; 0: none. */
  edition(role: 'frontend' | 'worker', at: PlaceName): number {
    return this.of(role, at).all('table-taken').at(-1)?.edition ?? 0;
  }

  /** One leader, one table, which everybody has. */
  async agrees(): Promise<void> {
    await this.#awaited('all have one table and one leader', ({ spread }) => spread);
  }

  /** And every control tells the same of all versions, once nothing adds to its evidence. */
  async settled(): Promise<void> {
    await this.#awaited('all tell the same', ({ spread, versions }) => ({ spread, versions }));
  }

  async #awaited(what: string, of: (story: Story) => object): Promise<void> {
    let stories: readonly (Story | string)[] = [];
    const agree = async () => {
      stories = await Promise.all(HOSTS.map(host => this.#story(host).catch(String)));
      return this.#isOneStory(
        stories.filter(each => typeof each !== 'string'),
        of,
      );
    };
    await eventually(what, agree, SETTLED).catch((cause: unknown) => {
      const all = JSON.stringify(stories);
      throw new Error(`${String(cause)}: ${all}; ${String(this.#editions())}`, { cause });
    });
  }

  /** What `cutover status` shows on each host. */
  async status(...options: readonly string[]): Promise<readonly string[]> {
    return Promise.all(
      HOSTS.map(async host => {
        const { file, env } = this.#homes[host];
        const command = [...this.net.prefix(host), execPath, cli] as const;
        const args = ['status', '-c', file, ...options];
        const verb = new CutoverProcess(this.#stage, args, { env, command });
        const { code } = await verb.ended();
        return code === 0 ? verb.output : `${String(code)}: ${verb.errors}`;
      }),
    );
  }

  async #story(host: HostName): Promise<Story> {
    const text = async (path: string) => {
      const signal = AbortSignal.timeout(ANSWERED);
      const answer = await fetch(this.api(host).url + path, { signal }).catch((cause: unknown) => {
        throw new Error(`${host} ${path}: ${String(cause)}`, { cause });
      });
      return answer.text();
    };
    const leads = (await text('/metrics')).includes('cutover_leading 1\n');
    const spread = JSON.parse(await text('/configuration')) as ShownSpread;
    const versions = JSON.parse(await text('/configuration/cluster')) as readonly ShownVersion[];
    return { leads, spread, versions: versions.map(told) };
  }

  #isOneStory(stories: readonly Story[], of: (story: Story) => object): boolean {
    const [first] = stories;
    if (first === undefined || stories.length < HOSTS.length) return false;
    const { leader, controls = [], followers, acknowledged, edition } = first.spread;
    return (
      leader !== undefined &&
      controls.length === HOSTS.length &&
      followers === FOLLOWERS &&
      acknowledged === FOLLOWERS &&
      stories.filter(({ leads }) => leads).length === 1 &&
      stories.every(each => isDeepStrictEqual(of(each), of(first))) &&
      this.#editions().every(each => each === edition)
    );
  }

  #editions(): readonly number[] {
    return PLACES.flatMap(at =>
      rolesOf(at).flatMap(role => (role === 'control' ? [] : [this.edition(role, at)])),
    );
  }

  async #open(host: HostName): Promise<void> {
    const [clients, rest] = await Promise.all([
      relayProcess(this.#stage, {
        target: { ip: this.net.addressOf(host), port: PORTS.clients },
        prefix: this.net.prefix('clients'),
      }),
      relayProcess(this.#stage, {
        target: { ip: LOOPBACK, port: PORTS.rest },
        prefix: this.net.prefix(host),
      }),
    ]);
    this.#doors.set(host, { port: clients.port, api: new Api(rest.port) });
  }

  #startAll(at: PlaceName): void {
    for (const role of rolesOf(at)) this.start(role, at);
  }
}

/** Each control counts those sessions that it has heard of; who was away knows fewer, until they have ended. */
const told = (version: ShownVersion): object => ({ ...version, sessions: undefined });
const SESSIONS = /^ {2}.* sessions?(, .* at the latest)?\n/gm;

const rolesOf = (at: PlaceName): readonly RoleName[] =>
  at === 'edge' ? ['worker'] : ['control', 'frontend', 'worker'];

/** One for each name, all at once. */
async function made<Name extends string, Value>(
  names: readonly Name[],
  make: (name: Name) => Promise<Value>,
): Promise<Readonly<Record<Name, Value>>> {
  const entries = names.map(async name => [name, await make(name)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, Value>;
}

/** Skipped, and says so in its title, where there can be no namespaces, or is no etcd. */
export function describeOnHosts(what: string, tests: (this: Mocha.Suite) => void): void {
  if (hasTool('etcd')) describeInNamespaces(what, tests);
  else describe.skip(`${what} (etcd is not installed)`, tests);
}
