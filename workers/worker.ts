/** The worker process: puts links, strategy, servers and exchanges together, and decides nothing. */
import { ControlLinks } from '../src/announcements/control-links.js';
import { Measuring } from '../src/announcements/measuring.js';
import type { Config } from '../src/config/config.js';
import { asConfigured, type Finder } from '../src/discovery/finder.js';
import { LinkSet } from '../src/discovery/link-set.js';
import type { Cancel, Clock } from '../src/kernel/clock.js';
import { CutoverError } from '../src/kernel/errors.js';
import type { Report } from '../src/kernel/events.js';
import type { ExchangeId } from '../src/kernel/ids.js';
import { NumberTable } from '../src/kernel/number-table.js';
import type { Place } from '../src/kernel/place.js';
import type { Role } from '../src/kernel/role.js';
import type { Keyring } from '../src/security/keyring.js';
import type { Tracing } from '../src/telemetry/spans.js';
import { decodeFromControl } from '../src/wire/control-message.js';
import { kinds, type Request } from '../src/wire/envelope.js';
import { REPORT } from '../src/wire/report.js';
import { Exchange, type ExchangeHost } from './exchange.js';
import { SWEEP } from './fleet.js';
import { FrontendLink, type Terms } from './frontend-link.js';
import { ReportPace } from './observation/report-pace.js';
import type { Strategy } from './strategies/strategy.js';
import { Traffic } from './traffic.js';

export interface WorkerOptions {
  readonly config: Config;
  /** Device addresses of all frontends that are configured. */
  readonly frontends: readonly string[];
  /** Where controls tell of versions; undefined: the configuration's cluster is all there is. */
  readonly control?: readonly string[] | undefined;
  /** Undefined: addresses are taken as they stand. */
  readonly finder?: Finder | undefined;
  /** Undefined: links have no keys. */
  readonly keyring?: Keyring | undefined;
  readonly name: string;
  /** Where we run; undefined: not known. */
  readonly place?: Place | undefined;
  /** Undefined: nobody wants spans. */
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
  readonly report: Report;
  /** Default: that of the version that users move to. */
  readonly strategy?: Strategy;
}

const DRAIN_LOOK = 20;

/** More than one worker can serve. */
const MOST_FRONTENDS = 512;

/** A link to a frontend, and what it has asked for. */
interface Served {
  readonly link: FrontendLink;
  readonly exchanges: NumberTable<ExchangeId, Exchange>;
  readonly host: ExchangeHost;
  readonly isHeard: boolean;
  run(): Promise<void>;
  close(): void;
}

export class Worker implements Role {
  readonly stopped: Promise<void>;
  readonly #options: WorkerOptions;
  readonly #traffic: Traffic;
  readonly #frontends: LinkSet<Served>;
  readonly #controls: ControlLinks | undefined;
  readonly #measuring: Measuring | undefined;
  readonly #pace = new ReportPace();
  readonly #cancels: readonly Cancel[];
  #stop: Promise<void> | undefined;
  #isReady = false;

  constructor(options: WorkerOptions) {
    const { clock, name, frontends, control, finder = asConfigured, report } = options;
    this.#options = options;
    this.#traffic = new Traffic(options);
    this.#frontends = new LinkSet(address => this.#linkTo(address), MOST_FRONTENDS);
    this.#controls = this.#linkToControls();
    this.#measuring =
      this.#controls &&
      new Measuring({
        link: this.#controls,
        clock,
        take: () => this.#traffic.measures(this.#inFlight),
      });
    report({ type: 'worker-waiting', name, frontends });
    this.#cancels = [
      clock.every(SWEEP, () => this.#sweep()),
      ...(this.#controls === undefined ? [] : [clock.every(REPORT, () => this.#report())]),
      finder.watch('frontends', frontends, found => this.#frontends.want(found)),
      finder.watch('controls', control ?? [], found => this.#controls?.want(found)),
    ];
    this.stopped = this.#run();
    this.stopped.catch(() => undefined); // whoever waits for it hears of it
  }

  stop(): Promise<void> {
    this.#stop ??= this.#drain();
    return this.#stop;
  }

  async #run(): Promise<void> {
    try {
      await Promise.all([this.#frontends.run(), this.#controls?.run()]);
    } finally {
      this.#close();
    }
    this.#options.report({ type: 'worker-stopped', name: this.#options.name });
  }

  #linkToControls(): ControlLinks | undefined {
    const { config, control, keyring, name, clock, report } = this.#options;
    if (control === undefined) return undefined;
    return new ControlLinks({
      credentials: keyring?.toControl,
      name,
      role: 'worker',
      heartbeat: config.device.heartbeat * 1000,
      silence: config.device.silence * 1000,
      clock,
      report,
      take: message => this.#traffic.take(message),
      progressed: progress => this.#traffic.progressed(progress),
      shared: shared => this.#traffic.shared(shared),
      progress: () => this.#traffic.progress,
    });
  }

  #linkTo(address: string): Served {
    const { config, keyring, name, place, clock, report } = this.#options;
    const exchanges = new NumberTable<ExchangeId, Exchange>();
    const link = new FrontendLink(
      {
        address,
        credentials: keyring?.toFrontends,
        name,
        place,
        window: config.device.window,
        heartbeat: config.device.heartbeat * 1000,
        silence: config.device.silence * 1000,
        clock,
        report,
      },
      {
        request: (envelope, terms) => this.#serve(served, envelope, terms),
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
        table: packed => this.#offered(packed),
      },
    );
    const served = {
      link,
      exchanges,
      host: this.#traffic.hostFor(envelope => link.push(envelope)),
      get isHeard() {
        return link.isHeard;
      },
      run: () => link.run(),
      close: () => link.close(),
    };
    return served;
  }

  #joined(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    const { name, frontends, report } = this.#options;
    report({ type: 'worker-ready', name, frontends });
  }

  /** From a frontend, which has it from control: control itself may be away when we start. */
  #offered(packed: Uint8Array): void {
    try {
      const message = decodeFromControl(packed);
      if (message.kind === 'table') this.#controls?.offer(message);
    } catch (cause) {
      if (!(cause instanceof CutoverError)) throw cause;
      this.#options.report({ type: 'announcement-refused', because: cause.message });
    }
  }

