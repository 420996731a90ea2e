/**
 * What is known of one version's exchanges over some time: plain data that travels, and merges in any
 * order and grouping. Workers add observations to tallies of their own; control merges them.
 */
import type { ErrorCode } from '../kernel/errors.js';
import type { Observation } from '../wire/observation.js';
import { addHistogram, bucketOf, count, type Histogram, type OwnHistogram } from './histogram.js';

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
  const { route, outcome, delay, bytes } = observation;
  const isKnown = Object.hasOwn(tally.routes, route);
  const counted: Counted = {
    outcome,
    delay: bucketOf(delay),
    size: bytes === undefined ? undefined : bucketOf(bytes),
  };
  addTo(tally, counted);
  addTo(ownRoute(tally.routes, route), counted);
  if (!isKnown) boundRoutes(tally.routes);
  if (observation.outcome === 'different') tally.different++;
  if (observation.outcome === 'failed') {
    const kind = observation.code ?? '5xx';
    tally.failedBy[kind] = (tally.failedBy[kind] ?? 0) + 1;
  }
  return tally;
}

/** Counts in what another has seen: the caller's own tally grows, nothing is copied. */
export function addTally(into: OwnTally, more: Tally): void {
  addSummary(into, more);
  for (const [kind, n] of Object.entries(more.failedBy) as [FailureKind, number][]) {
    into.failedBy[kind] = (into.failedBy[kind] ?? 0) + n;
  }
  into.different += more.different;
  into.repeats += more.repeats;
  for (const [route, summary] of Object.entries(more.routes)) {
    addSummary(ownRoute(into.routes, route), summary);
  }
  boundRoutes(into.routes);
}

export function merged(a: Tally, b: Tally): OwnTally {
  const sum = newTally();
  addTally(sum, a);
  addTally(sum, b);
  return sum;
}

/** An observation, by the buckets that it belongs to: they are the same for its route and for all. */
interface Counted {
  readonly outcome: Observation['outcome'];
  readonly delay: number;
  readonly size: number | undefined;
}

function addTo(summary: OwnSummary, { outcome, delay, size }: Counted): void {
  summary.exchanges++;
  if (outcome === 'failed') {
    summary.failed++;
    return;
  }
  count(summary.delays, delay);
  if (size !== undefined) count(summary.sizes, size);
}

function addSummary(into: OwnSummary, more: Summary): void {
  into.exchanges += more.exchanges;
  into.failed += more.failed;
  addHistogram(into.delays, more.delays);
  addHistogram(into.sizes, more.sizes);
}

/** Names come from clients: one that every object has is a route like any other. */
function ownRoute(routes: Record<string, OwnSummary>, name: string): OwnSummary {
  const known = Object.hasOwn(routes, name) ? routes[name] : undefined;
  return known ?? (routes[name] = newSummary());
}

/**
 * Keeps the first routes by name. Which are kept must depend on the names alone: a route that is folded
 * away in one merge would then be folded away in every later one, so the order of merges makes no odds.
 */
function boundRoutes(routes: Record<string, OwnSummary>): void {
  const names = Object.keys(routes);
  if (names.length <= MOST_ROUTES) return;
  const named = names.filter(name => name !== OTHER_ROUTES).toSorted();
  for (const name of named.slice(MOST_ROUTES)) {
    const folded = routes[name];
    if (folded !== undefined) addSummary(ownRoute(routes, OTHER_ROUTES), folded);
    Reflect.deleteProperty(routes, name);
  }
}
