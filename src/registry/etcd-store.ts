/** All that controls share in etcd: the registry, who leads, and what the leader has learned. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Etcd3 } from 'etcd3';
import type { Cancel, Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import { etcdClient, prefixOf, type EtcdConfig } from './etcd-client.js';
import { etcdError } from './etcd-errors.js';
import { keysUnder, type Keys } from './etcd-keys.js';
import { EtcdLeadership } from './etcd-leadership.js';
import { EtcdWatch } from './etcd-watch.js';
import { EtcdRegistry, type EtcdRegistryOptions } from './etcd.js';
import type { Leadership } from './leadership.js';
import type { Registry } from './registry.js';

export interface EtcdStoreOptions {
  readonly config: EtcdConfig;
  readonly clock: Clock;
  readonly report: Report;
  /** Of this control, other than those of the other controls. */
  readonly name: string;
  /** What others may know of it: JSON. */
  readonly about: object;
}

export interface EtcdStore {
  readonly registry: Registry;
  readonly leadership: Leadership;
  readonly learned: EtcdLearned;
  /** For people. */
  readonly place: string;
  /** After the three. */
  close(): void;
}

/** Rejects with a RegistryError where a file cannot be read. */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<EtcdStore> {
  const { config, clock } = options;
  const client = await etcdClient(config, clock);
  const keys = keysUnder(prefixOf(config));
  const term = (): string | undefined => leadership.term;
  const registry = new EtcdRegistry({ client, keys, clock, term });
  const stateSeen = (revision: string) => registry.stateSeen(revision);
  const leadership = new EtcdLeadership({ ...options, client, keys, stateSeen });
  const learned = new EtcdLearned({ client, keys, clock, term });
  const place = `etcd ${(config.endpoints ?? []).join(', ')} under ${prefixOf(config)}`;
  return { registry, leadership, learned, place, close: () => client.close() };
}

/** Bytes: etcd takes 1.5 MiB in one request by default. */
const LARGEST = 1024 * 1024;

/** What the leader has learned: it alone writes it. */
export class EtcdLearned {
  readonly name: string;
  readonly #client: Etcd3;
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #term: () => string | undefined;

  constructor({ client, keys, clock, term }: EtcdRegistryOptions) {
    this.name = keys.learned;
    this.#clock = clock;
    this.#client = client;
    this.#keys = keys;
    this.#term = term;
  }

  watch(changed: () => void): Cancel {
    const options = { client: this.#client, clock: this.#clock, changed: () => changed() };
    const watch = new EtcdWatch(options, each => each.key(this.#keys.learned));
    return () => watch.close();
  }

  /** Undefined: there is nothing. */
  async read(limit: number): Promise<Buffer | undefined> {
    const packed = await this.#client
      .get(this.#keys.learned)
      .buffer()
      .catch((cause: unknown) => {
        throw etcdError(cause);
      });
    if (packed === null) return undefined;
    return promisify(gunzip)(packed, { maxOutputLength: limit });
  }

  /** False: it takes too much room. */
  async write(bytes: Buffer): Promise<boolean> {
    const packed = await promisify(gzip)(bytes);
    if (packed.length > LARGEST) return false;
    const term = this.#term();
    if (term === undefined) return true; // the next leader keeps its own
    try {
      await this.#client
        .if(this.#keys.leader, 'Create', '==', Number(term))
        .then(this.#client.put(this.#keys.learned).value(packed))
        .commit();
    } catch (cause) {
      throw etcdError(cause);
    }
    return true;
  }
}
