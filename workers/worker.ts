/** The worker process: puts links, strategy, servers and exchanges together, and decides nothing. */
import { randomUUID } from 'node:crypto';
import type { Config } from '../src/config/config.js';
import type { Cancel, Clock } from '../src/kernel/clock.js';
import type { CutoverError } from '../src/kernel/errors.js';
import type { Report } from '../src/kernel/events.js';
import { share, versionId, type ExchangeId, type VersionId } from '../src/kernel/ids.js';
import { connectionsWithin, openFilesLimit } from '../src/kernel/limits.js';
import { isNonEmpty, type NonEmpty } from '../src/kernel/non-empty.js';
import type { Role } from '../src/kernel/role.js';
import { StartError } from '../src/kernel/start-error.js';
import { firstTable, serving, type RoutingTable } from '../src/versions/routing-table.js';
import { kinds, type Request } from '../src/wire/envelope.js';
import type { Version } from '../src/versions/version.js';
import type { Server } from './containers/server.js';
import { Servers } from './containers/servers.js';
import { ControlLink } from './control-link.js';
import { Exchange, type ExchangeHost, type ExchangeLimits } from './exchange.js';
import { FrontendLink } from './frontend-link.js';
import { instant } from './strategies/instant.js';
import type { Strategy } from './strategies/strategy.js';

export interface WorkerOptions {
  readonly config: Config;
  /** Device addresses of all frontends. */
  readonly frontends: readonly string[];
  /** Where control tells of versions; undefined: the configuration's cluster is all there is. */
  readonly control?: string | undefined;
  readonly name: string;
  readonly clock: Clock;
  readonly report: Report;
  /** Default: INSTANT. */
  readonly strategy?: Strategy;
}

/** Milliseconds between two looks at deadlines: they are kept to about so much. */
const SWEEP = 250;
const DRAIN_LOOK = 20;

interface Linked {
  readonly link: FrontendLink;
  readonly exchanges: Map<ExchangeId, Exchange>;
}

export class Worker implements Role {
  readonly stopped: Promise<void>;
  readonly #options: WorkerOptions;
  readonly #limits: ExchangeLimits;
  readonly #strategy: Strategy;
  /** Those that may serve, newest first; of the last table. */
  #serving: NonEmpty<Version>;
  readonly #servers = new Map<VersionId, Servers>();
  readonly #linked: readonly Linked[];
  readonly #controlLink: ControlLink | undefined;
  readonly #cancelSweep: Cancel;
  #stop: Promise<void> | undefined;
  #isReady = false;

  constructor(options: WorkerOptions) {
    const { config, clock } = options;
    this.#options = options;
    this.#limits = limitsOf(config);
    this.#strategy = options.strategy ?? instant;
    this.#serving = serving(tableOf(config));
    this.#linked = options.frontends.map(address => this.#linkTo(address));
    this.#controlLink = this.#linkToControl();
    options.report({ type: 'worker-waiting', name: options.name, frontends: options.frontends });
    this.#cancelSweep = clock.every(SWEEP, () => this.#sweep());
    this.stopped = this.#run();
    this.stopped.catch(() => undefined); // whoever waits for it hears of it
  }

  stop(): Promise<void> {
    this.#stop ??= this.#drain();
    return this.#stop;
  }

  async #run(): Promise<void> {
    try {
      await Promise.all([...this.#linked.map(({ link }) => link.run()), this.#controlLink?.run()]);
    } finally {
      this.#close();
    }
    this.#options.report({ type: 'worker-stopped', name: this.#options.name });
  }

  #linkToControl(): ControlLink | undefined {
    const { config, control: address, name, clock, report } = this.#options;
    if (address === undefined) return undefined;
    return new ControlLink({
      address,
      name,
      heartbeat: config.device.heartbeat * 1000,
      silence: config.device.silence * 1000,
      clock,
      report,
      take: table => this.#take(table),
    });
  }

