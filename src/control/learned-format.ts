/**
 * The text of a file with what control has learned: a checksum, and the version of this format. Everything
 * in it is bounded, as it is where it comes from.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isObject } from '../config/values.js';
import { MOST_EXAMPLES, type Dossier, type Example } from '../verdict/dossier.js';
import type { Policy } from '../verdict/policy.js';
import type { Evidence } from '../verdict/verdict.js';
import { hasEachOnce } from '../versions/table-schema.js';
import { exampleFields, tallySchema, wireVersionId } from '../wire/report-schema.js';
import { MOST_EVENTS } from './chronicle.js';
import type { Learned } from './learned.js';
import { MOST_TRIALS } from './overseer.js';
import type { Trial } from './trial.js';
import { noted, nothingUsual, usualOf } from './usual.js';
import type { ShownEvent } from './why.js';

/** Grows when a program of before could not read what is written now. */
const FORMAT = 1;
/** Bytes. Many times what is usual: a trial takes some 100 KiB, and a MiB at the very most. */
export const LARGEST_LEARNED = 16 * 1024 * 1024;
/** Characters of a version's number, of what happened, and of a reason. */
const LONGEST_TEXT = 4096;
/** Milliseconds since 1970: the last moment that a `Date` can tell (ECMA-262 §21.4.1.1). */
const LAST_MOMENT = 8.64e15;

const count = z.int().min(0);
const text = z.string().max(LONGEST_TEXT);
const moment = z.number().min(0).max(LAST_MOMENT);

const marked = z.strictObject({ exchanges: z.number().min(0), marked: z.number().min(0) });

const capital = z.strictObject({
  reserve: z.number(),
  invested: z.number(),
  peak: z.number().min(0),
  bets: count,
  newer: marked,
  stable: marked,
});

const weight = z.strictObject({
  worse: capital,
  waiting: z.strictObject({ newer: marked, stable: marked }),
});

const evidence: z.ZodType<Evidence> = z.strictObject({
  exchanges: count,
  weights: z.strictObject({ failures: weight, delay: weight, size: weight, answers: weight }),
  asGood: capital,
});

/** JSON leaves out what is undefined. */
const example: z.ZodType<Example> = z
  .strictObject({
    ...exampleFields,
    code: z.optional(exampleFields.code),
    status: z.optional(exampleFields.status),
    bytes: z.optional(exampleFields.bytes),
  })
  .transform(({ code, status, bytes, ...rest }) => ({ ...rest, code, status, bytes }));

const examples = z.array(example).max(MOST_EXAMPLES);

const dossier: z.ZodType<Dossier> = z.strictObject({
  failures: examples,
  delay: examples,
  size: examples,
  answers: examples,
});

const trial: z.ZodType<Trial> = z
  .strictObject({
    id: wireVersionId,
    number: text,
    stable: wireVersionId.optional(),
    since: moment,
    until: moment,
    evidence,
    newerTally: tallySchema,
    stableTally: tallySchema,
    usual: tallySchema,
    dossier,
    isTold: z.boolean(),
  })
  .transform(({ stable, ...rest }) => ({ ...rest, stable }));

const event: z.ZodType<ShownEvent> = z.strictObject({
  at: z.iso.datetime(),
  id: text,
  version: text,
  what: text,
  because: text.optional(),
  edition: count,
});

const policy: z.ZodType<Policy> = z.strictObject({
  minimumSample: z.number(),
  falseAlarms: z.number(),
  tolerance: z.number(),
  slower: z.number(),
  larger: z.number(),
  mostFailures: z.number(),
});

/** Which minute it was says nothing to another process: it comes back as one minute. */
const usual = z
  .strictObject({ version: wireVersionId, tally: tallySchema })
  .transform(known => noted(nothingUsual, { ...known, now: 0 }));

const schema: z.ZodType<Learned> = z
  .strictObject({
    edition: count,
    policy,
    trials: z.array(trial).max(MOST_TRIALS).refine(hasEachOnce, { error: 'each id once' }),
    usual: usual.optional(),
    events: z.array(event).max(MOST_EVENTS),
  })
  .transform(learned => ({ ...learned, usual: learned.usual ?? nothingUsual }));

/** Where it takes too much room, what is known of the older half of the upgrades is left out. */
export function encoded(learned: Learned): Buffer {
  const json = JSON.stringify(plain(learned));
  const bytes = Buffer.from(
    `{"format":${FORMAT},"sha256":"${checksumOf(json)}","learned":${json}}\n`,
  );
  const less = halved(learned);
  return bytes.length <= LARGEST_LEARNED || less === undefined ? bytes : encoded(less);
}

/** Without the older half of the upgrades; undefined: there is none. */
export function halved(learned: Learned): Learned | undefined {
  const { trials } = learned;
  if (trials.length === 0) return undefined;
  return { ...learned, trials: trials.slice(Math.ceil(trials.length / 2)) };
}

/** Pairs of answers are kept in memory only: they are what an application said to a client. */
function plain({ usual: { version, minutes }, ...all }: Learned) {
  const rest = { ...all, trials: all.trials.map(withoutPairs) };
  if (version === undefined) return rest;
  return { ...rest, usual: { version, tally: usualOf({ version, minutes }, version) } };
}

function withoutPairs(trial: Trial): Trial {
  const { answers } = trial.dossier;
  if (answers.every(({ pair }) => pair === undefined)) return trial;
  const kept = answers.map(example => ({ ...example, pair: undefined }));
  return { ...trial, dossier: { ...trial.dossier, answers: kept } };
}

export type Decoded =
  | { readonly ok: true; readonly learned: Learned }
  | { readonly ok: false; readonly because: string };

export function decoded(bytes: Buffer): Decoded {
  if (bytes.length > LARGEST_LEARNED) return damaged(`it has more than ${LARGEST_LEARNED} bytes`);
  try {
    return decodedFlat(bytes);
  } catch (cause) {
    if (cause instanceof SyntaxError) return damaged('it is not JSON');
    if (cause instanceof RangeError) return damaged('it is nested too deeply');
    throw cause;
  }
}

/** Throws a SyntaxError, and a RangeError where the nesting is deeper than the stack. */
function decodedFlat(bytes: Buffer): Decoded {
  const file: unknown = JSON.parse(bytes.toString('utf8'));
  if (!isObject(file)) return damaged('it is no object');
  const { format, sha256, learned } = file;
  if (format !== FORMAT) return damaged(`its format is not ${FORMAT}`);
  if (learned === undefined || sha256 !== checksumOf(JSON.stringify(learned))) {
    return damaged('its checksum is not that of its content');
  }
  const checked = schema.safeParse(learned);
  if (checked.success) return { ok: true, learned: checked.data };
  const [first] = checked.error.issues;
  return damaged(`${['learned', ...(first?.path ?? [])].join('.')}: ${String(first?.message)}`);
}

/** Over the values, not over the text: white space does not matter. */
const checksumOf = (json: string): string => createHash('sha256').update(json).digest('hex');

const damaged = (because: string): Decoded => ({ ok: false, because });