  /** Control may want to hear less often: of that many workers it could not add up everything in time. */
  #report(): void {
    const every = this.#controls?.every ?? REPORT;
    if (this.#pace.isDue(this.#options.clock.now(), every)) this.#tellControl();
  }

  #tellControl(): void {
    const controls = this.#controls;
    if (controls?.isLinked !== true) return;
    this.#traffic.tell(report => controls.report(report));
    controls.stand(this.#traffic.standing());
  }

  #serve({ host, exchanges }: Served, request: Request, terms: Terms): void {
    const before = exchanges.get(request[1]);
    if (before?.restart(request) === true) return;
    before?.cancel(); // given again: the first is void
    this.#traffic.count(this.#controls?.isLinked ?? false);
    const exchange = new Exchange(request, terms, host);
    exchanges.set(exchange.id, exchange);
    void exchange.run().then(() => {
      if (exchanges.get(exchange.id) === exchange) exchanges.delete(exchange.id);
    });
  }

  get #inFlight(): number {
    return this.#frontends.all.reduce((sum, { exchanges }) => sum + exchanges.size, 0);
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    this.#controls?.sweep(now);
    this.#traffic.sweep(now);
    for (const { link, exchanges } of this.#frontends.all) {
      link.sweep(now);
      for (const exchange of exchanges.values()) exchange.sweep(now);
    }
    this.#frontends.tidy();
  }

  async #drain(): Promise<void> {
    const { clock, config, report } = this.#options;
    report({ type: 'worker-draining', exchanges: this.#inFlight });
    this.#frontends.settle();
    for (const { link } of this.#frontends.all) link.leave();
    const { drain, drainTunnel } = config.timeouts;
    const tunnelDeadline = clock.now() + drainTunnel * 1000;
    // Frontends keep the time of the others; while there are tunnels, we need not end for these.
    const deadline = clock.now() + drain * 1000;
    while (this.#isBusy() && (clock.now() < deadline || this.#hasTunnels())) {
      if (clock.now() >= tunnelDeadline) this.#giveUpTunnels();
      await new Promise<void>(resolve => void clock.after(DRAIN_LOOK, resolve));
    }
    // What was not finished is repeated by its frontend, or failed, as with a worker that died.
    for (const { exchanges } of this.#frontends.all) {
      for (const exchange of exchanges.values()) exchange.cancel();
    }
    this.#tellControl(); // what was seen last
    this.#close();
    await this.stopped;
    await this.#options.tracing?.close();
  }

  /** Somebody still counts on us, or may have sent us something. */
  #isBusy(): boolean {
    return this.#inFlight > 0 || this.#frontends.all.some(({ link }) => link.isOpen);
  }

  #hasTunnels(): boolean {
    return this.#frontends.all.some(({ exchanges }) =>
      exchanges.values().some(({ isTunnel }) => isTunnel),
    );
  }

  /** Unlike requests these cannot be repeated elsewhere: their clients are told now. */
  #giveUpTunnels(): void {
    for (const { exchanges } of this.#frontends.all) {
      for (const exchange of exchanges.values()) {
        if (!exchange.isTunnel) continue;
        exchange.giveUp('ERR_WORKER_LOST', 'its worker has drained');
        exchanges.delete(exchange.id);
      }
    }
  }

  #close(): void {
    for (const cancel of this.#cancels) cancel();
    this.#measuring?.close();
    this.#controls?.close();
    this.#frontends.close();
    this.#traffic.close();
  }
}
