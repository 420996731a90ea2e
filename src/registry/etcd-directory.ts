/** Which processes live, by etcd: each keeps an entry there under a lease, and looks for those of the others. */
import type { Etcd3 } from 'etcd3';
import { z } from 'zod';
import { deviceAddress, tcpPlace } from '../config/address.js';
import type { Directory, Entry, Registration } from '../discovery/directory.js';
import type { Sought } from '../discovery/finder.js';
import type { Cancel, Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import { Turns } from '../kernel/turns.js';
import { etcdClient, prefixOf, type EtcdConfig } from './etcd-client.js';
import { etcdError } from './etcd-errors.js';
import { keysUnder, type Keys } from './etcd-keys.js';
import { EtcdLease } from './etcd-lease.js';
import { EtcdWatch } from './etcd-watch.js';

export interface EtcdDirectoryOptions {
  readonly clock: Clock;
  readonly report: Report;
}

/** Milliseconds between two looks, if nothing is said to have changed. */
const LOOK = 5000;
/** Milliseconds until it is asked again where it could not be. */
const AGAIN = 1000;
/** Milliseconds between two signs of life: a lease ends some seconds after the last one. */
const ALIVE = 1500;
/** More than anybody runs: of both kinds together. */
const MOST_ENTRIES = 1024;

/** As anybody may have written it. A path would be another one on each machine. */
const entry: z.ZodType<Entry> = z.object({
  address: deviceAddress().refine(address => tcpPlace(address) !== undefined),
  host: z.string().max(253),
  zone: z.string().max(253).optional(),
});

/** Rejects with a RegistryError where a file cannot be read. */
export async function etcdDirectory(
  config: EtcdConfig,
  { clock, report }: EtcdDirectoryOptions,
): Promise<Directory> {
  const client = await etcdClient(config, clock);
  return new EtcdDirectory({ client, keys: keysUnder(prefixOf(config)), clock, report });
}

interface Parts extends EtcdDirectoryOptions {
  readonly client: Etcd3;
  readonly keys: Keys;
}

class EtcdDirectory implements Directory {
  readonly #parts: Parts;
  readonly #cancels = new Set<Cancel>();
  readonly #registered = new Set<Registered>();
  #isLost = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  watch(sought: Sought, changed: (entries: readonly Entry[]) => void): Cancel {
    const { client, clock, keys } = this.#parts;
    const prefix = keys[sought];
    const read = async () => changed(entriesIn(await client.getAll().prefix(prefix).strings()));
    const looks = new Turns(clock, () => this.#tried(read), AGAIN);
    const watch = new EtcdWatch({ client, clock, changed: () => looks.want() }, each =>
      each.prefix(prefix),
    );
    const every = clock.every(LOOK, () => looks.want());
    const cancel = () => {
      every();
      watch.close();
      void looks.close();
      this.#cancels.delete(cancel);
    };
    this.#cancels.add(cancel);
    looks.want();
    return cancel;
  }

  register(sought: Sought, name: string, about: Entry): Registration {
    const key = this.#parts.keys[sought] + name;
    const tried = (task: () => Promise<void>) => this.#tried(task);
    const registered = new Registered({ ...this.#parts, key, about, tried });
    this.#registered.add(registered);
    return registered;
  }

  async close(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    await Promise.all([...this.#registered].map(each => each.withdraw()));
    this.#parts.client.close();
  }

  /** False: etcd is away, which is told once until it is back. */
  async #tried(task: () => Promise<void>): Promise<boolean> {
    const { report } = this.#parts;
    try {
      await task();
      if (this.#isLost) report({ type: 'directory-found' });
      this.#isLost = false;
      return true;
    } catch (cause) {
      if (!this.#isLost) report({ type: 'directory-lost', because: etcdError(cause).because });
      this.#isLost = true;
      return false;
    }
  }
}

/** What is no entry is left out: somebody else has written it, or a later Cutover. */
function entriesIn(values: Readonly<Record<string, string>>): readonly Entry[] {
  return Object.values(values)
    .slice(0, MOST_ENTRIES)
    .flatMap(text => {
      const { data } = entry.safeParse(jsonIn(text));
      return data === undefined ? [] : [data];
    });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface RegisteredOptions extends Parts {
  readonly key: string;
  readonly about: Entry;
  readonly tried: (task: () => Promise<void>) => Promise<boolean>;
}

/** One entry of ours. */
class Registered implements Registration {
  readonly #options: RegisteredOptions;
  readonly #lease: EtcdLease;
  readonly #turns: Turns;
  readonly #cancel: Cancel;
  /** The lease under which the entry stands. */
  #under: string | undefined;
  #withdrawn: Promise<void> | undefined;

  constructor(options: RegisteredOptions) {
    const { client, clock, tried } = options;
    this.#options = options;
    this.#lease = new EtcdLease(client, clock);
    this.#turns = new Turns(clock, () => tried(() => this.#keep()), AGAIN);
    this.#cancel = clock.every(ALIVE, () => this.#turns.want());
    this.#turns.want();
  }

  withdraw(): Promise<void> {
    this.#withdrawn ??= this.#end();
    return this.#withdrawn;
  }

  async #keep(): Promise<void> {
    const { client, key, about } = this.#options;
    const lease = await this.#lease.renew();
    const put = client.put(key).value(JSON.stringify(about)).lease(lease);
    if (lease === this.#under) {
      // Somebody may have taken it away. Where nobody has, nothing is written.
      await client.if(key, 'Create', '==', 0).then(put).commit();
      return;
    }
    await put;
    this.#under = lease;
  }

  async #end(): Promise<void> {
    this.#cancel();
    await this.#turns.close();
    await this.#lease.revoke();
  }
}
