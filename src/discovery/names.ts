/**
 * Looks names up, again and again: behind one there may be several addresses, and others tomorrow. While a
 * name cannot be looked up, its last addresses stay.
 */
import type { Cancel, Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { nameIn, ofOneKind, spelledOut } from './spelled-out.js';

/** The addresses of a name; rejects if it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

export interface NamesOptions {
  readonly resolve: Resolve;
  readonly clock: Clock;
  readonly report: Report;
  /** Addresses without names. */
  readonly changed: (addresses: readonly string[]) => void;
}

/** Milliseconds between two looks. */
export const LOOK_UP = 3000;
/** More than anybody needs, so that no list and no name server can make us link without end. */
const MOST_NAMES = 64;
const MOST_BEHIND_ONE = 256;

export class Names {
  readonly #options: NamesOptions;
  readonly #known = new Map<string, readonly string[]>();
  readonly #asking = new Set<string>();
  /** Names that could not be looked up; told once. */
  readonly #failing = new Set<string>();
  readonly #cancel: Cancel;
  #addresses: readonly string[] = [];
  #told: readonly string[] | undefined;
  #isClosed = false;

  constructor(options: NamesOptions) {
    this.#options = options;
    this.#cancel = options.clock.every(LOOK_UP, () => this.#lookUp());
  }

  /** From now on these. */
  take(addresses: readonly string[]): void {
    this.#addresses = addresses;
    const names = this.#names;
    for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name);
    for (const name of this.#failing) if (!names.includes(name)) this.#failing.delete(name);
    this.#tell();
    this.#lookUp();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  get #names(): readonly string[] {
    const names = this.#addresses.flatMap(address => nameIn(address) ?? []);
    return [...new Set(names)].slice(0, MOST_NAMES);
  }

  #lookUp(): void {
    for (const name of this.#names) {
      // A name server that does not answer is not asked again meanwhile.
      if (!this.#asking.has(name)) void this.#ask(name);
    }
  }

  async #ask(name: string): Promise<void> {
    const { resolve, report } = this.#options;
    this.#asking.add(name);
    try {
      const found = ofOneKind(await resolve(name)).slice(0, MOST_BEHIND_ONE);
      this.#failing.delete(name);
      if (found.length > 0 && this.#names.includes(name)) this.#known.set(name, found);
    } catch (cause) {
      if (!this.#failing.has(name) && this.#names.includes(name)) {
        report({ type: 'name-unknown', name, because: messageOf(cause) });
        this.#failing.add(name);
      }
    } finally {
      this.#asking.delete(name);
    }
    this.#tell();
  }

  /** Only what is new. */
  #tell(): void {
    if (this.#isClosed) return;
    const addresses = spelledOut(this.#addresses, this.#known);
    if (this.#told?.join() === addresses.join()) return;
    this.#told = addresses;
    this.#options.changed(addresses);
  }
}
