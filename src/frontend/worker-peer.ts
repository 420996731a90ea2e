/** One worker, as a frontend knows it from its hello to its end. */
import type { ExchangeId, WorkerId } from '../kernel/ids.js';
import { NumberTable } from '../kernel/number-table.js';
import type { Outbox } from '../sockets/outbox.js';
import type { FromFrontend } from '../wire/envelope.js';
import type { Exchange, Recipient } from './exchange.js';
import type { Candidate } from './pick-worker.js';

export class WorkerPeer implements Candidate, Recipient {
  readonly id: WorkerId;
  readonly name: string;
  readonly window: number;
  readonly handicap: number;
  readonly exchanges = new NumberTable<ExchangeId, Exchange>();
  draining = false;
  lastTurn = 0;
  /** Monotonic milliseconds. */
  lastHeard: number;
  readonly #outbox: Outbox<FromFrontend>;
  readonly #broken: (exchange: Exchange, cause: unknown) => void;

  constructor(about: {
    readonly id: WorkerId;
    readonly name: string;
    readonly window: number;
    readonly handicap: number;
    readonly now: number;
    readonly outbox: Outbox<FromFrontend>;
    readonly broken: (exchange: Exchange, cause: unknown) => void;
  }) {
    this.id = about.id;
    this.name = about.name;
    this.window = about.window;
    this.handicap = about.handicap;
    this.lastHeard = about.now;
    this.#outbox = about.outbox;
    this.#broken = about.broken;
  }

  get outstanding(): number {
    return this.exchanges.size;
  }

  push(envelope: FromFrontend): void {
    this.#outbox.push(envelope);
  }

  broken(exchange: Exchange, cause: unknown): void {
    this.#broken(exchange, cause);
  }
}
