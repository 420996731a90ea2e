/**
 * The control process: puts registry, registrar, REST API and herald together, and decides nothing. It is
 * not in the data path: while it is down, workers go on with the last table that they have.
 */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { hostPort } from '../config/address.js';
import type { Config } from '../config/config.js';
import type { Cancel, Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { versionId, type VersionId, type WorkerId } from '../kernel/ids.js';
import type { Role } from '../kernel/role.js';
import { StartError } from '../kernel/start-error.js';
import { OwnProcess } from '../measures/own-process.js';
import type { Keyring } from '../security/keyring.js';
import { RegistryError, type SigningKey, type Stored } from '../registry/registry.js';
import { mayNotRemove, type Containers } from '../containers/containers.js';
import { bindDevice, type DeviceRouter } from '../sockets/device.js';
import { upgradeOf, type Change } from '../versions/routing-table.js';
import { MEASURE, type Measures } from '../wire/measures.js';
import { addressProblems, systemResolve } from './addresses.js';
import { firstState, newKey } from './first-state.js';
import { Herald } from './herald.js';
import type { Moment } from './judged.js';
import type { Learned } from './learned.js';
import { LearnedKeeper } from './learned-keeper.js';
import type { Live } from './live.js';
import { Recorder } from './live/recorder.js';
import { liveOf } from './live/snapshot.js';
import { LiveStreams } from './live/streams.js';
import { exposition } from './metrics.js';
import type { Measured } from './metric-families.js';
import {
  containersOf,
  ownedEngine,
  startedContainers,
  type OwnedEngine,
} from './own-containers.js';
import { Processes } from './processes.js';
import { Recent } from './recent.js';
import { Overseer } from './overseer.js';
import { Registrar, type Outcome } from './registrar.js';
import { restApi } from './rest.js';
import { Sharing } from './sharing.js';
import { shownVersion, type Facts } from './shown.js';
import { Steward } from './steward.js';
import { openedStores, type Stores } from './stores.js';
import { Totals } from './totals.js';

export interface ControlOptions {
  readonly config: Config;
  /** Where followers hear of versions: `ipc://path` or `tcp://host:port`. */
  readonly announcements: string;
  /** Where those on other machines find us, if they do. */
  readonly reachedAt?: string | undefined;
  /** Undefined: links have no keys. */
  readonly keyring?: Keyring | undefined;
  readonly release: string;
  /** Other than those of the controls that share its registry. Default: `control`. */
  readonly name?: string;
  readonly clock: Clock;
  readonly report: Report;
}

/** Milliseconds between two looks at who is silent. */
const SWEEP = 250;
/** Milliseconds between two looks at the upgrade, whatever was reported meanwhile. */
const LOOK = 50;
/** Milliseconds that a change may take to be everywhere. */
const SPREAD = 5000;

/** Throws StartError: registry not to be had, addresses taken. */
export async function startControl(options: ControlOptions): Promise<Role> {
  const stores = await openedStores({ ...options, name: nameOf(options) });
  let router: DeviceRouter | undefined;
  try {
    const stored = await firstState(stores.registry, { ...options, patience: stores.patience });
    const keeper = new LearnedKeeper(stores.learned, options.report);
    const learned = await keeper.read();
    const engine = await ownedEngine(options.config);
    router = await bindDevice(options.announcements, guardOf(options));
    const parts = { stores, router, stored, keeper, learned, engine };
    return await new Control(options, parts).listening();
  } catch (cause) {
    router?.close();
    await stores.close();
    throw cause;
  }
}

const nameOf = ({ name = 'control' }: ControlOptions) => name;

const guardOf = ({ keyring, clock, report }: ControlOptions) =>
  keyring && { credentials: keyring.toFollowers, now: () => clock.now(), report };

/** What control is made of, and what it begins with. */
interface Parts {
  readonly stores: Stores;
  readonly router: DeviceRouter;
  readonly stored: Stored;
  readonly keeper: LearnedKeeper;
  readonly learned: Learned | undefined;
  /** Undefined: containers are no concern of ours. */
  readonly engine: OwnedEngine | undefined;
}

class Control implements Role {
  readonly stopped: Promise<void>;
  readonly #options: ControlOptions;
  readonly #stores: Stores;
  readonly #keeper: LearnedKeeper;
  readonly #router: DeviceRouter;
  readonly #herald: Herald;
  readonly #registrar: Registrar;
  readonly #overseer: Overseer;
  readonly #steward: Steward;
  readonly #sharing = new Sharing();
  readonly #totals = new Totals();
  readonly #recorder: Recorder;
  readonly #streams: LiveStreams;
  /** What `live` shows of the last seconds, and of every process. */
  readonly #recent = new Recent();
  readonly #processes: Processes;
  readonly #own: OwnProcess;
  readonly #containers: Containers | undefined;
  readonly #app: FastifyInstance;
  readonly #cancels: readonly Cancel[];
  #stop: Promise<void> | undefined;

  constructor(options: ControlOptions, parts: Parts) {
    const { config, clock } = options;
    const { stores, router, stored, keeper, learned } = parts;
    this.#options = options;
    this.#stores = stores;
    this.#keeper = keeper;
    this.#router = router;
    this.#overseer = new Overseer(config);
    if (learned !== undefined) this.#overseer.recall(learned, stored.table, this.#now);
    this.#overseer.table(stored.table, this.#now);
    this.#herald = this.#newHerald(stored);
    this.#registrar = this.#newRegistrar(stored);
    this.#steward = new Steward({
      ...stores,
      overseer: this.#overseer,
      registrar: this.#registrar,
      keeper,
      seesWorkers: () => this.#herald.spread.workers > 0,
      progress: progress => this.#herald.progress(progress),
      report: options.report,
    });
    this.#recorder = new Recorder(config.monitor);
    this.#streams = new LiveStreams({ clock, live: () => this.#live() });
    this.#processes = new Processes({
      followers: () => this.#herald.followers,
      edition: () => this.#registrar.table.edition,
    });
    this.#own = new OwnProcess(clock);
    this.#processes.own(this.#own.read());
    this.#containers =
      parts.engine && containersOf(parts.engine, { ...options, registrar: this.#registrar });
    this.#app = this.#api();
    this.#cancels = [
      clock.every(SWEEP, () => this.#herald.sweep(clock.now())),
      clock.every(LOOK, () => this.#look()),
      clock.every(stores.pace.learned, () => this.#steward.keep()),
      stores.registry.watch(() => this.#steward.refresh()),
      ...(stores.learned.watch === undefined
        ? []
        : [stores.learned.watch(() => void this.#steward.learnedChanged())]),
      clock.every(MEASURE, () => this.#processes.own(this.#own.read())),
    ];
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
    const { name: registry, leadership } = this.#stores;
    leadership.join({ workers: () => this.#herald.spread.workers });
    report({ type: 'control-listening', address, announcements, registry, edition });
    return this;
  }

  stop(): Promise<void> {
    this.#stop ??= this.#end();
    return this.#stop;
  }

  /** What was accepted is answered first; then the registry is let go. */
  async #end(): Promise<void> {
    const { clock, config } = this.#options;
    await this.#containers?.stop();
    // A request that never arrives whole must not keep us from ending.
    const giveUp = clock.after(config.timeouts.drain * 1000, () =>
      this.#app.server.closeAllConnections(),
    );
    this.#streams.close(); // or they would go on for as long as somebody looks
    await this.#app.close();
    giveUp();
    for (const cancel of this.#cancels) cancel();
    this.#own.close();
    this.#router.close();
    await this.stopped;
  }

  async #run(): Promise<void> {
    try {
      for await (const frames of this.#router) this.#herald.received(frames);
    } finally {
      await this.#keeper.close(this.#overseer.learned);
      await this.#stores.close();
    }
    this.#options.report({ type: 'control-stopped' });
  }

  get #now(): Moment {
    const { clock } = this.#options;
    return { monotonic: clock.now(), wall: clock.wall() };
  }

  #newHerald({ table, keys }: Stored): Herald {
    const { config, clock, report } = this.#options;
    return new Herald(
      { table, keys: this.#announced(keys) },
      {
        send: (routingId, packed) => this.#router.send(routingId, packed),
        now: () => clock.now(),
        followed: ({ progress, edition }) => {
          if (edition > this.#registrar.table.edition) {
            void this.#registrar.overtake(edition).then(this.#steward.reported);
          }
          if (progress !== undefined) this.#overseer.followed(progress);
        },
        reported: (_, workerReport) => {
          this.#overseer.reported(workerReport, this.#now);
          this.#totals.reported(workerReport, id => this.#knows(id));
          this.#recent.reported(workerReport, id => this.#knows(id), clock.now());
        },
        missed: () => {
          // To a single control all is told, later if need be.
          if (config.registry.kind === 'etcd') this.#overseer.missed(this.#now);
        },
        measured: (id, measures) => this.#measuresCame(id, measures),
        stands: (id, standing) => this.#sharing.stands(id, standing, clock.now()),
        left: id => this.#sharing.gone(id, clock.now()),
        silence: config.device.silence * 1000,
        heartbeat: config.device.heartbeat * 1000,
        busy: () => this.#own.busy(),
        report,
      },
    );
  }

  #measuresCame(from: WorkerId, measures: Measures): void {
    const now = this.#options.clock.now();
    this.#processes.measured(from, measures, now);
    const { work } = measures;
    this.#totals.measured(work, id => this.#knows(id));
    if (work.role === 'worker') this.#recent.measured(work, id => this.#knows(id), now);
  }

  #newRegistrar(stored: Stored): Registrar {
    const { registry, leadership } = this.#stores;
    const isShared = leadership.controls !== undefined;
    return new Registrar(stored, {
      save: async ({ table, keys }, how) => {
        const away = leadership.controls?.away;
        if (away !== undefined) throw new RegistryError('unavailable', away); // nobody waits for it
        await registry.save({ ...stored, table, keys }, how);
      },
      load: isShared ? () => this.#loaded() : undefined,
      announce: ({ table, keys }) => {
        this.#herald.announce(table, this.#announced(keys));
        this.#overseer.table(table, this.#now);
        this.#containers?.tableChanged();
        this.#steward.tableChanged();
        this.#totals.keep(id => this.#knows(id));
      },
      spread: edition => this.#spread(edition),
      advances: () => this.#advances(),
    });
  }

  async #loaded(): Promise<Stored | undefined> {
    const loaded = await this.#stores.registry.load();
    return loaded.kind === 'empty' ? undefined : loaded.stored;
  }

  /** What the configuration says of keys counts before what we made ourselves. */
  #announced(keys: readonly SigningKey[]): readonly string[] {
    return this.#options.config.session.keys ?? keys.map(({ secret }) => secret);
  }

  #knows(id: VersionId): boolean {
    return this.#registrar.table.versions.some(version => version.id === id);
  }

  async #spread(edition: number): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.now() + SPREAD;
    while (clock.now() < deadline) {
      const { edition: told, followers, acknowledged } = this.#herald.spread;
      if (followers > 0 && told >= edition && acknowledged === followers) return;
      await new Promise<void>(resolve => void clock.after(LOOK, resolve));
    }
  }

  /** The share that was reached since the table was last changed. */
  #advances(): readonly Change[] {
    const upgrade = upgradeOf(this.#registrar.table);
    const progress = upgrade && this.#overseer.progressOf(upgrade.id);
    if (upgrade === undefined || progress === undefined) return [];
    return [{ kind: 'happen', id: upgrade.id, on: { type: 'advance', progress } }];
  }

  #look(): void {
    this.#steward.look(this.#now);
    this.#herald.look();
    this.#recorder.look(this.#overseer.watched, this.#now);
    this.#share();
  }

  #share(): void {
    const now = this.#options.clock.now();
    this.#sharing.look(this.#registrar.table, now);
    for (const [id, shared] of this.#sharing.news(now, this.#steward.isLeading))
      this.#herald.share(id, shared);
  }

  #rotate(): Promise<Outcome> {
    const { config } = this.#options;
    if (config.session.keys !== undefined) {
      const because = 'the keys stand in the configuration (session.keys): change them there';
      return Promise.resolve({ kind: 'impossible', because });
    }
    return this.#registrar.rotate(newKey());
  }

  #measured(): Measured {
    const { edition, followers, acknowledged, workers } = this.#herald.spread;
    const { versions } = this.#registrar.table;
    return {
      release: this.#options.release,
      node: process.version,
      edition,
      followers: { worker: workers, frontend: followers - workers },
      acknowledged,
      processes: this.#processes.all(),
      clients: this.#totals.clients,
      events: this.#steward.happened,
      registryFailures: this.#steward.failures,
      isLeading: this.#steward.isLeading,
      controls: this.#stores.leadership.controls,
      versions: versions.map(version => ({
        ...shownVersion(this.#registrar.table, version, this.#facts),
        mode: version.transition.mode,
        progress: 'progress' in version.state ? this.#overseer.shareOf(version.id) : undefined,
        totals: this.#totals.of(version.id),
        sessions: this.#overseer.sessions(version.id, this.#now)?.count,
        verdict: this.#overseer.judgement(version.id)?.verdict,
      })),
    };
  }

  #live(): Live {
    const { config, release } = this.#options;
    return liveOf({
      wall: this.#now.wall,
      release,
      policy: config.monitor,
      spread: this.#herald.spread,
      table: this.#registrar.table,
      facts: this.#facts,
      recently: id => this.#recent.of(id, this.#now.monotonic),
      trial: this.#overseer.watched?.trial,
      points: this.#recorder.points,
      processes: this.#processes.processes(this.#now.monotonic),
      events: this.#overseer.events,
    });
  }

  readonly #facts: Facts = {
    sessions: id => this.#overseer.sessions(id, this.#now),
    judgement: id => this.#overseer.judgement(id),
    progress: id => this.#overseer.progressOf(id),
  };

  #api(): FastifyInstance {
    const { config, release } = this.#options;
    const { proxy, configService } = config;
    const own = [proxy, configService, ...(proxy.trusted === undefined ? [] : [proxy.trusted])];
    const [registrar, herald, overseer] = [this.#registrar, this.#herald, this.#overseer];
    const { leadership } = this.#stores;
    return restApi(
      {
        ...this.#facts,
        get table() {
          return registrar.table;
        },
        get spread() {
          return herald.spread;
        },
        get controls() {
          return leadership.controls;
        },
        get events() {
          return overseer.events.toReversed();
        },
        change: change => registrar.change(change),
        start: (id, cluster) => startedContainers(this.#containers, config.docker, { id, cluster }),
        mayNotRemove: id => {
          const version = registrar.table.versions.find(each => each.id === id);
          return version && mayNotRemove(version, config.docker);
        },
        problems: servers => addressProblems(servers, { own, resolve: systemResolve }),
        newId: () => versionId(randomUUID()),
        why: id => overseer.why(id),
        live: () => this.#live(),
        watch: response => this.#streams.open(response),
        metrics: accept => exposition(this.#measured(), accept),
        rotate: () => this.#rotate(),
        notReady: () => (herald.spread.workers > 0 ? undefined : 'no worker is connected'),
        release,
        own: config.configService.host,
      },
      config.configService.token,
    );
  }
}
