/**
 * Where control keeps what must outlive it. Behind a small interface, so that it may be a file, memory or
 * a store that several machines share.
 */
import type { Cancel } from '../kernel/clock.js';
import type { RoutingTable } from '../versions/routing-table.js';

export interface Registry {
  /** What is kept now. From here on `save` is conditional on it. */
  load(): Promise<Loaded>;
  /**
   * Resolves when the state is durable. Compare and set: it takes the place only of what this registry
   * loaded or saved last (of nothing before the first load), else a RegistryError of kind `conflict`.
   * After a failure either the old or the new state is kept, whole; the next save may succeed.
   */
  save(state: Stored, options?: SaveOptions): Promise<void>;
  /**
   * Calls `changed` when somebody else may have saved, until what is returned is called. One that nobody
   * shares never does.
   */
  watch(changed: () => void): Cancel;
  /** Waits for what is being saved, and lets others have it. */
  close(): Promise<void>;
}

export interface SaveOptions {
  /** Only if we still lead the controls that share it, else a RegistryError of kind `deposed`. */
  readonly asLeader?: boolean;
}

export interface Stored {
  readonly table: RoutingTable;
  /** The first signs, all are believed. */
  readonly keys: readonly SigningKey[];
  /** Tells the cluster of the configuration file that was last taken in from any other. */
  readonly configured: string;
}

/** Signs the cookies of sessions. */
export interface SigningKey {
  readonly id: string;
  /** Base64. */
  readonly secret: string;
}

export type Loaded =
  { readonly kind: 'empty' } | { readonly kind: 'found'; readonly stored: Stored } | Recovered;

/** What was kept cannot be used, and a state from before is there instead, or none. */
export interface Recovered {
  readonly kind: 'recovered';
  readonly stored: Stored | undefined;
  readonly damage: Damage;
  /** Path of a copy of what was damaged; undefined: nothing is there to copy, or no copy could be made. */
  readonly copy: string | undefined;
  /** What is wrong with the state from before, where that cannot be used either. */
  readonly previousDamage: Damage | undefined;
}

/** For people. */
export interface Damage {
  readonly file: string;
  /** Line and column, or the path of a value. */
  readonly where: string;
  readonly what: string;
}

export type RegistryErrorKind =
  /** The disk is full, read-only, gone …: the same call may succeed later. */
  | 'unavailable'
  /** Somebody else has saved since: load first. */
  | 'conflict'
  /** Another control leads: it acts, and we do not. */
  | 'deposed'
  /** Another process has it. */
  | 'locked'
  /** It would never succeed. */
  | 'refused';

export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly kind: RegistryErrorKind;
  /** A sentence for people. */
  readonly because: string;

  constructor(kind: RegistryErrorKind, because: string, options?: ErrorOptions) {
    super(because, options);
    this.kind = kind;
    this.because = because;
  }
}
