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
    const { directory, mayLink } = this.#options;
    const names = new Names({ ...this.#options, changed });
    let refused: readonly string[] = [];
    names.take(configured);
    const cancel = directory?.watch(sought, entries => {
      const listed = entries.map(({ address }) => address);
      const before = refused;
      refused = listed.filter(address => !mayLink(address));
      for (const address of new Set(refused)) if (!before.includes(address)) this.#refuse(address);
      names.take([...configured, ...listed.filter(address => !refused.includes(address))]);
    });
    return () => {
      cancel?.();
      names.close();
    };
  }

  /** Told once of each, for as long as it is there. */
  #refuse(address: string): void {
    const because = 'it is beyond this machine, and security.key is not set here';
    this.#options.report({ type: 'address-refused', address, because });
  }
}
