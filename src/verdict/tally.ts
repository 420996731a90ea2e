/**
 * What is known of one version's exchanges over some time: plain data that travels, and merges in any
 * order and grouping. Workers add observations to tallies of their own; control merges them.
 */
import type { ErrorCode } from '../kernel/errors.js';
import type { Observation } from '../wire/observation.js';
import { count, mergedHistograms, type Histogram, type OwnHistogram } from './histogram.js';

/** Of one route, or of all. */
export interface Summary {
  /** First attempts only: a rescued request was picked by its failure and would compare unfairly. */
  readonly exchanges: number;
  readonly failed: number;
  /** Milliseconds, of exchanges that did not fail. */
  readonly delays: Histogram;
  /** Bytes, of exchanges that did not fail and whose size is known. */
  readonly sizes: Histogram;
}

export type FailureKind = ErrorCode | '5xx';

export interface Tally extends Summary {
  readonly failedBy: Readonly<Partial<Record<FailureKind, number>>>;
  /** CONCURRENT: answers that did not agree with the older version's. */
  readonly different: number;
  /** Attempts after the first: counted, and not weighed. */
  readonly repeats: number;
  readonly routes: Readonly<Record<string, Summary>>;
}

/** One route, or all, while they are being added to. */
interface OwnSummary extends Summary {
  exchanges: number;
  failed: number;
  readonly delays: OwnHistogram;
  readonly sizes: OwnHistogram;
}

/** A tally that nobody else holds, so that counting an exchange in need not copy it. */
export interface OwnTally extends Tally, OwnSummary {
  exchanges: number;
  failed: number;
  different: number;
  repeats: number;
  readonly delays: OwnHistogram;
  readonly sizes: OwnHistogram;
  readonly failedBy: Partial<Record<FailureKind, number>>;
  readonly routes: Record<string, OwnSummary>;
}

/** Routes beside `OTHER_ROUTES`: clients choose the paths, so they must not choose how many we keep. */
export const MOST_ROUTES = 32;
/** Where the rest is counted. No route is called that: a route holds a space. */
export const OTHER_ROUTES = 'other';

const newSummary = (): OwnSummary => ({ exchanges: 0, failed: 0, delays: {}, sizes: {} });

export const newTally = (): OwnTally => ({
  ...newSummary(),
  failedBy: {},
  different: 0,
  repeats: 0,
  routes: {},
});

/** Counts one exchange into the caller's own tally, and returns it. */
export function added(tally: OwnTally, observation: Observation): OwnTally {
  if (observation.attempt > 1) {
    tally.repeats++;
    return tally;
  }
  addTo(tally, observation);
  addTo((tally.routes[observation.route] ??= newSummary()), observation);
  if (Object.keys(tally.routes).length > MOST_ROUTES) boundRoutes(tally.routes);
  if (observation.outcome === 'different') tally.different++;
  if (observation.outcome === 'failed') {
    const kind = observation.code ?? '5xx';
    tally.failedBy[kind] = (tally.failedBy[kind] ?? 0) + 1;
  }
  return tally;
}

export const merged = (a: Tally, b: Tally): Tally => ({
  ...mergedSummaries(a, b),
  failedBy: mergedCounts(a.failedBy, b.failedBy),
  different: a.different + b.different,
  repeats: a.repeats + b.repeats,
  routes: mergedRoutes(a.routes, b.routes),
});

function addTo(summary: OwnSummary, { outcome, delay, bytes }: Observation): void {
  summary.exchanges++;
  if (outcome === 'failed') {
    summary.failed++;
    return;
  }
  count(summary.delays, delay);
  if (bytes !== undefined) count(summary.sizes, bytes);
}

const mergedSummaries = (a: Summary, b: Summary): OwnSummary => ({
  exchanges: a.exchanges + b.exchanges,
  failed: a.failed + b.failed,
  delays: mergedHistograms(a.delays, b.delays),
  sizes: mergedHistograms(a.sizes, b.sizes),
});

function mergedCounts(a: Tally['failedBy'], b: Tally['failedBy']): Tally['failedBy'] {
  const sum = { ...a };
  for (const [kind, n] of Object.entries(b) as [FailureKind, number][]) {
    sum[kind] = (sum[kind] ?? 0) + n;
  }
  return sum;
}

function mergedRoutes(a: Tally['routes'], b: Tally['routes']): Tally['routes'] {
  const routes: Record<string, OwnSummary> = {};
  for (const [route, summary] of [...Object.entries(a), ...Object.entries(b)]) {
    routes[route] = mergedSummaries(routes[route] ?? newSummary(), summary);
  }
  boundRoutes(routes);
  return routes;
}

/**
 * Keeps the first routes by name. Which are kept must depend on the names alone: a route that is folded
 * away in one merge would then be folded away in every later one, so the order of merges makes no odds.
 */
function boundRoutes(routes: Record<string, OwnSummary>): void {
  const names = Object.keys(routes).filter(name => name !== OTHER_ROUTES);
  for (const name of names.toSorted().slice(MOST_ROUTES)) {
    const [rest, folded] = [routes[OTHER_ROUTES] ?? newSummary(), routes[name] ?? newSummary()];
    routes[OTHER_ROUTES] = mergedSummaries(rest, folded);
    Reflect.deleteProperty(routes, name);
  }
}
