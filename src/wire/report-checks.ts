/**
 * What a report holds in numbers, checked by hand: a thousand workers report 25,000 times a second, and a
 * schema for each number takes several times as long.
 */
import { errorCodes } from '../kernel/errors.js';
import type { Histogram } from '../verdict/histogram.js';
import { MOST_ROUTES, type FailureKind, type Summary, type Tally } from '../verdict/tally.js';
import { MOST_SESSION_NUMBERS, SESSION_SLOT, type SessionsSeen } from './report.js';

/** Characters of a route, as `routeOf` cuts it. */
export const LONGEST_ROUTE = 64;

/** A whole number without leading zeros: "07" would be a second bucket 7. Three digits hold `LAST`. */
const BUCKET = /^(0|[1-9]\d{0,2})$/;
/** Session numbers are below it. */
const NUMBERS = 2 ** 48;

const failureKinds: ReadonlySet<string> = new Set<FailureKind>([...errorCodes, '5xx']);

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Neither a list nor one of the classes that msgpack can make, whose entries are none. */
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** An object with so many fields: those that are looked at, and no others. */
export const hasFields = (value: unknown, count: number): value is Record<string, unknown> =>
  isPlain(value) && Object.keys(value).length === count;

function isHistogram(value: unknown): value is Histogram {
  if (!isPlain(value)) return false;
  for (const bucket of Object.keys(value)) {
    if (!BUCKET.test(bucket) || !isCount(value[bucket])) return false;
  }
  return true;
}

const isSummary = (value: unknown): value is Summary => hasFields(value, 4) && isSummed(value);

function isSummed({ exchanges, failed, delays, sizes }: Record<string, unknown>): boolean {
  return (
    isCount(exchanges) &&
    isCount(failed) &&
    failed <= exchanges &&
    isHistogram(delays) &&
    isHistogram(sizes)
  );
}

export function isTally(value: unknown): value is Tally {
  if (!hasFields(value, 8) || !isSummed(value)) return false;
  const { exchanges, failed, different, repeats, failedBy, routes } = value;
  return (
    isCount(different) &&
    (failed as number) + different <= (exchanges as number) &&
    isCount(repeats) &&
    isFailedBy(failedBy) &&
    isRoutes(routes)
  );
}

function isFailedBy(value: unknown): boolean {
  if (!isPlain(value)) return false;
  return Object.keys(value).every(kind => failureKinds.has(kind) && isCount(value[kind]));
}

/** The routes that are kept, and the one of all others. */
function isRoutes(value: unknown): boolean {
  if (!isPlain(value)) return false;
  const names = Object.keys(value);
  return names.length <= MOST_ROUTES + 1 && names.every(name => isRoute(name, value[name]));
}

const isRoute = (name: string, value: unknown): boolean =>
  name.length > 0 && name.length <= LONGEST_ROUTE && isSummary(value);

export function isSessionsSeen(value: unknown): value is SessionsSeen {
  if (!hasFields(value, 2)) return false;
  const { at, sessions } = value;
  return (
    isCount(at) &&
    at % SESSION_SLOT === 0 &&
    Array.isArray(sessions) &&
    sessions.length <= MOST_SESSION_NUMBERS &&
    sessions.every(isSessionNumber)
  );
}

const isSessionNumber = (value: unknown): boolean => isCount(value) && value < NUMBERS;
