/**
 * What was counted since control began, by everybody who was there: counters for metrics, which never fall.
 * Followers tell differences, so that whoever comes, goes or dies takes nothing away.
 */
import type { VersionId } from '../kernel/ids.js';
import { addDurations, newDurations, type Durations } from '../measures/durations.js';
import type { FrontendMeasures, VersionMeasures, WorkerMeasures } from '../wire/measures.js';
import type { Outcome } from '../wire/observation.js';
import type { WorkerReport } from '../wire/report.js';

/** Of one version. */
export interface VersionTotals extends Omit<VersionMeasures, 'version'> {
  /** First attempts that the verdict is drawn from. */
  readonly exchanges: Readonly<Record<Outcome, number>>;
  /** Requests that it was asked for because another attempt had failed. */
  readonly rescues: number;
}

/** Of all frontends. */
export type ClientTotals = Pick<
  FrontendMeasures,
  'requests' | 'durations' | 'waits' | 'accepted' | 'refusals' | 'lost'
>;

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
    if (work.role === 'frontend') this.#clients = withClients(this.#clients, work);
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
  requests: withRows(before.requests, more.requests),
  durations: withDurations(before.durations, more.durations),
  attempts: summed(before.attempts, more.attempts),
  failures: summed(before.failures, more.failures),
  heads: withDurations(before.heads, more.heads),
  comparisons: summed(before.comparisons, more.comparisons),
  ejections: before.ejections + more.ejections,
  cookies: before.cookies + more.cookies,
});

const withClients = (before: ClientTotals, more: FrontendMeasures): ClientTotals => ({
  requests: withRows(before.requests, more.requests),
  durations: withDurations(before.durations, more.durations),
  waits: withDurations(before.waits, more.waits),
  accepted: before.accepted + more.accepted,
  refusals: summed(before.refusals, more.refusals),
  lost: summed(before.lost, more.lost),
});

/** Rows with the same labels become one. Which labels there may be, the schema says: so many rows at most. */
function withRows<Row extends { readonly count: number }>(
  before: readonly Row[],
  more: readonly Row[],
): readonly Row[] {
  const keyOf = (row: Row) =>
    Object.entries(row)
      .filter(([label]) => label !== 'count')
      .join(' ');
  const rows = new Map(before.map(row => [keyOf(row), row]));
  for (const row of more) {
    const known = rows.get(keyOf(row));
    rows.set(keyOf(row), known === undefined ? row : { ...known, count: known.count + row.count });
  }
  return [...rows.values()];
}

function withDurations(before: Durations, more: Durations): Durations {
  const sum = newDurations();
  addDurations(sum, before);
  addDurations(sum, more);
  return sum;
}

/** Of counts by name: with the names of both. */
function summed<Counts extends object>(before: Counts, more: Counts): Counts {
  const sum = { ...before } as Record<string, number>;
  for (const [key, n] of Object.entries(more) as [string, number][]) sum[key] = (sum[key] ?? 0) + n;
  return sum as Counts;
}
