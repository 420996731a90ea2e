/** A list of the processes that live, which they keep themselves. */
import type { Cancel } from '../kernel/clock.js';
import type { Sought } from './finder.js';

/** One process in it. */
export interface Entry {
  /** Where its links lead: `ipc://path` or `tcp://host:port`. */
  readonly address: string;
  /** Of its machine. */
  readonly host: string;
  readonly zone?: string | undefined;
}

export interface Directory {
  /** Tells all of a kind, now and whenever that changes; while it cannot be asked, nothing is told. */
  watch(sought: Sought, changed: (entries: readonly Entry[]) => void): Cancel;
  /** The entry is there, again and again if need be, until it is withdrawn or this process ends. */
  register(sought: Sought, name: string, entry: Entry): Registration;
  close(): Promise<void>;
}

export interface Registration {
  /** Settles when it is gone, or cannot be taken away now: then it goes by itself. */
  withdraw(): Promise<void>;
}
