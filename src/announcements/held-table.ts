/**
 * The table and the keys that a follower has, whoever told it: with several controls one may be behind the
 * others for a moment, and nobody goes back to an older edition.
 */
import type { Report } from '../kernel/events.js';
import type { TableMessage } from '../wire/control-message.js';

export interface HeldTableOptions {
  /** Takes the place of the table and the keys before. */
  readonly take: (message: TableMessage) => void;
  readonly report: Report;
}

/** A control that tells tables. */
export interface Teller {
  readonly isLinked: boolean;
}

/** `held`: it is the one that we have, now or since before. `behind`: another control is ahead of this one. */
export type Heard = 'held' | 'behind' | 'older';

export class HeldTable {
  readonly #options: HeldTableOptions;
  /** 0: there is none. */
  #edition = 0;
  #keys: readonly string[] = [];
  /** Undefined: a frontend. */
  #from: Teller | undefined;

  constructor(options: HeldTableOptions) {
    this.#options = options;
  }

  /** Of the table that we have; 0: none. */
  get edition(): number {
    return this.#edition;
  }

  /** A table that came another way: taken if it is newer than ours, and of no concern to any control. */
  offer(message: TableMessage): void {
    if (message.table.edition > this.#edition) this.#take(message, undefined);
  }

  hear(message: TableMessage, from: Teller): Heard {
    const { edition } = message.table;
    if (edition > this.#edition || this.#hasNewKeys(message, from)) this.#take(message, from);
    if (edition === this.#edition) return 'held';
    return this.#from === undefined || this.#from === from ? 'older' : 'behind';
  }

  /** Under one edition they may change, but only with who told it: another may not have heard of it yet. */
  #hasNewKeys({ table, keys }: TableMessage, from: Teller): boolean {
    if (table.edition !== this.#edition || isSame(keys, this.#keys)) return false;
    return this.#from === undefined || this.#from === from || !this.#from.isLinked;
  }

  #take(message: TableMessage, from: Teller | undefined): void {
    const { take, report } = this.#options;
    const { edition, versions } = message.table;
    this.#edition = edition;
    this.#keys = message.keys;
    this.#from = from;
    take(message);
    const shown = versions.map(({ number, state }) => `${number} ${state.name}`);
    report({ type: 'table-taken', edition, versions: shown });
  }
}

/** The order counts: the first key signs. */
const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((key, at) => key === b[at]);
