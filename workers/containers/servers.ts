/** The servers of one version: which of them gets the next request, and which are left out. */
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

export interface ServersOptions extends ServerOptions {
  /** Default: `usualEjection`. */
  readonly ejection?: EjectionTerms;
  /** It is left out; `until`: monotonic milliseconds, when one request tries it again. */
  ejected?(server: Server, until: number): void;
  /** It was left out, and works again. */
  admitted?(server: Server): void;
}

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
  readonly #servers: readonly Server[];
  readonly #options: ServersOptions;
  readonly #terms: EjectionTerms;
  /** In the order of the servers. */
  readonly #health: Map<Server, ServerHealth>;
  /** Servers that are not in: while there is none, a pick costs no more than looking at each once. */
  #out = 0;
  /** One for all picks, so that a pick allocates nothing. */
  readonly #question = new Question();

  constructor(version: Version, options: ServersOptions) {
    const now = options.clock.now();
    this.#options = options;
    this.#terms = options.ejection ?? usualEjection;
    this.#servers = version.servers.map(address => new Server(address, options));
    this.#health = new Map(this.#servers.map(server => [server, healthy(now)]));
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
    if (this.#out === 0) return pickServer(this.#servers, question);
    const access = this.#access(now);
    const isOver = ({ until }: { readonly until: number }) =>
      isRepeatable || until + this.#terms.base <= now;
    const allowed = this.#servers.filter((server, at) => {
      const health = this.#health.get(server);
      if (access[at] !== 'probe') return access[at] === 'open';
      return health !== undefined && 'until' in health && isOver(health);
    });
    const server = pickServer(allowed, question);
    if (server === undefined) return insist ? pickServer(this.#servers, question) : undefined;
    if (access[this.#servers.indexOf(server)] === 'probe') this.#heard(server, { kind: 'probe' });
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
   * @returns whose failure it is: the server's alone only where it is left out and others go on.
   */
  failed(server: Server, sent: number, isAnswer = false): Blame {
    const isLast =
      this.#out === this.#servers.length - 1 && this.#health.get(server)?.kind === 'in';
    if (!isAnswer || !isLast) this.#heard(server, { kind: 'failed', sent });
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
    if (after.kind === 'ejected') this.#options.ejected?.(server, after.until);
    else if (isOut(before) > isOut(after)) this.#options.admitted?.(server);
  }
}

/** Which server may take the next request, but for those that are left out. */
class Question {
  now = 0;
  turn = 0;
  #tried: Tried = new Set<Server>();

  next(tried: Tried, now: number): this {
    this.now = now;
    this.turn += 1;
    this.#tried = tried;
    return this;
  }

  mayTake(server: Server): boolean {
    return server.hasRoom && !this.#tried.has(server);
  }
}

const isOut = ({ kind }: ServerHealth): 0 | 1 => (kind === 'in' ? 0 : 1);
