/**
 * The one place where the routing table and the session keys change: a change is decided purely, made
 * durable, and only then told to anybody. Changes wait for one another, so each is decided on what the one
 * before it left behind.
 */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../kernel/errors.js';
import { RegistryError, type SigningKey } from '../registry/registry.js';
import {
  changed,
  type Change,
  type Refusal,
  type RoutingTable,
} from '../versions/routing-table.js';
import type { VersionState } from '../versions/version-state.js';

/** What is kept, and told to everybody who follows. */
export interface Registered {
  readonly table: RoutingTable;
  /** The first signs, all are believed. */
  readonly keys: readonly SigningKey[];
}

/** All that is needed of the registry and of those who follow. */
export interface RegistrarHost {
  /** Rejects if it could not be made durable: nothing has changed then. */
  save(registered: Registered, how: How): Promise<void>;
  /**
   * What the registry holds; undefined: nothing. Where others save there, too, it is loaded after a conflict,
   * and what was to be changed is changed there; where nobody does, there is no such thing.
   */
  readonly load?: (() => Promise<Registered | undefined>) | undefined;
  /** To everybody who follows, at once. */
  announce(registered: Registered, before: Registered): void;
  /** Settles once everybody who follows has that edition, or was waited for long enough. */
  spread(edition: number): Promise<void>;
  /** The share that a version under way has at this moment, which no other change may lose. */
  advances(): readonly Change[];
}

export interface How {
  /** It follows from a verdict: only the control that leads may save it. */
  readonly asLeader: boolean;
}

export type Outcome =
  | { readonly kind: 'done'; readonly table: RoutingTable }
  | Refusal
  | { readonly kind: 'not-durable'; readonly because: string };

/** What is to be saved; or what came of it, without that. */
type Decided = Next | Outcome;

interface Next {
  readonly kind: 'next';
  readonly next: Registered;
  readonly isTold: boolean;
}

const OPERATOR: How = { asLeader: false };
const LEADER: How = { asLeader: true };

/** Several that change the same at the same time: each time one of them wins. */
const MOST_TRIES = 8;

/** Keys of rotations before: a client that comes back is recognised by one, and gets the newest. */
const MOST_OLD_KEYS = 3;

/** Editions that somebody may be ahead of us. Each is a change that was saved: no control makes so many. */
const MOST_AHEAD = 1_000_000_000;

