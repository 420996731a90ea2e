/** What one cluster runs. Its id, not its number, is the key everywhere. */
import type { ServerAddress, UpgradeTransition } from '../config/cluster.js';
import type { VersionId } from '../kernel/ids.js';
import type { NonEmpty } from '../kernel/non-empty.js';

export interface Version {
  readonly id: VersionId;
  /** Dotted numbers. */
  readonly number: string;
  readonly servers: NonEmpty<ServerAddress>;
  readonly transition: UpgradeTransition;
}
