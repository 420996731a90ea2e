/**
 * A registry in etcd, which several controls share: one key with the text that a file would have. It is
 * changed by transactions only, so nobody overwrites what he has not seen.
 */
import type { Etcd3, IKeyValue, IResponseOp } from 'etcd3';
import type { Cancel, Clock } from '../kernel/clock.js';
import { etcdError } from './etcd-errors.js';
import type { Keys } from './etcd-keys.js';
import { EtcdWatch } from './etcd-watch.js';
import { checkedBytes, decoded } from './file-format.js';
import {
  RegistryError,
  type Loaded,
  type Registry,
  type SaveOptions,
  type Stored,
} from './registry.js';

/** Bytes: etcd takes 1.5 MiB in one request by default. */
const LARGEST = 1024 * 1024;

export interface EtcdRegistryOptions {
  readonly client: Etcd3;
  readonly keys: Keys;
  readonly clock: Clock;
  /** Since which revision we lead; undefined: we do not. */
  readonly term: () => string | undefined;
}

/** Of a key that there is not. */
const NONE = '0';

export class EtcdRegistry implements Registry {
  readonly #options: EtcdRegistryOptions;
  /** The revision of the state that was loaded or saved last. */
  #known = NONE;
  #changed: (() => void) | undefined;
  #isClosed = false;
  /** One call at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EtcdRegistryOptions) {
    this.#options = options;
  }

  load(): Promise<Loaded> {
    return this.#inTurn(() => this.#load());
  }

  async save(state: Stored, { asLeader = false }: SaveOptions = {}): Promise<void> {
    if (this.#isClosed) throw new RegistryError('unavailable', 'the registry is closed');
    const bytes = checkedBytes(state);
    if (bytes.length > LARGEST) {
      const because = `the state takes ${bytes.length} bytes, more than ${LARGEST}`;
      throw new RegistryError('refused', because);
    }
    await this.#inTurn(() => this.#save(bytes, asLeader));
  }

  watch(changed: () => void): Cancel {
    const { client, keys, clock } = this.#options;
    const seen = (revision?: string) => {
      if (revision === undefined || this.#isLater(revision)) changed();
    };
    const watch = new EtcdWatch({ client, clock, changed: seen }, each => each.key(keys.state));
    this.#changed = changed;
    return () => {
      this.#changed = undefined;
      watch.close();
    };
  }

  /** Somebody has looked at its revision: sure, where a watch is only quick. */
  stateSeen(revision: string): void {
    if (this.#isLater(revision)) this.#changed?.();
  }

  #isLater(revision: string): boolean {
    return BigInt(revision) > BigInt(this.#known);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task).catch((cause: unknown) => {
      throw etcdError(cause);
    });
    this.#last = result.catch(() => undefined); // its caller hears of it
    return result;
  }

  async #load(): Promise<Loaded> {
    const { client, keys } = this.#options;
    const { kvs } = await client.get(keys.state).exec();
    const [found] = kvs;
    const stored = found && this.#storedIn(found);
    this.#known = found?.mod_revision ?? NONE;
    return stored === undefined ? { kind: 'empty' } : { kind: 'found', stored };
  }

  /** Nothing is guessed from a damaged state, and it stays as it is: somebody may be able to repair it. */
  #storedIn({ value }: IKeyValue): Stored {
    const found = decoded(value);
    if (found.ok) return found.stored;
    const { where, what } = found.damage;
    const because = `${this.#options.keys.state} in etcd is damaged, and is not overwritten: ${where}: ${what}`;
    throw new RegistryError('refused', because);
  }

  async #save(bytes: Buffer, asLeader: boolean): Promise<void> {
    const { client, keys, term } = this.#options;
    const leading = term();
    if (asLeader && leading === undefined) throw deposed();
    const base = client.if(keys.state, 'Mod', '==', Number(this.#known));
    const fenced =
      asLeader && leading !== undefined
        ? base.and(keys.leader, 'Create', '==', Number(leading))
        : base;
    const { succeeded, header, responses } = await fenced
      .then(client.put(keys.state).value(bytes))
      .else(client.get(keys.state), client.get(keys.leader))
      .commit();
    if (succeeded) {
      this.#known = header.revision;
      return;
    }
    const [now, leader] = responses.map(firstIn);
    // An answer of before was lost on its way: what we wanted to save is there.
    if (now?.value.equals(bytes) === true) this.#known = now.mod_revision;
    else if (asLeader && leader?.create_revision !== leading) throw deposed();
    else throw new RegistryError('conflict', 'another control has saved since');
  }
}

const firstIn = ({ response_range }: IResponseOp): IKeyValue | undefined => response_range.kvs[0];

const deposed = () => new RegistryError('deposed', 'another control leads');
