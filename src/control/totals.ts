/** What was seen of each version since control began: counters for metrics, which never fall. */
import type { VersionId } from '../kernel/ids.js';
import type { WorkerReport } from '../wire/report.js';
import type { MeasuredVersion } from './metrics.js';

type Counted = Pick<MeasuredVersion, 'exchanges' | 'rescues'>;

export const nothingCounted: Counted = {
  exchanges: { ok: 0, failed: 0, different: 0 },
  rescues: 0,
};

/** Of versions that the table knows: a worker cannot make us remember more. */
export class Totals {
  readonly #counted = new Map<VersionId, Counted>();

  add({ versions }: WorkerReport, isKnown: (id: VersionId) => boolean): void {
    for (const { version, tally } of versions) {
      if (!isKnown(version)) continue;
      const { exchanges, rescues } = this.of(version);
      const { failed, different } = tally;
      this.#counted.set(version, {
        exchanges: {
          ok: exchanges.ok + tally.exchanges - failed - different,
          failed: exchanges.failed + failed,
          different: exchanges.different + different,
        },
        rescues: rescues + tally.repeats,
      });
    }
  }

  of(version: VersionId): Counted {
    return this.#counted.get(version) ?? nothingCounted;
  }

  /** Keeps those that are still there. */
  keep(isKnown: (id: VersionId) => boolean): void {
    for (const id of this.#counted.keys()) if (!isKnown(id)) this.#counted.delete(id);
  }
}
