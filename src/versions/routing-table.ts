/** Which versions there are. One immutable value: a request takes it once and keeps it to its end. */
import type { NonEmpty } from '../kernel/non-empty.js';
import type { Version } from './version.js';

export interface RoutingTable {
  /** Grows with every change: nobody goes back to an older table. */
  readonly edition: number;
  /** Newest first. */
  readonly versions: NonEmpty<Version>;
}

/** The table of a configuration file: one version, which is the stable one. */
export const firstTable = (version: Version): RoutingTable => ({ edition: 1, versions: [version] });
