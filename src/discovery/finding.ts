/** Finds the others by what is configured, by names, and by a directory, where there is one. */
import type { Cancel, Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import type { Directory } from './directory.js';
import type { Finder, Sought } from './finder.js';
import { Names, type Resolve } from './names.js';

export interface FindingOptions {
  readonly resolve: Resolve;
  /** Undefined: there is none, and what is configured is all there is. */
  readonly directory?: Directory | undefined;
  /** Whether a link may lead there: what a directory says was checked by nobody else. */
  readonly mayLink: (address: string) => boolean;
  readonly clock: Clock;
  readonly report: Report;
}

export class Finding implements Finder {
  readonly #options: FindingOptions;
  readonly #refused = new Set<string>();

  constructor(options: FindingOptions) {
    this.#options = options;
  }

  get discovers(): boolean {
    return this.#options.directory !== undefined;
  }

  watch(
    sought: Sought,
    configured: readonly string[],
    changed: (addresses: readonly string[]) => void,
  ): Cancel {
    const { directory } = this.#options;
    const names = new Names({ ...this.#options, changed });
    names.take(configured);
    const cancel = directory?.watch(sought, entries => {
      const listed = entries.map(({ address }) => address);
      names.take([...configured, ...listed.filter(address => this.#mayLink(address))]);
    });
    return () => {
      cancel?.();
      names.close();
    };
  }

  /** Told once of each. */
  #mayLink(address: string): boolean {
    const { mayLink, report } = this.#options;
    if (mayLink(address)) return true;
    if (!this.#refused.has(address)) {
      this.#refused.add(address);
      const because = 'it is beyond this machine, and security.key is not set here';
      report({ type: 'address-refused', address, because });
    }
    return false;
  }
}
