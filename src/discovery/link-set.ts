/** The links of one process to all of a kind, which come and go while it works. */
import { systemCodeOf } from '../kernel/errors.js';
import { linksAfter } from './links-after.js';

/** One of them. */
export interface Linked {
  readonly isHeard: boolean;
  /** Reads until it is closed. */
  run(): Promise<void>;
  close(): void;
}

export class LinkSet<Link extends Linked> {
  readonly #make: (address: string) => Link;
  readonly #most: number;
  readonly #links = new Map<string, Link>();
  readonly #running = new Set<Link>();
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #fail: (cause: unknown) => void = () => undefined;
  #wanted: readonly string[] = [];
  #isSettled = false;
  #isClosed = false;

  constructor(make: (address: string) => Link, most: number) {
    this.#make = make;
    this.#most = most;
    this.#ended = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.#ended.catch(() => undefined); // whoever waits for it hears of it
  }

  get all(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** From now on these, beside those that still work. */
  want(addresses: readonly string[]): void {
    this.#wanted = addresses;
    this.tidy();
  }

  /** To be called now and then: drops what is neither wanted nor heard. */
  tidy(): void {
    if (this.#isSettled) return;
    const held = [...this.#links].map(([address, { isHeard }]) => ({ address, isHeard }));
    const { add, drop } = linksAfter(held, this.#wanted, this.#most);
    for (const address of drop) this.#drop(address);
    for (const address of add) this.#add(address);
  }

  /** None comes or goes any more. */
  settle(): void {
    this.#isSettled = true;
  }

  /** Until all are closed; rejects with the first that fails. */
  run(): Promise<void> {
    return this.#ended;
  }

  close(): void {
    this.#isSettled = true;
    this.#isClosed = true;
    for (const link of this.#links.values()) link.close();
    if (this.#running.size === 0) this.#end();
  }

  #add(address: string): void {
    let link: Link;
    try {
      link = this.#make(address);
    } catch (cause) {
      // No descriptors at the moment: it is tried again.
      if (systemCodeOf(cause) !== 'EMFILE') throw cause;
      return;
    }
    this.#links.set(address, link);
    this.#running.add(link);
    link.run().then(() => this.#hasEnded(link), this.#fail);
  }

  #drop(address: string): void {
    this.#links.get(address)?.close();
    this.#links.delete(address);
  }

  #hasEnded(link: Link): void {
    this.#running.delete(link);
    if (this.#isClosed && this.#running.size === 0) this.#end();
  }
}
