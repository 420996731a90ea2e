/** The servers of one version: which of them gets the next request, and which are left out. */
import type { ServerAddress } from '../../src/config/cluster.js';
import type { Version } from '../../src/versions/version.js';
import type { Blame } from '../observation/withheld.js';
import {
  accessTo,
  healthAfter,
  healthy,
  usualEjection,
  type Access,
  type EjectionTerms,
  type ServerEvent,
  type ServerHealth,
} from '../routing/ejection.js';
import { pickServer } from '../routing/pick-server.js';
import { Server, type ServerOptions } from './server.js';

export interface ServersOptions extends Omit<ServerOptions, 'unreachable'> {
  /** The worker's; undefined: it is in none. */
  readonly zone?: string | undefined;
  /** Connections to all of them together, however many servers there are. Default: no bound. */
  readonly mostTogether?: number;
  /** Default: `usualEjection`. */
  readonly ejection?: EjectionTerms;
  /**
   * It is left out; `until`: monotonic milliseconds, when one request tries it again. `isTold`: for what other
   * workers have seen.
   */
  ejected?(server: Server, until: number, isTold: boolean): void;
  /** It was left out, and works again. */
  admitted?(server: Server): void;
}

/** What is known of a server that some worker leaves out. `until`: monotonic milliseconds. */
export interface Doubted {
  readonly isOut: boolean;
  readonly until: number;
}

/** By name. */
export type Doubts = ReadonlyMap<string, Doubted>;

const noDoubts: Doubts = new Map();

/** Servers that one request was sent to: a set of them, or the keys of a map. */
export interface Tried {
  has(server: Server): boolean;
}

/** Connections that are lent, and that are kept; servers that are left out. */
export interface ServersLoad {
  readonly busy: number;
  readonly idle: number;
  readonly ejected: number;
}

export class Servers {
  #servers: readonly Server[] = [];
  #addresses: readonly ServerAddress[] = [];
  readonly #options: ServersOptions;
  /** What every server goes by: one object, because the number of servers may change. */
  readonly #each: { -readonly [Option in keyof ServerOptions]: ServerOptions[Option] };
  readonly #terms: EjectionTerms;
  /** In the order of the servers. */
  #health = new Map<Server, ServerHealth>();
  /** Servers that are not in: while there is none, a pick costs no more than looking at each once. */
  #out = 0;
  /** What others say. */
  #doubts = noDoubts;
  #lastTurn = 0;
  /** One for all picks, so that a pick allocates nothing. */
  readonly #question = new Question();

