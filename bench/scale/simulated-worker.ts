/**
 * A worker as control sees it: the real link, observer, counts and share of a worker. Only its exchanges
 * are made up, so that a thousand of them find room on one machine.
 */
import { ControlLinks } from '../../src/announcements/control-links.js';
import { sessionId, type SessionId } from '../../src/kernel/ids.js';
import { systemClock, type Cancel } from '../../src/kernel/clock.js';
import type { Credentials } from '../../src/security/keyring.js';
import { stableOf, upgradeOf, type RoutingTable } from '../../src/versions/routing-table.js';
import type { Version } from '../../src/versions/version.js';
import type { ProcessMeasures } from '../../src/wire/measures.js';
import { REPORT } from '../../src/wire/report.js';
import { Counts } from '../../workers/observation/counts.js';
import { GradualShare } from '../../workers/observation/gradual-share.js';
import { Observer } from '../../workers/observation/observer.js';
import { ReportPace } from '../../workers/observation/report-pace.js';
import { sharedNow } from './shared-now.js';

/** What a simulated worker has to do; changes while it runs. */
export interface Load {
  /** Requests a second. */
  readonly rate: number;
  /** The share of failures of the version that users move to. */
  readonly bad: number;
}

export interface SimulatedHost {
  readonly address: string;
  readonly credentials: Credentials | undefined;
  /** Seconds, as in a configuration. */
  readonly heartbeat: number;
  readonly silence: number;
  /** 0 to 1. */
  readonly chance: () => number;
  readonly load: () => Load;
  /** Has begun to route by the table of this edition. */
  readonly taken: (edition: number) => void;
  /** Milliseconds from a report until control said that it was counted in. */
  readonly lagged: (ms: number) => void;
  /** What must not happen. */
  readonly wrong: (what: string) => void;
}

/** What clients ask for: a share of all requests, and how large the answers are about. */
const routes = [
  { route: 'GET /', method: 'GET', target: '/', bytes: 4000 },
  { route: 'GET /items', method: 'GET', target: '/items/17', bytes: 1200 },
  { route: 'GET /items', method: 'GET', target: '/items/4', bytes: 1300 },
  { route: 'GET /search', method: 'GET', target: '/search?q=a', bytes: 9000 },
  { route: 'GET /static', method: 'GET', target: '/static/a.js', bytes: 60_000 },
  { route: 'POST /cart', method: 'POST', target: '/cart', bytes: 300 },
  { route: 'GET /cart', method: 'GET', target: '/cart', bytes: 700 },
  { route: 'GET /account', method: 'GET', target: '/account', bytes: 2100 },
] as const;

/** Requests for each cookie that is set: clients come back, and most cookies are fresh. */
const REQUESTS_A_COOKIE = 10;
const SERVERS = ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080', '10.0.0.4:8080'] as const;
/** What could not be simulated for so long is given up: else one stall would become a burst. */
const LATEST = 1000; // ms

const SWEEP = 250; // ms, as in a worker

export class SimulatedWorker {
  readonly #host: SimulatedHost;
  readonly #link: ControlLinks;
  readonly #observer = new Observer();
  readonly #counts = new Counts();
  readonly #share = new GradualShare();
  readonly #pace = new ReportPace();
  readonly #cancels: Cancel[] = [];
  /** Reports that control has not said to have counted in. */
  readonly #sent: { readonly sequence: number; readonly at: number }[] = [];
  #table: RoutingTable | undefined;
  #moving: Version | undefined;
  #stable: Version | undefined;
  /** Requests that are not simulated yet, as of when. */
  #due = 0;
  #servedAt = sharedNow();
  /** Requests that were simulated, and those that there was no time for. */
  exchanges = 0;
  missed = 0;
  /** First attempts that lie in reports which have left, and how many reports that were. */
  told = 0;
  reports = 0;

