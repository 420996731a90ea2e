/**
 * Reports and progress as schemas: they come over a wire, and control merges what it believes of them.
 * What a report holds in thousands is checked by hand: a schema for each number takes several times as long.
 */
import { z } from 'zod';
import { isErrorCode, type ErrorCode } from '../kernel/errors.js';
import { share, versionId, type VersionId } from '../kernel/ids.js';
import type { Example } from '../verdict/dossier.js';
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
import type { Tally } from '../verdict/tally.js';
import { LONGEST_ROUTE, hasFields, isCount, isSessionsSeen, isTally } from './report-checks.js';
import {
  MOST_REPORTED,
  type Progress,
  type SignalExample,
  type VersionReport,
  type WorkerReport,
} from './report.js';

/** Characters of a target, as `redacted` cuts it. */
const LONGEST_TARGET = 200;
/** Characters of a method that the request reader lets through. */
const LONGEST_METHOD = 32;
/** A host name of 253 characters (RFC 1035 §2.3.4), a colon and five digits. */
export const LONGEST_SERVER = 259;
/** An id of ours is a UUID; those of a registry that somebody else wrote may be longer. */
const LONGEST_ID = 128;

export const wireVersionId = z.string().min(1).max(LONGEST_ID).transform(versionId);
const count = z.int().min(0);
const measure = z.number().min(0);

/** A field that is always there: `optional` would let it be left out. */
const orUndefined = <Value>(value: z.ZodType<Value>): z.ZodType<Value | undefined> =>
  z.union([value, z.undefined()]);

export const tallySchema = z.custom<Tally>(isTally);

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

const examples = z.array(signalExample).max(MOST_REPORTED.examples).refine(hasFewPairs);

/** Most reports have none: of these nothing is asked that takes long. */
const isExamples = (value: unknown): boolean =>
  Array.isArray(value) && (value.length === 0 || examples.safeParse(value).success);

const isWireVersionId = (value: unknown): value is VersionId =>
  typeof value === 'string' && value.length > 0 && value.length <= LONGEST_ID;

function isVersionReport(value: unknown): value is VersionReport {
  if (!hasFields(value, 5)) return false;
  const { version, counted, tally, examples: kept, sessions } = value;
  return (
    isWireVersionId(version) &&
    isCount(counted) &&
    isTally(tally) &&
    isExamples(kept) &&
    Array.isArray(sessions) &&
    sessions.length <= MOST_REPORTED.slots &&
    sessions.every(isSessionsSeen)
  );
}

export function isReport(value: unknown): value is WorkerReport {
  if (!hasFields(value, 2)) return false;
  const { sequence, versions } = value;
  return (
    isCount(sequence) &&
    sequence >= 1 &&
    Array.isArray(versions) &&
    versions.length <= MOST_REPORTED.versions &&
    versions.every(isVersionReport)
  );
}

export const reportSchema = z.custom<WorkerReport>(isReport);

export const wireShare = z.number().min(0).max(1).transform(share);

export const progressSchema: z.ZodType<Progress> = z.strictObject({
  version: wireVersionId,
  share: wireShare,
  isHeld: z.boolean(),
  taken: count,
});
