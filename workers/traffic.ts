/**
 * All that a worker knows of versions and what it measures of them: who is served by which, the servers,
 * how far the upgrade is, and what control is told. Exchanges take what they need from here.
 */
import { randomUUID } from 'node:crypto';
import type { Config } from '../src/config/config.js';
import type { Clock } from '../src/kernel/clock.js';
import type { Report } from '../src/kernel/events.js';
import type { Tracing } from '../src/telemetry/spans.js';
import { versionId } from '../src/kernel/ids.js';
import { connectionsWithin, openFilesLimit } from '../src/kernel/limits.js';
import { isNonEmpty } from '../src/kernel/non-empty.js';
import type { Place } from '../src/kernel/place.js';
import { StartError } from '../src/kernel/start-error.js';
import { firstTable, upgradeOf, type RoutingTable } from '../src/versions/routing-table.js';
import type { Version } from '../src/versions/version.js';
import type { TableMessage } from '../src/wire/control-message.js';
import type { WorkerMeasures } from '../src/wire/measures.js';
import type { Progress, WorkerReport } from '../src/wire/report.js';
import type { Shared, Standing } from '../src/wire/shared.js';
import { Admissions } from './admissions.js';
import { NoiseBook } from './comparison/noise-book.js';
import { Servers } from './containers/servers.js';
import { Entropy } from './entropy.js';
import type { ExchangeHost } from './exchange.js';
import { Fleet } from './fleet.js';
import { Counts } from './observation/counts.js';
import { GradualShare } from './observation/gradual-share.js';
import { Observer } from './observation/observer.js';
import { Withheld } from './observation/withheld.js';
import { RetryBudget, usualBudget } from './rescue/budget.js';
import { firstPart, Sharing } from './sharing.js';
import { decided } from './strategies/strategies.js';
import type { Strategy } from './strategies/strategy.js';

