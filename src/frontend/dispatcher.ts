/**
 * Which worker has which exchange. A request goes to the worker with the fewest outstanding ones, near ones first,
 * waits in a bounded queue while none has room, and finds another worker, if it may, when its own
 * is lost.
 */
import type { ErrorCode } from '../kernel/errors.js';
import type { ExchangeId } from '../kernel/ids.js';
import { NumberTable } from '../kernel/number-table.js';
import { kinds } from '../wire/envelope.js';
import type { Exchange } from './exchange.js';
import { fateOf, MOST_ATTEMPTS } from './lost-worker.js';
import { pickWorker } from './pick-worker.js';
import type { WorkerPeer } from './worker-peer.js';

export interface DispatcherLimits {
  /** Requests that wait for a worker. */
  readonly queue: number;
  /** Exchanges that one worker has at a time. */
  readonly outstanding: number;
  /** Milliseconds that a request may wait for a worker. */
  readonly wait: number;
  /** Told how many milliseconds a request has waited that then got a worker. */
  readonly waited?: (ms: number) => void;
}

export interface Losses {
  readonly repeated: number;
  readonly failed: number;
}

export class Dispatcher {
  readonly #limits: DispatcherLimits;
  readonly #now: () => number;
  #workers: readonly WorkerPeer[] = [];
  #lastTurn = 0;
  /** In order of arrival; a Set, because a client that goes away leaves from the middle. */
  readonly #queue = new Set<Exchange>();
  readonly #owners = new NumberTable<ExchangeId, WorkerPeer>();

  constructor(limits: DispatcherLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Exchanges that have no complete answer yet. */
  get inFlight(): number {
    return this.#queue.size + this.#owners.size;
  }

  /** Of these, those that wait for a worker. */
  get queued(): number {
    return this.#queue.size;
  }

  /** In the order in which they came. */
  get workers(): readonly WorkerPeer[] {
    return this.#workers;
  }

  /** Whether somebody could take a request. */
  get ready(): boolean {
    return this.#workers.some(({ draining }) => !draining);
  }

  /** Undefined, or why it cannot even wait. */
  ask(exchange: Exchange): ErrorCode | undefined {
    const worker = this.#free();
    if (worker !== undefined) {
      this.#give(exchange, worker);
      return undefined;
    }
    if (this.#queue.size >= this.#limits.queue) return 'ERR_QUEUE_FULL';
    exchange.deadline = this.#now() + this.#limits.wait;
    this.#queue.add(exchange);
    return undefined;
  }

  /**
   * Its worker reaches no server, so that none has seen it; another worker may reach one. False: it was given to as
   * many as there are, or nobody else has room.
   */
  elsewhere(exchange: Exchange): boolean {
    if (exchange.attempts >= Math.min(this.#workers.length, MOST_ATTEMPTS)) return false;
    const owner = this.#owners.get(exchange.id);
    const others = this.#workers.filter(each => each !== owner);
    const worker = pickWorker(others, this.#limits.outstanding);
    if (worker === undefined) return false;
    this.#take(exchange);
    this.#give(exchange, worker);
    this.#serveQueue();
    return true;
  }

  /** The exchange has ended, one way or another; its worker has room for the next. */
  ended(exchange: Exchange): void {
    exchange.ended();
    this.#queue.delete(exchange);
    this.#take(exchange);
    this.#serveQueue();
  }

  /** Nobody waits for the answer any more. */
  cancel(exchange: Exchange): void {
    this.#owners.get(exchange.id)?.push([kinds.cancel, exchange.id]);
    this.ended(exchange);
  }

  /** Gives back credit for an answer's body that has found a place. */
  grant(exchange: Exchange, bytes: number): void {
    this.#owners.get(exchange.id)?.push([kinds.credit, exchange.id, bytes]);
  }

  joined(worker: WorkerPeer): void {
    this.#workers = [...this.#workers, worker];
    this.#serveQueue();
  }

  /** The worker has gone: what it had is repeated, failed or cut off. `isCounted`: it may have been for what it had. */
  left(worker: WorkerPeer, because: string, { isCounted } = { isCounted: true }): Losses {
    this.#workers = this.#workers.filter(each => each !== worker);
    const losses = { repeated: 0, failed: 0 };
    for (const exchange of inOrder(worker.exchanges.values())) {
      this.#take(exchange);
      if (!isCounted) exchange.attempts -= 1;
      const fate = fateOf({
        answered: exchange.answered,
        safeToRepeat: exchange.request.safeToRepeat,
        attempts: exchange.attempts,
      });
      const refusal = fate === 'repeat' ? this.ask(exchange) : 'ERR_WORKER_LOST';
      if (refusal === undefined) {
        losses.repeated += 1;
        continue;
      }
      losses.failed += 1;
      exchange.ended();
      if (fate === 'cut') exchange.asker.cut();
      else exchange.asker.failed(refusal, because);
    }
    return losses;
  }

  /** Whoever has waited too long is told so. */
  sweep(now: number): void {
    for (const exchange of this.#queue) {
      if (exchange.deadline > now) return; // those behind it came later
      this.#queue.delete(exchange);
      exchange.ended();
      exchange.asker.failed('ERR_NO_WORKER', 'no worker had room in time');
    }
  }

  #free(): WorkerPeer | undefined {
    return pickWorker(this.#workers, this.#limits.outstanding);
  }

  #give(exchange: Exchange, worker: WorkerPeer): void {
    worker.lastTurn = this.#lastTurn += 1;
    worker.exchanges.set(exchange.id, exchange);
    this.#owners.set(exchange.id, worker);
    exchange.sendTo(worker);
  }

  #take(exchange: Exchange): void {
    this.#owners.get(exchange.id)?.exchanges.delete(exchange.id);
    this.#owners.delete(exchange.id);
  }

  #serveQueue(): void {
    for (const exchange of this.#queue) {
      const worker = this.#free();
      if (worker === undefined) return;
      this.#queue.delete(exchange);
      this.#limits.waited?.(this.#now() - (exchange.deadline - this.#limits.wait));
      this.#give(exchange, worker);
    }
  }
}

/** That of their arrival. */
const inOrder = (exchanges: readonly Exchange[]) => exchanges.toSorted((a, b) => a.id - b.id);
