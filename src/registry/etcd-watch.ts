/** Says that something may have changed in etcd. What has changed its owner asks for itself, so that nothing is missed. */
import type { Etcd3, WatchBuilder, Watcher } from 'etcd3';
import type { Cancel, Clock } from '../kernel/clock.js';

/** Milliseconds until a watch that was refused is asked for again. */
const PAUSE = 1000;

export interface EtcdWatchOptions {
  readonly client: Etcd3;
  readonly clock: Clock;
  /** `revision`: of the newest change; undefined: it may be anything. */
  readonly changed: (revision?: string) => void;
}

export class EtcdWatch {
  readonly #options: EtcdWatchOptions;
  readonly #what: (watch: WatchBuilder) => WatchBuilder;
  #watcher: Watcher | undefined;
  #retry: Cancel | undefined;
  #isClosed = false;

  constructor(options: EtcdWatchOptions, what: (watch: WatchBuilder) => WatchBuilder) {
    this.#options = options;
    this.#what = what;
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.();
    this.#watcher?.cancel().catch(() => undefined); // its client may be closed already
  }

  /** It is taken up again by itself where it was when a connection ends; not where etcd has refused it. */
  #open(): void {
    const { client, changed } = this.#options;
    const watcher = this.#what(client.watch()).watcher();
    this.#watcher = watcher;
    watcher.on('connected', () => changed());
    watcher.on('data', ({ events }) => changed(events.at(-1)?.kv.mod_revision));
    watcher.on('error', () => this.#again());
  }

  /** Its user is not known any more, or what it wants was compacted. */
  #again(): void {
    if (this.#isClosed) return;
    this.#retry = this.#options.clock.after(PAUSE, () => this.#open());
  }
}