  #linkTo(address: string): Linked {
    const { config, name, clock, report } = this.#options;
    const exchanges = new Map<ExchangeId, Exchange>();
    const link = new FrontendLink(
      {
        address,
        name,
        window: config.device.window,
        heartbeat: config.device.heartbeat * 1000,
        silence: config.device.silence * 1000,
        clock,
        report,
      },
      {
        request: (envelope, window) => this.#serve(linked, envelope, window),
        said: envelope => {
          const exchange = exchanges.get(envelope[1]);
          if (exchange === undefined) return; // it is over
          if (envelope[0] === kinds.part) exchange.part(envelope[2], envelope[3]);
          else if (envelope[0] === kinds.credit) exchange.granted(envelope[2]);
          else exchange.cancel();
        },
        lost() {
          for (const exchange of exchanges.values()) exchange.cancel();
          exchanges.clear();
        },
        joined: () => this.#joined(),
      },
    );
    const linked = { link, exchanges };
    return linked;
  }

  #joined(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    const { name, frontends, report } = this.#options;
    report({ type: 'worker-ready', name, frontends });
  }

  /** From control: the next request is decided by it, what is in flight goes on as it began. */
  #take(table: RoutingTable): void {
    this.#serving = serving(table);
    for (const [id, servers] of this.#servers) {
      if (table.versions.some(version => version.id === id)) continue;
      servers.close();
      this.#servers.delete(id);
    }
  }

  /** The version that the strategy names, and those behind it: the order of versions is that of fallback. */
  #inOrder(): readonly Version[] {
    const versions = this.#serving;
    const [{ state }] = versions;
    const progress = 'progress' in state ? state.progress : share(1);
    const decision = this.#strategy({ versions, session: undefined, bucket: 0, progress });
    const first = decision.kind === 'one' ? decision.version : decision.older;
    return versions.slice(versions.indexOf(first));
  }

  /**
   * Servers before versions: the next version is asked when no server of this one is left. Another
   * attempt heeds the table of its own moment: nothing goes to a version that was taken back meanwhile.
   */
  #pick(tried: ReadonlyMap<Server, CutoverError>): Server | undefined {
    for (const version of this.#inOrder()) {
      const server = this.#serversOf(version).pick(tried);
      if (server !== undefined) return server;
    }
    return undefined;
  }

  #serversOf(version: Version): Servers {
    const known = this.#servers.get(version.id);
    if (known !== undefined) return known;
    const { config, clock } = this.#options;
    const servers = new Servers(version, {
      mostConnections: connectionsEach(config.limits.serverConnections, version),
      connectTimeout: config.timeouts.connect * 1000,
      clock,
    });
    this.#servers.set(version.id, servers);
    return servers;
  }

  #serve({ link, exchanges }: Linked, request: Request, window: number): void {
    const { clock, report } = this.#options;
    const host: ExchangeHost = {
      limits: this.#limits,
      now: () => clock.now(),
      push: envelope => link.push(envelope),
      pick: tried => this.#pick(tried),
      refused: (server, cause) =>
        report({ type: 'server-refused', server: server.name, because: cause.message }),
      failed: ({ server, ...about }) =>
        report({ type: 'exchange-failed', server: server?.name, ...about }),
    };
    exchanges.get(request[1])?.cancel(); // given again: the first is void
    const exchange = new Exchange(request, window, host);
    exchanges.set(exchange.id, exchange);
    void exchange.run().then(() => {
      if (exchanges.get(exchange.id) === exchange) exchanges.delete(exchange.id);
    });
  }

  get #inFlight(): number {
    return this.#linked.reduce((sum, { exchanges }) => sum + exchanges.size, 0);
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    this.#controlLink?.sweep(now);
    for (const servers of this.#servers.values()) servers.sweep(now);
    for (const { link, exchanges } of this.#linked) {
      link.sweep(now);
      for (const exchange of exchanges.values()) exchange.sweep(now);
    }
  }

  async #drain(): Promise<void> {
    const { clock, config, report } = this.#options;
    report({ type: 'worker-draining', exchanges: this.#inFlight });
    for (const { link } of this.#linked) link.leave();
    const deadline = clock.now() + config.timeouts.drain * 1000;
    while (clock.now() < deadline && this.#isBusy()) {
      await new Promise<void>(resolve => void clock.after(DRAIN_LOOK, resolve));
    }
    // What was not finished is repeated by its frontend, or failed, as with a worker that died.
    for (const { exchanges } of this.#linked) {
      for (const exchange of exchanges.values()) exchange.cancel();
    }
    this.#close();
    await this.stopped;
  }

  /** Somebody still counts on us, or may have sent us something. */
  #isBusy(): boolean {
    return this.#inFlight > 0 || this.#linked.some(({ link }) => link.isOpen);
  }

  #close(): void {
    this.#cancelSweep();
    this.#controlLink?.close();
    for (const { link } of this.#linked) link.close();
    for (const servers of this.#servers.values()) servers.close();
  }
}

/** A connection takes two descriptors: its own, and that of libzmq's mailbox. */
function connectionsEach(wanted: number, { servers }: Version): number {
  const room = Math.floor(connectionsWithin(openFilesLimit(), undefined) / 2 / servers.length);
  return Math.max(1, Math.min(wanted, room));
}

function tableOf({ cluster }: Config): RoutingTable {
  const { servers, version, upgradeTransition } = cluster;
  if (!isNonEmpty(servers)) throw new StartError('cluster.servers is empty', 2);
  return firstTable({
    id: versionId(randomUUID()),
    number: version,
    servers,
    transition: upgradeTransition,
  });
}

const limitsOf = ({ timeouts, limits, device }: Config): ExchangeLimits => ({
  answerTimeout: timeouts.answer * 1000,
  streamTimeout: timeouts.stream * 1000,
  tunnelTimeout: timeouts.tunnel * 1000,
  serverIdle: timeouts.serverIdle * 1000,
  answer: limits,
  window: device.window,
});
