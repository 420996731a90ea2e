/**
 * What two servers of the stable version were seen to disagree about, route by route, together with what
 * the operator has declared: made ready for comparing.
 */
import {
  learned,
  noNoise,
  tolerance,
  type Agreement,
  type Declared,
  type Noise,
  type Tolerance,
} from './agreement.js';

/** Routes beyond which the one that was not used for longest is forgotten. */
export const MOST_ROUTES = 64;

interface Page {
  readonly noise: Noise;
  readonly tolerated: Tolerance;
}

export class NoiseBook {
  readonly #declared: Declared;
  readonly #blank: Page;
  /** The one used last stands last. */
  readonly #pages = new Map<string, Page>();

  constructor(declared: Declared) {
    this.#declared = declared;
    this.#blank = { noise: noNoise, tolerated: tolerance(declared) };
  }

  tolerated(route: string): Tolerance {
    const page = this.#pages.get(route);
    if (page === undefined) return this.#blank.tolerated;
    this.#pages.delete(route);
    this.#pages.set(route, page);
    return page.tolerated;
  }

  /** Two servers of one version were asked the same. */
  learn(route: string, between: Agreement): void {
    const { noise: before } = this.#pages.get(route) ?? this.#blank;
    const noise = learned(before, between);
    if (noise === before) return;
    this.#pages.delete(route);
    this.#pages.set(route, { noise, tolerated: tolerance(this.#declared, noise) });
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= MOST_ROUTES) break;
      this.#pages.delete(oldest);
    }
  }

  /** Another version is compared with: what was noise of the one before says nothing of it. */
  clear(): void {
    this.#pages.clear();
  }
}
