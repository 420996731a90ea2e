/**
 * Cutover over several machines: a frontend, two workers, control, and three containers, each in a network
 * namespace of its own, speaking over tcp with keys. The test is on none of them: it comes in by doors.
 */
import { join } from 'node:path';
import { execPath } from 'node:process';
import { writeKeyFile } from '../../src/security/key-file.js';
import { containerProcess, type ContainerProcess } from '../support/container-process.js';
import { relayProcess, type Delay } from '../support/delay-proxy.js';
import { Namespaces } from '../support/namespaces.js';
import { cli, configFor, CutoverProcess, homeFor, type Sections } from '../support/processes.js';
import type { ServerAddress } from '../support/scripted-container.js';
import type { Stage } from '../support/stage.js';
import { Api, neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const MACHINES = ['frontend', 'worker-1', 'worker-2', 'control', 'old-1', 'old-2', 'new'] as const;
export type Machine = (typeof MACHINES)[number];

const ROLES = ['control', 'frontend', 'worker-1', 'worker-2'] as const satisfies readonly Machine[];
export type RoleName = (typeof ROLES)[number];
export const WORKERS = ['worker-1', 'worker-2'] as const satisfies readonly RoleName[];
const FOLLOWERS = ['frontend', ...WORKERS] as const;

/** Two servers of version 1.0, which is served from the beginning; and one that is there for a newer one. */
const CONTAINERS = ['old-1', 'old-2', 'new'] as const satisfies readonly Machine[];
export type ContainerName = (typeof CONTAINERS)[number];

const LOOPBACK = '127.0.0.1';

/** Nobody else is in these networks: the ports are free. */
export const PORTS = {
  clients: 8080,
  rest: 9090,
  device: 7001,
  control: 7002,
  server: 9101,
} as const;
/** Of the relays that take their time, on the machine of the frontend and of each container. */
const LATE = { device: 7101, server: 9201 } as const;

/** Seconds: short, so that what was cut off is given up soon. */
const IMPATIENT: Patience = { silence: 2, connect: 1 };
/** Milliseconds that a container takes to answer: so the load leaves the processors to others. */
const THINKING = 15;

export interface Patience {
  /** With a peer of the device, or of control, that is not heard of. */
  readonly silence: number;
  /** With a server that takes no connection; one that is silent for so long is doubted. */
  readonly connect: number;
}

export interface SiteOptions {
  /** Seconds. */
  readonly patience?: Patience;
  /** Between workers and frontend, and between workers and containers, in both directions. */
  readonly late?: Delay & { readonly seed: number };
}

export class Site {
  readonly net: Namespaces<Machine>;
  readonly api: Api;
  /** Where clients of the test reach the frontend. */
  readonly port: number;
  readonly #containers: Readonly<Record<ContainerName, ContainerProcess>>;
  readonly #roles: Readonly<Record<RoleName, CutoverProcess>>;
  readonly #servers: Readonly<Record<ContainerName, ServerAddress>>;

  private constructor(
    net: Namespaces<Machine>,
    processes: {
      readonly containers: Readonly<Record<ContainerName, ContainerProcess>>;
      readonly roles: Readonly<Record<RoleName, CutoverProcess>>;
    },
    reach: {
      readonly servers: Readonly<Record<ContainerName, ServerAddress>>;
      readonly port: number;
      readonly api: Api;
    },
  ) {
    this.net = net;
    this.#containers = processes.containers;
    this.#roles = processes.roles;
    this.#servers = reach.servers;
    this.port = reach.port;
    this.api = reach.api;
  }

  /** All roles are there, know each other, and have the routing table. */
  static async open(stage: Stage, { late, patience = IMPATIENT }: SiteOptions = {}): Promise<Site> {
    const net = await Namespaces.make(stage, ...MACHINES);
    const containers = await made(CONTAINERS, name => containerOn(stage, net, name));
    const servers = await made(CONTAINERS, name => {
      const { address } = containers[name];
      return late === undefined ? Promise.resolve(address) : relayOn(stage, net, name, late);
    });
    if (late !== undefined) await relayOn(stage, net, 'frontend', late);
    const key = join(await stage.folder(), 'links.key');
    await writeKeyFile(key);
    const oldest = [servers['old-1'], servers['old-2']];
    const home = await homeFor(stage, { ...configOf(net, oldest, patience), security: { key } });
    const roles = await made(ROLES, name => {
      const isLate = late !== undefined && name.startsWith('worker');
      const options = isLate ? ['--frontend', deviceOf(net, LATE.device)] : [];
      const args = [verbOf(name), '-c', home.file, '--name', name, ...options];
      const command = [...net.prefix(name), execPath, cli] as const;
      return Promise.resolve(new CutoverProcess(stage, args, { env: home.env, command }));
    });
    await roles.frontend.logged('frontend-listening');
    await roles.control.logged('control-listening');
    const door = (name: RoleName, port: number) =>
      relayProcess(stage, { target: { ip: LOOPBACK, port }, prefix: net.prefix(name) });
    const { port } = await door('frontend', PORTS.clients);
    const api = new Api((await door('control', PORTS.rest)).port);
    const site = new Site(net, { containers, roles }, { servers, port, api });
    await site.agrees();
    for (const worker of WORKERS) await roles[worker].logged('worker-ready');
    return site;
  }

  of(role: RoleName): CutoverProcess {
    return this.#roles[role];
  }

  serverOf(container: ContainerName): ServerAddress {
    return this.#servers[container];
  }

  /** As logs name it. */
  serverNameOf(container: ContainerName): string {
    const { ip, port } = this.serverOf(container);
    return `${ip}:${port}`;
  }

  /** How much this role has logged: what is waited for with `since` comes later. */
  since(role: RoleName): { readonly since: number; readonly ms: number } {
    return { since: this.of(role).lines.length, ms: 30_000 };
  }

  /** How often each id has arrived at any container. */
  arrivals(): ReadonlyMap<string, number> {
    const times = new Map<string, number>();
    for (const { arrivals } of Object.values(this.#containers)) {
      for (const { id } of arrivals) times.set(id, (times.get(id) ?? 0) + 1);
    }
    return times;
  }

  /** How many requests have arrived at this container. */
  arrivedAt(container: ContainerName): number {
    return this.#containers[container].arrivals.length;
  }

  /** Control knows frontend and workers, and each of them has the table of the registry. */
  async agrees(): Promise<void> {
    const agree = async () => {
      const { edition, followers, acknowledged } = await this.spread();
      if (followers !== FOLLOWERS.length || acknowledged !== followers) return false;
      return FOLLOWERS.every(name => this.editionOf(name) === edition);
    };
    await eventually('everybody has the table of the registry', agree, 30_000);
  }

  /** Of the table that this follower took last; 0: none. */
  editionOf(follower: (typeof FOLLOWERS)[number]): number {
    return this.of(follower).all('table-taken').at(-1)?.edition ?? 0;
  }

  async spread(): Promise<Spread> {
    return (await this.api.call('GET', '/configuration')).body as Spread;
  }
}

/** What REST says of how far the newest table has spread. */
export interface Spread {
  readonly edition: number;
  readonly followers: number;
  readonly acknowledged: number;
  readonly workers: number;
}

const verbOf = (name: RoleName) => name.replace(/-\d+$/, '');

const deviceOf = (net: Namespaces<Machine>, port: number) =>
  `tcp://${net.addressOf('frontend')}:${port}`;

const configOf = (
  net: Namespaces<Machine>,
  servers: readonly ServerAddress[],
  { silence, connect }: Patience,
): Sections =>
  configFor(servers, {
    proxy: { ip: LOOPBACK, port: PORTS.clients },
    configService: { ip: LOOPBACK, port: PORTS.rest },
    device: {
      frontends: [deviceOf(net, PORTS.device)],
      control: `tcp://${net.addressOf('control')}:${PORTS.control}`,
      heartbeat: silence / 5,
      silence,
    },
    registry: {},
    timeouts: { connect },
    ...neverSlowOrOdd,
  });

const containerOn = (stage: Stage, net: Namespaces<Machine>, name: ContainerName) =>
  containerProcess(
    stage,
    { name, delay: THINKING, ip: net.addressOf(name), port: PORTS.server },
    net.prefix(name),
  );

/** In front of the frontend's device, or of a container. */
async function relayOn(
  stage: Stage,
  net: Namespaces<Machine>,
  machine: 'frontend' | ContainerName,
  late: NonNullable<SiteOptions['late']>,
): Promise<ServerAddress> {
  const ip = net.addressOf(machine);
  const kind = machine === 'frontend' ? 'device' : 'server';
  const prefix = net.prefix(machine);
  const at = { ip, port: LATE[kind] };
  return relayProcess(stage, { ...late, at, target: { ip, port: PORTS[kind] }, prefix });
}

/** One for each name, all at once. */
async function made<Name extends string, Value>(
  names: readonly Name[],
  make: (name: Name) => Promise<Value>,
): Promise<Readonly<Record<Name, Value>>> {
  const entries = names.map(async name => [name, await make(name)] as const);
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, Value>;
}
