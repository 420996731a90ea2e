/**
 * One server, as this worker knows it: its connections, how many of them are busy, and whether it
 * refused us lately. An idle connection always has a receive pending: a container that dies says
 * goodbye on it at once, and it is gone before the next request could be sent into it.
 */
import type { ServerAddress } from '../../src/config/cluster.js';
import type { Clock } from '../../src/kernel/clock.js';
import { CutoverError } from '../../src/kernel/errors.js';
import {
  connect,
  isReachable,
  type StreamConnection,
} from '../../src/sockets/stream-connection.js';
import type { ServerLoad } from '../routing/pick-server.js';

export interface ServerOptions {
  /** Connections at a time, idle ones included. */
  readonly mostConnections: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly clock: Clock;
  /** Default: `isReachable`. */
  readonly reach?: typeof isReachable;
  /** Its machine was asked, and did not answer. */
  unreachable?(server: Server): void;
}

/** Milliseconds that a server that refused is left alone, if there is another. */
const REST = 1000;

/** A connection that is lent to one exchange at a time. */
export interface Lent {
  readonly stream: StreamConnection;
  /** Was used before: a goodbye without an answer may have crossed our request. */
  readonly isUsed: boolean;
  /** The next piece; empty: the server closed. */
  receive(): Promise<Buffer>;
}

class Kept implements Lent {
  readonly stream: StreamConnection;
  isUsed = false;
  isIdle = false;
  /** Monotonic milliseconds. */
  idleUntil = 0;
  #pending: Promise<Buffer> | undefined;

  constructor(stream: StreamConnection) {
    this.stream = stream;
  }

  receive(): Promise<Buffer> {
    const pending = this.#pending ?? this.stream.receive();
    this.#pending = undefined;
    return pending;
  }

  /** Listens for the goodbye. */
  watch(spoke: () => void): void {
    this.#pending = this.stream.receive();
    this.#pending.then(spoke, spoke);
  }
}

export class Server implements ServerLoad {
  readonly address: ServerAddress;
  readonly #options: ServerOptions;
  readonly #idle: Kept[] = [];
  outstanding = 0;
  isFar = false;
  lastTurn = 0;
  restsUntil = -Infinity;
  /** When it was picked last, in monotonic milliseconds. */
  askedAt = -Infinity;
  #isClosed = false;
  /** What its machine says, and until when that counts, in monotonic milliseconds. */
  #reach: { readonly answer: Promise<boolean>; readonly until: number } | undefined;

  constructor(address: ServerAddress, options: ServerOptions) {
    this.address = address;
    this.#options = options;
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  /** Connections that are kept for the next request. */
  get idle(): number {
    return this.#idle.length;
  }

  get hasRoom(): boolean {
    return this.#idle.length > 0 || this.outstanding < this.#options.mostConnections;
  }

  /**
   * An idle connection, at once, or a new one; with `isFresh` a new one in any case. Rejects with ERR_SERVER_REFUSED
   * or ERR_SERVER_UNREACHABLE: in either case nothing was sent.
   */
  lend(isFresh = false): Lent | Promise<Lent> {
    this.outstanding += 1;
    const [oldest] = this.#idle;
    if (isFresh && oldest !== undefined) this.#drop(oldest); // it makes room, and is no better than another
    const idle = isFresh ? undefined : this.#idle.pop(); // the one used last: the others may time out
    if (idle !== undefined) {
      idle.isIdle = false;
      return idle;
    }
    return this.#connected();
  }

  async #connected(): Promise<Lent> {
    const { clock, connectTimeout: timeout } = this.#options;
    const { host, port } = this.address;
    try {
      return new Kept(await connect({ host, port, timeout, clock }));
    } catch (cause) {
      this.outstanding -= 1;
      if (cause instanceof CutoverError) this.restsUntil = clock.now() + REST;
      throw cause;
    }
  }

  /** Whether its machine answers, however busy the server is; asked once in `connectTimeout`. Never rejects. */
  isReachable(): Promise<boolean> {
    const { clock, connectTimeout: timeout, reach = isReachable } = this.#options;
    const now = clock.now();
    if (this.#reach !== undefined && now < this.#reach.until) return this.#reach.answer;
    const answer = reach(this.address, timeout);
    this.#reach = { answer, until: now + timeout };
    void answer.then(isThere => {
      if (isThere) return;
      this.restsUntil = clock.now() + REST;
      this.#options.unreachable?.(this);
    });
    return answer;
  }

  /** The exchange is over; `idle`: milliseconds that the connection may be kept, undefined: not. */
  giveBack(lent: Lent, idle: number | undefined): void {
    this.outstanding -= 1;
    if (idle === undefined || idle <= 0 || this.#isClosed || !(lent instanceof Kept)) {
      lent.stream.close();
      return;
    }
    lent.isUsed = true;
    lent.isIdle = true;
    lent.idleUntil = this.#options.clock.now() + idle;
    this.#idle.push(lent);
    lent.watch(() => {
      // Bytes that nobody asked for are as bad as a goodbye.
      if (lent.isIdle) this.#drop(lent);
    });
  }

  /** Closes what has been idle for too long. */
  sweep(now: number): void {
    for (const kept of [...this.#idle]) if (kept.idleUntil <= now) this.#drop(kept);
  }

  /** What is lent is closed when it is given back. */
  close(): void {
    this.#isClosed = true;
    for (const kept of [...this.#idle]) this.#drop(kept);
  }

  #drop(kept: Kept): void {
    const at = this.#idle.indexOf(kept);
    if (at >= 0) this.#idle.splice(at, 1);
    kept.isIdle = false;
    kept.stream.close();
  }
}
