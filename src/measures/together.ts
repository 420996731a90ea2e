/** Adds up what was counted in one period and in another: the same two, told as one. */
import type {
  FrontendMeasures,
  Measures,
  VersionMeasures,
  WorkerMeasures,
} from '../wire/measures.js';
import { MOST_MEASURES } from '../wire/measures.js';
import { addDurations, newDurations, type Durations } from './durations.js';

export type VersionCounts = Omit<VersionMeasures, 'version'>;

/** Of frontends. */
export type ClientTotals = Pick<
  FrontendMeasures,
  'requests' | 'durations' | 'waits' | 'accepted' | 'refusals' | 'lost'
>;

/** What is now is what the later ones say. */
export function together(earlier: Measures, later: Measures): Measures {
  const period = earlier.process.period + later.process.period;
  return { process: { ...later.process, period }, work: workTogether(earlier.work, later.work) };
}

/** Both are of one process. */
function workTogether(earlier: Measures['work'], later: Measures['work']): Measures['work'] {
  if (later.role === 'frontend') {
    return earlier.role === 'frontend' ? { ...later, ...clientsTogether(earlier, later) } : later;
  }
  const before = earlier.role === 'worker' ? earlier.versions : [];
  return { ...later, versions: versionsTogether(before, later.versions) };
}

function versionsTogether(
  earlier: WorkerMeasures['versions'],
  later: WorkerMeasures['versions'],
): WorkerMeasures['versions'] {
  const all = new Map(later.map(each => [each.version, each]));
  for (const each of earlier) {
    const more = all.get(each.version);
    all.set(each.version, more === undefined ? each : withVersion(each, more));
  }
  return [...all.values()].slice(0, MOST_MEASURES.versions);
}

const withVersion = (before: VersionMeasures, more: VersionMeasures): VersionMeasures => ({
  version: more.version,
  ...countedTogether(before, more),
});

export const countedTogether = (before: VersionCounts, more: VersionCounts): VersionCounts => ({
  requests: withRows(before.requests, more.requests),
  durations: withDurations(before.durations, more.durations),
  attempts: summed(before.attempts, more.attempts),
  failures: summed(before.failures, more.failures),
  heads: withDurations(before.heads, more.heads),
  comparisons: summed(before.comparisons, more.comparisons),
  ejections: before.ejections + more.ejections,
  cookies: before.cookies + more.cookies,
});

export const clientsTogether = (before: ClientTotals, more: ClientTotals): ClientTotals => ({
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
export function summed<Counts extends object>(before: Counts, more: Counts): Counts {
  const sum = { ...before } as Record<string, number>;
  for (const [key, n] of Object.entries(more) as [string, number][]) sum[key] = (sum[key] ?? 0) + n;
  return sum as Counts;
}