export interface TrafficOptions {
  readonly config: Config;
  /** Who judges versions by what is measured; undefined: nobody. */
  readonly control?: readonly string[] | undefined;
  /** Where we run; undefined: not known. */
  readonly place?: Place | undefined;
  /** Undefined: nobody wants spans. */
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
  readonly report: Report;
  /** Default: that of the version that users move to. */
  readonly strategy?: Strategy;
}

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #config: Config;
  readonly #isWatched: boolean;
  readonly #admissions: Admissions;
  readonly #fleet: Fleet;
  readonly #share = new GradualShare();
  readonly #observer = new Observer();
  readonly #counts = new Counts();
  readonly #withheld = new Withheld(observed =>
    this.#observer.observed(observed.observation, observed),
  );
  readonly #noise: NoiseBook;
  readonly #budget: RetryBudget;
  readonly #sharing: Sharing;
  /**
   * Connections to the servers of a version: each takes two descriptors, its own, and that of libzmq's mailbox. Asked
   * once: a limit that is lowered later must not keep us from a version that comes then.
   */
  readonly #room = Math.floor(connectionsWithin(openFilesLimit(), undefined) / 2);
  /** The version that users move to. */
  #moving: Version | undefined;

  /** Throws StartError. Until a table comes, the configuration's cluster is all there is. */
  constructor(options: TrafficOptions) {
    const { config } = options;
    const table = tableOf(config);
    this.#options = options;
    this.#config = config;
    this.#isWatched = options.control !== undefined;
    this.#share.take(table);
    this.#moving = upgradeOf(table);
    this.#admissions = this.#newAdmissions(table);
    this.#fleet = new Fleet(table, version => this.#serversOf(version));
    this.#noise = new NoiseBook(config.comparison);
    const part = firstPart(config.workers.count);
    this.#budget = new RetryBudget({ ...usualBudget, ...config.rescue }, part);
    this.#sharing = new Sharing({ budget: this.#budget, fleet: this.#fleet });
  }

  /** The next request is decided by it, what is in flight goes on as it began. */
  take({ table, keys }: TableMessage): void {
    const moving = upgradeOf(table);
    if (moving?.id !== this.#moving?.id) this.#noise.clear();
    this.#moving = moving;
    this.#share.take(table);
    this.#admissions.take(table, this.#config.session.keys ?? keys);
    this.#fleet.take(table);
  }

  /** From control. */
  progressed(progress: Progress): void {
    this.#share.progressed(progress);
  }

  /** A control that we begin to follow begins with it: with all that was reported until now. */
  get progress(): GradualShare['progress'] {
    return this.#share.progress;
  }

  /** What is new for control. `report`: false if it cannot be sent now. */
  tell(report: (report: WorkerReport) => boolean): void {
    const next = this.#observer.takeReport();
    if (next === undefined) return;
    if (report(next)) this.#share.reportSent(next.sequence);
    else this.#observer.giveBack(next);
  }

  /** What others are to know of our budget and our servers; the same object while nothing is new. */
  standing(): Standing {
    return this.#sharing.standing(this.#options.clock.now());
  }

  /** From control. */
  shared(shared: Shared): void {
    this.#sharing.shared(shared, this.#options.clock.now());
  }

  /** For metrics; what was counted is forgotten here. */
  measures(inFlight: number): WorkerMeasures {
    const { busy, idle, ejected } = this.#fleet.load;
    const versions = this.#counts.take();
    return { role: 'worker', inFlight, connections: { busy, idle }, ejected, versions };
  }

  /** A request has come: it moves GRADUAL on, unless nobody watches. */
  count(isLinked: boolean): void {
    const moving = this.#moving;
    if (moving?.transition.mode !== 'GRADUAL') return;
    if (this.#share.count(isLinked)) this.#observer.counted(moving.id);
  }

  /** `push`: to the frontend that asked. */
  hostFor(push: ExchangeHost['push']): ExchangeHost {
    const { clock, report, tracing } = this.#options;
    const config = this.#config;
    const { comparison, rescue } = config;
    return {
      limits: limitsOf(config),
      clock,
      tracing,
      fleet: this.#fleet,
      budget: this.#budget,
      noise: this.#noise,
      comparisonPatience: comparison.patience * 1000,
      newerPatience: Math.min(rescue.patience, config.timeouts.answer) * 1000,
      mayAskAgain: () => this.#mayAskAgain(),
      keepsEvidence: comparison.evidence && this.#isWatched,
      push,
      admit: head => this.#admissions.admit(head),
      observed: (observed, blame) => {
        if (!this.#isWatched) return; // nobody asks
        this.#counts.attempt(observed.observation);
        if (blame === undefined) this.#withheld.answered(observed);
        else this.#withheld.failed(observed, blame);
      },
      served: served => {
        if (this.#isWatched) this.#counts.request(served, this.#moving?.transition.mode ?? 'NONE');
      },
      compared: (version, result) => {
        if (this.#isWatched) this.#counts.compared(version, result);
      },
      refused: (server, cause) =>
        report({ type: 'server-refused', server: server.name, because: cause.message }),
      fault: cause => report({ type: 'fault', where: 'comparison', cause }),
      failed: ({ server, ...about }) =>
        report({ type: 'exchange-failed', server: server?.name, ...about }),
    };
  }

  sweep(now: number): void {
    this.#fleet.sweep(now);
  }

  close(): void {
    this.#fleet.close();
  }

  #newAdmissions(table: RoutingTable): Admissions {
    const { clock, strategy = decided } = this.#options;
    const config = this.#config;
    const entropy = new Entropy();
    return new Admissions(table, config.session.keys ?? [], {
      chance: () => entropy.chance(),
      random: bytes => entropy.bytes(bytes),
      wall: () => clock.wall(),
      share: () => this.#share.share,
      decide: strategy,
      sessionSet: (version, session, at) => {
        if (!this.#isWatched) return;
        this.#observer.sessionSet(version, session, at);
        this.#counts.cookieSet(version);
      },
      timeout: config.session.timeout,
      secure: config.session.secure,
    });
  }

  #serversOf(version: Version): Servers {
    const { clock, place, report } = this.#options;
    const config = this.#config;
    return new Servers(version, {
      zone: place?.zone === '' ? undefined : place?.zone,
      mostConnections: config.limits.serverConnections,
      mostTogether: this.#room,
      connectTimeout: config.timeouts.connect * 1000,
      clock,
      ejected: ({ name: server }, until, isTold) => {
        if (this.#isWatched) this.#counts.ejected(version.id);
        report({ type: 'server-ejected', server, ms: until - clock.now(), isTold });
      },
      admitted: server => report({ type: 'server-admitted', server: server.name }),
    });
  }

  #mayAskAgain(): boolean {
    const now = this.#options.clock.now();
    if (!this.#budget.allows(now)) return false;
    this.#budget.spend(now);
    return true;
  }
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

const limitsOf = ({ timeouts, limits, device, rescue }: Config): ExchangeHost['limits'] => ({
  answerTimeout: timeouts.answer * 1000,
  connectTimeout: timeouts.connect * 1000,
  streamTimeout: timeouts.stream * 1000,
  tunnelTimeout: timeouts.tunnel * 1000,
  serverIdle: timeouts.serverIdle * 1000,
  answer: limits,
  window: device.window,
  rescuePatience: rescue.patience * 1000,
  hold: rescue.hold,
  honoursIdempotencyKeys: rescue.idempotencyKeys,
});
