/**
 * What was counted since control began, by everybody who was there: counters for metrics, which never fall.
 * Followers tell differences, so that whoever comes, goes or dies takes nothing away.
 */
import type { VersionId } from '../kernel/ids.js';
import { newDurations } from '../measures/durations.js';
import {
  clientsTogether,
  countedTogether,
  summed,
  type ClientTotals,
  type VersionCounts,
} from '../measures/together.js';
import type { FrontendMeasures, VersionMeasures, WorkerMeasures } from '../wire/measures.js';
import type { Outcome } from '../wire/observation.js';
import type { WorkerReport } from '../wire/report.js';

/** Of one version. */
export interface VersionTotals extends VersionCounts {
  /** First attempts that the verdict is drawn from. */
  readonly exchanges: Readonly<Record<Outcome, number>>;
  /** Requests that it was asked for because another attempt had failed. */
  readonly rescues: number;
}

export const nothingCounted = (): VersionTotals => ({
  exchanges: { ok: 0, failed: 0, different: 0 },
  rescues: 0,
  requests: [],
  durations: newDurations(),
  attempts: { ok: 0, failed: 0, different: 0 },
  failures: {},
  heads: newDurations(),
  comparisons: { agree: 0, differ: 0, unknown: 0 },
  ejections: 0,
  cookies: 0,
});

const noClients = (): ClientTotals => ({
  requests: [],
  durations: newDurations(),
  waits: newDurations(),
  accepted: 0,
  refusals: {},
  lost: { workers: 0, repeated: 0, failed: 0 },
});

/** Whether the table has a version: a worker cannot make us remember others. */
export type IsKnown = (id: VersionId) => boolean;

export class Totals {
  readonly #versions = new Map<VersionId, VersionTotals>();
  #clients = noClients();

  get clients(): ClientTotals {
    return this.#clients;
  }

  of(version: VersionId): VersionTotals {
    return this.#versions.get(version) ?? nothingCounted();
  }

  reported({ versions }: WorkerReport, isKnown: IsKnown): void {
    for (const { version, tally } of versions) {
      if (!isKnown(version)) continue;
      const before = this.of(version);
      const { failed, different } = tally;
      const ok = tally.exchanges - failed - different;
      this.#versions.set(version, {
        ...before,
        exchanges: summed(before.exchanges, { ok, failed, different }),
        rescues: before.rescues + tally.repeats,
      });
    }
  }

  measured(work: WorkerMeasures | FrontendMeasures, isKnown: IsKnown): void {
    if (work.role === 'frontend') this.#clients = clientsTogether(this.#clients, work);
    else {
      for (const each of work.versions) {
        if (!isKnown(each.version)) continue;
        this.#versions.set(each.version, withVersion(this.of(each.version), each));
      }
    }
  }

  /** Keeps those that are still there. */
  keep(isKnown: IsKnown): void {
    for (const id of this.#versions.keys()) if (!isKnown(id)) this.#versions.delete(id);
  }
}

const withVersion = (before: VersionTotals, more: VersionMeasures): VersionTotals => ({
  exchanges: before.exchanges,
  rescues: before.rescues,
  ...countedTogether(before, more),
});
