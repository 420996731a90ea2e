/**
 * Reports and progress as schemas: they come over a wire, and control merges what it believes of them.
 * What a report holds in thousands is checked by hand: a schema for each number takes several times as long.
 */
import { z } from 'zod';
import { errorCodes, isErrorCode, type ErrorCode } from '../kernel/errors.js';
import { share, versionId } from '../kernel/ids.js';
import type { Example } from '../verdict/dossier.js';
import type { Histogram } from '../verdict/histogram.js';
import {
  LONGEST_BODY,
  LONGEST_NAME,
  LONGEST_PLACE,
  LONGEST_VALUE,
  MOST_FIELDS_KEPT,
  MOST_PLACES_KEPT,
  type Excerpt,
  type Pair,
} from '../verdict/pair.js';
import { signals } from '../verdict/signals.js';
import { MOST_ROUTES, type Summary, type Tally } from '../verdict/tally.js';
import {
  MOST_REPORTED,
  MOST_SESSION_NUMBERS,
  SESSION_SLOT,
  type Progress,
  type SessionsSeen,
  type SignalExample,
  type VersionReport,
  type WorkerReport,
} from './report.js';

/** Characters of a route, as `routeOf` cuts it. */
const LONGEST_ROUTE = 64;
/** Characters of a target, as `redacted` cuts it. */
const LONGEST_TARGET = 200;
/** Characters of a method that the request reader lets through. */
const LONGEST_METHOD = 32;
/** A host name of 253 characters (RFC 1035 §2.3.4), a colon and five digits. */
export const LONGEST_SERVER = 259;
/** An id of ours is a UUID; those of a registry that somebody else wrote may be longer. */
const LONGEST_ID = 128;

/** A whole number without leading zeros: "07" would be a second bucket 7. Three digits hold `LAST`. */
const BUCKET = /^(0|[1-9]\d{0,2})$/;

export const wireVersionId = z.string().min(1).max(LONGEST_ID).transform(versionId);
const count = z.int().min(0);
const measure = z.number().min(0);

/** A field that is always there: `optional` would let it be left out. */
const orUndefined = <Value>(value: z.ZodType<Value>): z.ZodType<Value | undefined> =>
  z.union([value, z.undefined()]);

const histogram = z.custom<Histogram>(
  value =>
    isPlain(value) && Object.entries(value).every(([key, n]) => BUCKET.test(key) && isCount(n)),
);

/** Neither a list nor one of the classes that msgpack can make, whose entries are none. */
const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const summaryFields = { exchanges: count, failed: count, delays: histogram, sizes: histogram };

const summary: z.ZodType<Summary> = z
  .strictObject(summaryFields)
  .refine(hasNoMoreFailures, { error: 'no more failures than exchanges' });

const routes: z.ZodType<Tally['routes']> = z
  .record(z.string().min(1).max(LONGEST_ROUTE), summary)
  // The routes that are kept, and the one of all others.
  .refine(each => Object.keys(each).length <= MOST_ROUTES + 1, { error: 'fewer routes' });

export const tallySchema: z.ZodType<Tally> = z
  .strictObject({
    ...summaryFields,
    failedBy: z.partialRecord(z.enum([...errorCodes, '5xx']), count),
    different: count,
    repeats: count,
    routes,
  })
  .refine(hasNoMoreFailures, { error: 'no more failures than exchanges' })
  .refine(({ failed, different, exchanges }) => failed + different <= exchanges, {
    error: 'no more answers that differ than exchanges',
  });

function hasNoMoreFailures({ failed, exchanges }: Pick<Summary, 'failed' | 'exchanges'>): boolean {
  return failed <= exchanges;
}

export const exampleFields = {
  version: wireVersionId,
  server: z.string().max(LONGEST_SERVER),
  route: z.string().max(LONGEST_ROUTE),
  outcome: z.enum(['ok', 'failed', 'different']),
  code: z.custom<ErrorCode | undefined>(value => value === undefined || isErrorCode(value)),
  status: orUndefined(z.int().min(100).max(599)),
  delay: measure,
  bytes: orUndefined(count),
  attempt: z.int().min(1),
  at: measure,
  method: z.string().max(LONGEST_METHOD),
  target: z.string().max(LONGEST_TARGET),
};

const excerpt: z.ZodType<Excerpt> = z.strictObject({
  status: z.int().min(100).max(599),
  fields: z
    .array(z.tuple([z.string().max(LONGEST_NAME), z.string().max(LONGEST_VALUE)]))
    .max(MOST_FIELDS_KEPT),
  body: z.string().max(LONGEST_BODY).optional(),
  skipped: count,
  bytes: count,
});

const pair: z.ZodType<Pair> = z.strictObject({
  where: z.array(z.string().max(LONGEST_PLACE)).max(MOST_PLACES_KEPT),
  newer: excerpt,
  older: excerpt,
});

const example: z.ZodType<Example> = z.strictObject({ ...exampleFields, pair: pair.optional() });

/** Only answers that differed have a pair: of others control would keep it where it does not belong. */
const signalExample: z.ZodType<SignalExample> = z
  .strictObject({ signal: z.enum(signals), example })
  .refine(({ signal, example }) => signal === 'answers' || example.pair === undefined, {
    error: 'a pair only of answers',
  });

function hasFewPairs(examples: readonly SignalExample[]): boolean {
  return examples.filter(each => each.example.pair !== undefined).length <= MOST_REPORTED.pairs;
}

const sessionsSeen: z.ZodType<SessionsSeen> = z.strictObject({
  at: z.int().min(0).multipleOf(SESSION_SLOT),
  sessions: z.custom<readonly number[]>(
    value =>
      Array.isArray(value) && value.length <= MOST_SESSION_NUMBERS && value.every(isSessionNumber),
  ),
});

function isSessionNumber(value: unknown): boolean {
  return isCount(value) && value < 2 ** 48;
}

const versionReport: z.ZodType<VersionReport> = z.strictObject({
  version: wireVersionId,
  counted: count,
  tally: tallySchema,
  examples: z.array(signalExample).max(MOST_REPORTED.examples).refine(hasFewPairs),
  sessions: z.array(sessionsSeen).max(MOST_REPORTED.slots),
});

export const reportSchema: z.ZodType<WorkerReport> = z.strictObject({
  sequence: z.int().min(1),
  versions: z.array(versionReport).max(MOST_REPORTED.versions),
});

export const wireShare = z.number().min(0).max(1).transform(share);

export const progressSchema: z.ZodType<Progress> = z.strictObject({
  version: wireVersionId,
  share: wireShare,
  isHeld: z.boolean(),
  taken: count,
});