export class Registrar {
  readonly #host: RegistrarHost;
  #now: Registered;
  /** It was made by somebody who shares the registry: whoever has that edition has it from there as well. */
  #isOthers = false;
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
  change(change: Change, how: How = OPERATOR): Promise<Outcome> {
    return this.#inTurn(() =>
      this.#apply(how.asLeader ? this.#concluded(change) : this.#changed(change), how),
    );
  }

  /** Makes changes durable that nobody needs to be told of. Never rejects. */
  remember(changes: readonly Change[]): Promise<Outcome> {
    const decide = ({ table, keys }: Registered): Decided => {
      return { kind: 'next', next: { table: withAll(table, changes), keys }, isTold: false };
    };
    return this.#inTurn(() => this.#apply(decide, LEADER));
  }

  /**
   * Somebody has a later edition than ours. Perhaps another control was faster than the registry; else it was
   * damaged, or is another, and nobody goes back to an older one, so ours comes after it. Never rejects.
   */
  overtake(edition: number): Promise<Outcome> {
    return this.#inTurn(async () => {
      const before = this.#now.table.edition;
      if (edition - before > MOST_AHEAD) {
        return { kind: 'impossible', because: `there is no edition ${edition}` };
      }
      const failure = before >= edition ? undefined : await this.#reload(OPERATOR);
      if (failure !== undefined) return failure;
      const { table } = this.#now;
      if (this.#isOthers && table.edition >= edition) return { kind: 'done', table };
      return this.#apply(now => laterThan(now, edition), OPERATOR);
    });
  }

  /** Somebody else may have saved: what the registry holds is taken, and told. Never rejects. */
  refresh(how: How): Promise<Outcome> {
    return this.#inTurn(async () => {
      const failure = await this.#reload(how);
      return failure ?? { kind: 'done', table: this.#now.table };
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
    const decide = ({ table, keys }: Registered): Decided => {
      return { kind: 'next', next: { table: reissued(table), keys: next(keys) }, isTold: true };
    };
    return this.#inTurn(() => this.#apply(decide, OPERATOR));
  }

  #inTurn(task: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#last.then(task);
    this.#last = outcome;
    return outcome;
  }

  #changed(change: Change): (now: Registered) => Decided {
    return ({ table, keys }) => {
      if (isThere(table, change)) return { kind: 'done', table };
      const result = changed(withAll(table, this.#host.advances()), change);
      if (!result.ok) return result.refusal;
      const next = { table: { ...result.table, edition: table.edition + 1 }, keys };
      return { kind: 'next', next, isTold: true };
    };
  }

  /** It was concluded from what the version was: not if somebody has changed that in this very moment. */
  #concluded(change: Change): (now: Registered) => Decided {
    const before = aimOf(this.#now.table, change);
    const decide = this.#changed(change);
    return now => {
      if (isDeepStrictEqual(aimOf(now.table, change), before)) return decide(now);
      return { kind: 'impossible', because: 'another control has changed the version meanwhile' };
    };
  }

  /** What others have saved meanwhile is taken, and the decision is made anew on top of it. */
  async #apply(decide: (now: Registered) => Decided, how: How): Promise<Outcome> {
    for (let tries = 1; ; tries += 1) {
      const decided = decide(this.#now);
      if (decided.kind !== 'next') return decided;
      const cause = await this.#saved(decided, how);
      if (cause === undefined) return { kind: 'done', table: this.#now.table };
      if (!isConflict(cause) || this.#host.load === undefined || tries === MOST_TRIES) {
        return notDurable(cause);
      }
      const failure = await this.#reload(how);
      if (failure !== undefined) return failure;
    }
  }

  /** Undefined: it is durable, and told; else why not. */
  async #saved({ next, isTold }: Next, how: How): Promise<unknown> {
    try {
      await this.#host.save(next, how);
    } catch (cause) {
      return cause ?? new Error('it could not be saved');
    }
    this.#isOthers = false;
    this.#take(next, isTold);
    return undefined;
  }

  /** Undefined: what the registry holds is known now. */
  async #reload(how: How): Promise<Outcome | undefined> {
    if (this.#host.load === undefined) return undefined;
    let found: Registered | undefined;
    try {
      found = await this.#host.load();
    } catch (cause) {
      return notDurable(cause);
    }
    const { edition } = this.#now.table;
    if (found !== undefined && found.table.edition >= edition) {
      const isNewer = found.table.edition > edition;
      this.#isOthers ||= isNewer;
      this.#take(found, isNewer);
      return undefined;
    }
    // Somebody has put an older state there, or none: followers do not go back, so it comes after ours.
    return how.asLeader ? this.#restored(found, how) : undefined;
  }

  async #restored(found: Registered | undefined, how: How): Promise<Outcome | undefined> {
    const base = found ?? this.#now;
    const table = { ...base.table, edition: this.#now.table.edition + 1 };
    const cause = await this.#saved({ kind: 'next', next: { ...base, table }, isTold: true }, how);
    return cause === undefined ? undefined : notDurable(cause);
  }

  #take(next: Registered, isTold: boolean): void {
    const before = this.#now;
    this.#now = next;
    if (isTold) this.#host.announce(next, before);
  }
}

/** Who does not lead any more has nothing to make durable. */
function notDurable(cause: unknown): Outcome {
  const isDeposed = cause instanceof RegistryError && cause.kind === 'deposed';
  return { kind: isDeposed ? 'impossible' : 'not-durable', because: messageOf(cause) };
}

const isConflict = (cause: unknown): boolean =>
  cause instanceof RegistryError && cause.kind === 'conflict';

/** What was saved though its answer was lost must not be added twice. */
const isThere = ({ versions }: RoutingTable, change: Change): boolean =>
  change.kind === 'add' && versions.some(({ id }) => id === change.version.id);

/** The state of the version that is meant. */
function aimOf({ versions }: RoutingTable, change: Change): VersionState | undefined {
  return change.kind === 'add' ? undefined : versions.find(({ id }) => id === change.id)?.state;
}

function laterThan({ table, keys }: Registered, edition: number): Decided {
  if (table.edition > edition) return { kind: 'done', table };
  const next = { table: { ...table, edition: edition + 1 }, keys };
  return { kind: 'next', next, isTold: true };
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
