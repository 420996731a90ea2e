/**
 * The one place where the routing table changes: a change is decided purely, made durable, and only then
 * told to anybody. Changes wait for one another, so each is decided on the table that the one before it
 * left behind.
 */
import { messageOf } from '../kernel/errors.js';
import {
  changed,
  type Change,
  type Refusal,
  type RoutingTable,
} from '../versions/routing-table.js';

/** All that is needed of the registry and of those who follow the table. */
export interface RegistrarHost {
  /** Rejects if the table could not be made durable: nothing has changed then. */
  save(table: RoutingTable): Promise<void>;
  /** To everybody who follows, at once. */
  announce(table: RoutingTable): void;
}

export type Outcome =
  | { readonly kind: 'done'; readonly table: RoutingTable }
  | Refusal
  | { readonly kind: 'not-durable'; readonly because: string };

export class Registrar {
  readonly #host: RegistrarHost;
  #table: RoutingTable;
  #last: Promise<unknown> = Promise.resolve();

  /** `table`: what the registry holds already. */
  constructor(table: RoutingTable, host: RegistrarHost) {
    this.#table = table;
    this.#host = host;
  }

  get table(): RoutingTable {
    return this.#table;
  }

  /** Never rejects. */
  change(change: Change): Promise<Outcome> {
    const outcome = this.#last.then(() => this.#change(change));
    this.#last = outcome;
    return outcome;
  }

  async #change(change: Change): Promise<Outcome> {
    const result = changed(this.#table, change);
    if (!result.ok) return result.refusal;
    try {
      await this.#host.save(result.table);
    } catch (cause) {
      return { kind: 'not-durable', because: messageOf(cause) };
    }
    this.#table = result.table;
    this.#host.announce(result.table);
    return { kind: 'done', table: result.table };
  }
}