  constructor(version: Version, options: ServersOptions) {
    const { mostConnections, connectTimeout, clock, reach } = options;
    this.#options = options;
    this.#each = {
      mostConnections,
      connectTimeout,
      clock,
      ...(reach && { reach }),
      // Also while all that it has is not safe to repeat and waits: else nobody would ever find it out.
      unreachable: server => this.#heard(server, { kind: 'failed', sent: clock.now() }),
    };
    this.#terms = options.ejection ?? usualEjection;
    this.take(version.servers);
  }

  /**
   * The version runs on these from now on. Those that stay keep their connections and their record; those
   * that have gone get nothing new, and what they have in flight goes on.
   */
  take(addresses: readonly ServerAddress[]): void {
    const { clock, zone, mostConnections, mostTogether = Infinity } = this.#options;
    if (isSame(this.#addresses, addresses)) return;
    const before = this.#servers;
    this.#addresses = addresses;
    this.#each.mostConnections = Math.max(
      1,
      Math.min(mostConnections, Math.floor(mostTogether / addresses.length)),
    );
    this.#servers = addresses.map(
      address => before.find(isAt(address)) ?? new Server(address, this.#each),
    );
    for (const [at, server] of this.#servers.entries()) {
      server.isFar = zone !== undefined && addresses[at]?.zone !== zone;
    }
    const health = (server: Server) => this.#health.get(server) ?? healthy(clock.now());
    this.#health = new Map(this.#servers.map(server => [server, health(server)]));
    this.#out = [...this.#health.values()].reduce((sum, each) => sum + isOut(each), 0);
    for (const server of before) if (!this.#health.has(server)) server.close();
  }

  /**
   * One that was not tried yet and has room for another connection; undefined: none is left.
   * @param insist rather a server that is left out than none: the version is still to be judged by what
   *   its servers do, or there is no other version to go to.
   * @param isRepeatable it can be rescued, so that it may try a server that is left out; other requests do
   *   so only where none of these has come for a while.
   */
  pick(tried: Tried, insist = false, isRepeatable = true): Server | undefined {
    const now = this.#options.clock.now();
    const question = this.#question.next(tried, now);
    if (this.#out === 0) return this.#picked(this.#servers, question);
    const access = this.#access(now);
    const isOver = ({ until }: { readonly until: number }) =>
      isRepeatable || until + this.#terms.base <= now;
    const allowed = this.#servers.filter((server, at) => {
      const health = this.#health.get(server);
      if (access[at] !== 'probe') return access[at] === 'open';
      return health !== undefined && 'until' in health && isOver(health);
    });
    const server = this.#picked(allowed, question);
    if (server === undefined) return insist ? this.#picked(this.#servers, question) : undefined;
    if (access[this.#servers.indexOf(server)] === 'probe') this.#heard(server, { kind: 'probe' });
    return server;
  }

  #picked(servers: readonly Server[], question: Question): Server | undefined {
    const server = pickServer(servers, question);
    if (server === undefined) return undefined;
    server.lastTurn = this.#lastTurn += 1;
    server.askedAt = question.now;
    return server;
  }

  /** How many servers `pick` may still give, if they have room. */
  left(tried: Tried, insist = false): number {
    const access = insist || this.#out === 0 ? undefined : this.#access(this.#options.clock.now());
    let left = 0;
    for (const [at, server] of this.#servers.entries()) {
      if (access?.[at] !== 'closed' && !tried.has(server)) left += 1;
    }
    return left;
  }

  /**
   * An attempt that began at `sent`, in monotonic milliseconds, was refused, reset, silent, malformed or 5xx.
   * @param isAnswer the application's own, as of a stable version: the last server that is in stays in.
   *   What all servers say nobody would say better, and one bad page must not move everybody elsewhere.
   * @param hasAnswered with a 5xx: it may be the page's failure, so what others say of the server is no reason to
   *   leave it out the sooner.
   * @returns whose failure it is: the server's alone only where it is left out and others go on.
   */
  failed(server: Server, sent: number, isAnswer = false, hasAnswered = isAnswer): Blame {
    // Taken away while it was asked: that it failed says nothing of those that are left.
    if (!this.#health.has(server)) return 'server';
    const isLast = this.#isLast(server);
    const isSuspect = !hasAnswered && this.#doubts.has(server.name);
    if (!isAnswer || !isLast) this.#heard(server, { kind: 'failed', sent, isSuspect });
    if (this.#servers.length === 1) return 'version';
    if (this.#health.get(server)?.kind === 'in') return 'undecided';
    if (this.#out === this.#servers.length) return 'version';
    const access = this.#access(this.#options.clock.now());
    return access[this.#servers.indexOf(server)] === 'open' ? 'version' : 'server';
  }

  /** An attempt that began at `sent`, in monotonic milliseconds, was answered. */
  succeeded(server: Server, sent: number): void {
    this.#heard(server, { kind: 'succeeded', sent });
  }

  /**
   * What others say now of these servers. What is new of it counts: a server that is out for all is left out here
   * as well, and let in when it is out no more; in between our own answers from it count. The last one that is in
   * stays in, whatever others say: all may have left out another one.
   */
  told(doubts: Doubts): void {
    const before = this.#doubts;
    this.#doubts = doubts;
    if (before.size + doubts.size === 0) return;
    for (const server of this.#servers) {
      const was = before.get(server.name)?.isOut ?? false;
      const is = doubts.get(server.name);
      if (was && is?.isOut !== true) this.#heard(server, { kind: 'told-in' });
      if (was || is?.isOut !== true || this.#isLast(server)) continue;
      this.#heard(server, { kind: 'told-out', until: is.until });
    }
  }

  /** Those that are left out for what we have seen ourselves; `until`: monotonic milliseconds. */
  get leftOut(): readonly { readonly server: Server; readonly until: number }[] {
    if (this.#out === 0) return [];
    return [...this.#health].flatMap(([server, health]) =>
      health.kind === 'in' || health.isTold === true ? [] : [{ server, until: health.until }],
    );
  }

  /** Of those that others speak of: which are in, and were asked lately. */
  uses(now: number): readonly Server[] {
    if (this.#doubts.size === 0) return [];
    return this.#servers.filter(server => {
      const isIn = this.#health.get(server)?.kind === 'in';
      return isIn && this.#doubts.has(server.name) && now - server.askedAt < this.#terms.window;
    });
  }

  get load(): ServersLoad {
    const sum = (of: (server: Server) => number) =>
      this.#servers.reduce((all, server) => all + of(server), 0);
    return {
      busy: sum(({ outstanding }) => outstanding),
      idle: sum(({ idle }) => idle),
      ejected: this.#out,
    };
  }

  sweep(now: number): void {
    for (const server of this.#servers) server.sweep(now);
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** No other is in. */
  #isLast(server: Server): boolean {
    return this.#out === this.#servers.length - 1 && this.#health.get(server)?.kind === 'in';
  }

  #access(now: number): readonly Access[] {
    return accessTo([...this.#health.values()], now, this.#terms).servers;
  }

  #heard(server: Server, event: ServerEvent): void {
    const before = this.#health.get(server);
    if (before === undefined) return; // of another version
    const after = healthAfter(before, event, this.#options.clock.now(), this.#terms);
    if (after === before) return;
    this.#health.set(server, after);
    this.#out += isOut(after) - isOut(before);
    if (after.kind === 'ejected') {
      this.#options.ejected?.(server, after.until, after.isTold === true);
    }
    if (isOut(before) > isOut(after)) this.#options.admitted?.(server);
  }
}

/** Which server may take the next request, but for those that are left out. */
class Question {
  now = 0;
  #tried: Tried = new Set<Server>();

  next(tried: Tried, now: number): this {
    this.now = now;
    this.#tried = tried;
    return this;
  }

  mayTake(server: Server): boolean {
    return server.hasRoom && !this.#tried.has(server);
  }
}

const isSame = (before: readonly ServerAddress[], addresses: readonly ServerAddress[]): boolean =>
  before.length === addresses.length &&
  before.every((each, at) => isEqual(each, addresses[at]) && each.zone === addresses[at]?.zone);

const isAt =
  (wanted: ServerAddress | undefined) =>
  ({ address }: Server): boolean =>
    isEqual(address, wanted);

const isEqual = ({ host, port }: ServerAddress, wanted: ServerAddress | undefined): boolean =>
  host === wanted?.host && port === wanted.port;

const isOut = ({ kind }: ServerHealth): 0 | 1 => (kind === 'in' ? 0 : 1);