  constructor(name: string, host: SimulatedHost) {
    this.#host = host;
    this.#link = new ControlLinks({
      credentials: host.credentials,
      role: 'worker',
      name,
      heartbeat: host.heartbeat * 1000,
      silence: host.silence * 1000,
      clock: systemClock,
      report: ({ type, ...about }) => {
        if (type !== 'table-taken') host.wrong(`${name}: ${type} ${JSON.stringify(about)}`);
      },
      take: ({ table }) => {
        this.#take(table);
        host.taken(table.edition);
      },
      progressed: progress => {
        this.#share.progressed(progress);
        this.#counted(progress.taken);
      },
      progress: () => this.#share.progress,
    });
    this.#link.want([host.address]);
    // Machines do not report all in the same moment.
    this.#cancels.push(
      systemClock.after(host.chance() * REPORT, () => {
        this.#cancels.push(systemClock.every(REPORT, () => this.#turn()));
      }),
      systemClock.every(SWEEP, () => this.#link.sweep(systemClock.now())),
    );
    this.#link.run().catch((cause: unknown) => host.wrong(`${name}: ${String(cause)}`));
  }

  /** What it measures, once a second; `process`: all that share a process have the same. */
  measure(process: ProcessMeasures): void {
    if (!this.#link.isLinked) return;
    const versions = this.#counts.take();
    const connections = { busy: 1, idle: SERVERS.length };
    this.#link.measured({
      process,
      work: { role: 'worker', inFlight: 1, connections, ejected: 0, versions },
    });
  }

  get isLinked(): boolean {
    return this.#link.isLinked;
  }

  /** With what was observed last. */
  close(): void {
    for (const cancel of this.#cancels) cancel();
    this.#tell();
    this.#link.close();
  }

  #take(table: RoutingTable): void {
    this.#table = table;
    this.#moving = upgradeOf(table);
    this.#stable = stableOf(table);
    this.#share.take(table);
    if (this.#moving === undefined) this.#sent.length = 0; // nobody tells what is counted in
  }

  #serve(): void {
    const { rate, bad } = this.#host.load();
    const now = sharedNow();
    this.#due += (rate * (now - this.#servedAt)) / 1000;
    this.#servedAt = now;
    const most = Math.max(1, (rate * LATEST) / 1000);
    if (this.#due > most) {
      this.missed += Math.floor(this.#due - most);
      this.#due = most;
    }
    const wall = systemClock.wall();
    for (; this.#due >= 1; this.#due -= 1) this.#exchange(bad, wall);
  }

  /** One request and its answer. */
  #exchange(bad: number, wall: number): void {
    const [stable, moving] = [this.#stable, this.#moving];
    if (stable === undefined) return;
    this.exchanges += 1;
    this.#count();
    const { chance } = this.#host;
    const version = moving !== undefined && chance() < this.#share.share ? moving : stable;
    const { route, method, target, bytes } = routes[Math.floor(chance() * routes.length)]!;
    const isFailed = version === moving && chance() < bad;
    const delay = Math.exp(1 + 2 * chance());
    const observation = {
      version: version.id,
      server: SERVERS[Math.floor(chance() * SERVERS.length)]!,
      route,
      outcome: isFailed ? 'failed' : 'ok',
      code: undefined,
      status: isFailed ? 503 : 200,
      delay,
      bytes: Math.round(bytes * (0.9 + 0.2 * chance())),
      attempt: 1,
    } as const;
    this.#observer.observed(observation, { method, target, at: wall });
    if (this.exchanges % REQUESTS_A_COOKIE !== 0) return;
    this.#observer.sessionSet(version.id, this.#newSession(), Math.floor(wall / 1000));
    // Measures are as large however much is counted; so there is time for more workers.
    const mode = moving?.transition.mode ?? 'NONE';
    this.#counts.attempt(observation);
    this.#counts.request({ version: version.id, end: 'answered', status: 200, ms: delay }, mode);
  }

  #count(): void {
    const moving = this.#moving;
    if (moving?.transition.mode !== 'GRADUAL') return;
    if (this.#share.count(this.#link.isLinked)) this.#observer.counted(moving.id);
  }

  /** Only its first six bytes are looked at. */
  #newSession(): SessionId {
    const bytes = Buffer.allocUnsafe(16);
    for (let at = 0; at < 16; at += 4)
      bytes.writeUInt32LE(Math.floor(this.#host.chance() * 2 ** 32), at);
    return sessionId(bytes.toString('base64url'));
  }

  /** What has come since the turn before, all at once; then the report, as often as a worker does it. */
  #turn(): void {
    this.#serve();
    if (this.#pace.isDue(systemClock.now(), this.#link.every)) this.#tell();
  }

  #tell(): void {
    if (this.#table === undefined || !this.#link.isLinked) return;
    const report = this.#observer.takeReport();
    if (report === undefined) return;
    if (!this.#link.report(report)) return this.#observer.giveBack(report);
    const { sequence, versions } = report;
    this.#share.reportSent(sequence);
    this.reports += 1;
    for (const { tally } of versions) this.told += tally.exchanges;
    if (this.#moving?.transition.mode === 'GRADUAL') this.#sent.push({ sequence, at: sharedNow() });
  }

  #counted(taken: number): void {
    const now = sharedNow();
    let first = this.#sent[0];
    while (first !== undefined && first.sequence <= taken) {
      this.#host.lagged(now - first.at);
      this.#sent.shift();
      first = this.#sent[0];
    }
  }
}
