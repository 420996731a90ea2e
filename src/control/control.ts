/**
 * The control process: puts registry, registrar, REST API and herald together, and decides nothing. It is
 * not in the data path: while it is down, workers go on with the last table that they have.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { hostPort } from '../config/address.js';
import type { StrategyName } from '../config/cluster.js';
import type { Config } from '../config/config.js';
import { problem, type Problem } from '../config/problems.js';
import type { Cancel, Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { versionId } from '../kernel/ids.js';
import { isNonEmpty } from '../kernel/non-empty.js';
import type { Role } from '../kernel/role.js';
import { StartError } from '../kernel/start-error.js';
import { openFileRegistry } from '../registry/file.js';
import type { Damage, Loaded, Registry, Stored } from '../registry/registry.js';
import { bindDevice, type DeviceRouter } from '../sockets/device.js';
import { firstTable } from '../versions/routing-table.js';
import { addressProblems, systemResolve } from './addresses.js';
import { Herald } from './herald.js';
import { Registrar } from './registrar.js';
import { restApi } from './rest.js';

export interface ControlOptions {
  readonly config: Config;
  /** Where followers hear of versions: `ipc://path` or `tcp://host:port`. */
  readonly announcements: string;
  readonly release: string;
  readonly clock: Clock;
  readonly report: Report;
}

/** Milliseconds between two looks at who is silent. */
const SWEEP = 250;

/** Throws StartError: registry not to be had, addresses taken. */
export async function startControl(options: ControlOptions): Promise<Role> {
  const registry = await openedRegistry(options.config);
  let router: DeviceRouter | undefined;
  try {
    const stored = await firstState(registry, options);
    router = await bindDevice(options.announcements);
    return await new Control(options, registry, router, stored).listening();
  } catch (cause) {
    router?.close();
    await registry.close();
    throw cause;
  }
}

async function openedRegistry({ registry: { file } }: Config): Promise<Registry> {
  if (file === undefined) throw new StartError('control needs registry.file', 2);
  try {
    return await openFileRegistry(file);
  } catch (cause) {
    throw new StartError(messageOf(cause), 1, { cause });
  }
}

/** What the registry holds; where it holds nothing, the configuration's cluster is the stable version. */
async function firstState(registry: Registry, { config, report }: ControlOptions): Promise<Stored> {
  const loaded = await registry.load();
  if (loaded.kind === 'recovered') reportDamage(loaded, report);
  if (loaded.kind !== 'empty' && loaded.stored !== undefined) return loaded.stored;
  const stored = configuredState(config);
  try {
    await registry.save(stored);
  } catch (cause) {
    throw new StartError(messageOf(cause), 1, { cause });
  }
  return stored;
}

function reportDamage(
  { damage, copy, stored }: Extract<Loaded, { kind: 'recovered' }>,
  report: Report,
): void {
  const edition = stored?.table.edition;
  report({ type: 'registry-damaged', file: damage.file, because: said(damage), copy, edition });
}

const said = ({ where, what }: Damage) => `${where}: ${what}`;

function configuredState({ cluster }: Config): Stored {
  const { servers, version, upgradeTransition } = cluster;
  if (!isNonEmpty(servers)) throw new StartError('cluster.servers is empty', 2);
  const id = versionId(randomUUID());
  return {
    table: firstTable({ id, number: version, servers, transition: upgradeTransition }),
    keys: [{ id: randomUUID(), secret: randomBytes(32).toString('base64') }],
    configured: createHash('sha256').update(JSON.stringify(cluster)).digest('hex'),
  };
}

class Control implements Role {
  readonly stopped: Promise<void>;
  readonly #options: ControlOptions;
  readonly #registry: Registry;
  readonly #router: DeviceRouter;
  readonly #herald: Herald;
  readonly #registrar: Registrar;
  readonly #app: FastifyInstance;
  readonly #cancelSweep: Cancel;
  #stop: Promise<void> | undefined;

  constructor(options: ControlOptions, registry: Registry, router: DeviceRouter, stored: Stored) {
    const { config, clock, report } = options;
    this.#options = options;
    this.#registry = registry;
    this.#router = router;
    this.#herald = new Herald(stored.table, {
      send: (routingId, packed) => router.send(routingId, packed),
      now: () => clock.now(),
      silence: config.device.silence * 1000,
      heartbeat: config.device.heartbeat * 1000,
      report,
    });
    this.#registrar = new Registrar(stored.table, {
      save: table => registry.save({ ...stored, table }),
      announce: table => this.#herald.announce(table),
    });
    this.#app = this.#api();
    this.#cancelSweep = clock.every(SWEEP, () => this.#herald.sweep(clock.now()));
    this.stopped = this.#run();
    this.stopped.catch(() => undefined); // whoever waits for it hears of it
  }

  /** Throws StartError. */
  async listening(): Promise<this> {
    const { config, announcements, report } = this.#options;
    const { host, port } = config.configService;
    try {
      await this.#app.listen({ host, port });
    } catch (cause) {
      await this.stop();
      const at = hostPort({ host, port });
      throw new StartError(`configService: cannot listen on ${at}: ${messageOf(cause)}`, 1, {
        cause,
      });
    }
    const [bound] = this.#app.addresses() as readonly AddressInfo[];
    const address = hostPort({ host, port: bound?.port ?? port });
    const { edition } = this.#registrar.table;
    report({ type: 'control-listening', address, announcements, edition });
    return this;
  }

  stop(): Promise<void> {
    this.#stop ??= this.#end();
    return this.#stop;
  }

  /** What was accepted is answered first; then the registry is let go. */
  async #end(): Promise<void> {
    await this.#app.close();
    this.#cancelSweep();
    this.#router.close();
    await this.stopped;
  }

  async #run(): Promise<void> {
    try {
      for await (const frames of this.#router) this.#herald.received(frames);
    } finally {
      await this.#registry.close();
    }
    this.#options.report({ type: 'control-stopped' });
  }

  #api(): FastifyInstance {
    const { config, release } = this.#options;
    const { proxy, configService } = config;
    const own = [proxy, configService, ...(proxy.trusted === undefined ? [] : [proxy.trusted])];
    const registrar = this.#registrar;
    const herald = this.#herald;
    return restApi(
      {
        get table() {
          return registrar.table;
        },
        get spread() {
          return herald.spread;
        },
        change: change => registrar.change(change),
        problems: async ({ servers, upgradeTransition: { mode } }) => [
          ...modeProblems(mode),
          ...(await addressProblems(servers, { own, resolve: systemResolve })),
        ],
        newId: () => versionId(randomUUID()),
        notReady: () => (herald.spread.followers > 0 ? undefined : 'no worker is connected'),
        release,
      },
      config.configService.token,
    );
  }
}

/** Better refused than promised: sessions, which the other modes stand on, are not built yet. */
function modeProblems(mode: StrategyName): readonly Problem[] {
  if (mode === 'INSTANT') return [];
  const path = 'cluster.upgradeTransition.mode';
  return [problem(path, 'INSTANT: this release has no other mode yet', mode)];
}
