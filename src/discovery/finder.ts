/** Where the others are: what is configured, and whoever is found beside. */
import type { Cancel } from '../kernel/clock.js';

/** Whom links lead to. */
export type Sought = 'frontends' | 'controls';

export interface Finder {
  /** Whether it may find more than what is configured. */
  readonly discovers: boolean;
  /** Tells the addresses as soon as any are known, and whenever they change, until it is cancelled. */
  watch(
    sought: Sought,
    configured: readonly string[],
    changed: (addresses: readonly string[]) => void,
  ): Cancel;
}

/** Takes every address as it stands. */
export const asConfigured: Finder = {
  discovers: false,
  watch(_, configured, changed) {
    changed(configured);
    return () => undefined;
  },
};
