/**
 * The one place where the routing table and the session keys change: a change is decided purely, made
 * durable, and only then told to anybody. Changes wait for one another, so each is decided on what the one
 * before it left behind.
 */
import { messageOf } from '../kernel/errors.js';
import type { SigningKey } from '../registry/registry.js';
import {
  changed,
  type Change,
  type Refusal,
  type RoutingTable,
} from '../versions/routing-table.js';

/** What is kept, and told to everybody who follows. */
export interface Registered {
  readonly table: RoutingTable;
  /** The first signs, all are believed. */
  readonly keys: readonly SigningKey[];
}

/** All that is needed of the registry and of those who follow. */
export interface RegistrarHost {
  /** Rejects if it could not be made durable: nothing has changed then. */
  save(registered: Registered): Promise<void>;
  /** To everybody who follows, at once. */
  announce(registered: Registered, before: Registered): void;
  /** Settles once everybody who follows has that edition, or was waited for long enough. */
  spread(edition: number): Promise<void>;
  /** The share that a version under way has at this moment, which no other change may lose. */
  advances(): readonly Change[];
}

export type Outcome =
  | { readonly kind: 'done'; readonly table: RoutingTable }
  | Refusal
  | { readonly kind: 'not-durable'; readonly because: string };

/** Keys of rotations before: a client that comes back is recognised by one, and gets the newest. */
const MOST_OLD_KEYS = 3;

export class Registrar {
  readonly #host: RegistrarHost;
  #now: Registered;
  #last: Promise<unknown> = Promise.resolve();
  /** One at a time: of two keys the second must not push the first out before it has signed. */
  #lastRotation: Promise<unknown> = Promise.resolve();

  /** `registered`: what the registry holds already. */
  constructor(registered: Registered, host: RegistrarHost) {
    this.#now = registered;
    this.#host = host;
  }

  get table(): RoutingTable {
    return this.#now.table;
  }

  /** Never rejects. */
  change(change: Change): Promise<Outcome> {
    return this.#inTurn(() => this.#change(change));
  }

  /** Makes changes durable that nobody needs to be told of. Never rejects. */
  remember(changes: readonly Change[]): Promise<Outcome> {
    return this.#inTurn(() => {
      const { keys } = this.#now;
      return this.#save({ table: withAll(this.#now.table, changes), keys }, false);
    });
  }

  /**
   * Somebody has a later edition than ours: the registry was damaged, or is another. Nobody goes back to an
   * older one, so ours comes after it. Never rejects.
   */
  overtake(edition: number): Promise<Outcome> {
    return this.#inTurn(() => {
      const { table, keys } = this.#now;
      if (table.edition > edition) return Promise.resolve({ kind: 'done', table });
      return this.#save({ table: { ...table, edition: edition + 1 }, keys }, true);
    });
  }

  /**
   * Sessions are signed by a new key. Everybody must recognise it before anybody signs with it, so it is
   * told twice. Never rejects.
   */
  rotate(key: SigningKey): Promise<Outcome> {
    const outcome = this.#lastRotation.then(() => this.#rotate(key));
    this.#lastRotation = outcome;
    return outcome;
  }

  /** Other changes need not wait until everybody knows the key: one of them may take a version back. */
  async #rotate(key: SigningKey): Promise<Outcome> {
    const first = await this.#sign(([signing, ...old]) =>
      signing === undefined ? [key] : [signing, key, ...old.slice(0, MOST_OLD_KEYS)],
    );
    if (first.kind !== 'done') return first;
    await this.#host.spread(first.table.edition);
    return this.#sign(keys =>
      [key, ...keys.filter(({ id }) => id !== key.id)].slice(0, 1 + MOST_OLD_KEYS),
    );
  }

  #sign(next: (keys: readonly SigningKey[]) => readonly SigningKey[]): Promise<Outcome> {
    return this.#inTurn(() => {
      const { table, keys } = this.#now;
      return this.#save({ table: reissued(table), keys: next(keys) }, true);
    });
  }

  #inTurn(task: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#last.then(task);
    this.#last = outcome;
    return outcome;
  }

  #change(change: Change): Promise<Outcome> {
    const { table, keys } = this.#now;
    const result = changed(withAll(table, this.#host.advances()), change);
    if (!result.ok) return Promise.resolve(result.refusal);
    return this.#save({ table: { ...result.table, edition: table.edition + 1 }, keys }, true);
  }

  async #save(next: Registered, isTold: boolean): Promise<Outcome> {
    try {
      await this.#host.save(next);
    } catch (cause) {
      return { kind: 'not-durable', because: messageOf(cause) };
    }
    const before = this.#now;
    this.#now = next;
    if (isTold) this.#host.announce(next, before);
    return { kind: 'done', table: next.table };
  }
}

/** Under the same edition. What has become impossible meanwhile is left out. */
function withAll(table: RoutingTable, changes: readonly Change[]): RoutingTable {
  let now = table;
  for (const change of changes) {
    const result = changed(now, change);
    if (result.ok) now = { ...result.table, edition: table.edition };
  }
  return now;
}

const reissued = (table: RoutingTable): RoutingTable => ({ ...table, edition: table.edition + 1 });
