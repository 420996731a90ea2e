import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * The kinds of values that options take. Each says in one phrase what it expects: the phrase is the
 * `expected` of a problem and stands in docs/configuration.md.
 */

/** What one process asks of a timer at most: setTimeout counts milliseconds in 31 bits. */
const LONGEST_SECONDS = 2_147_483;

export const whole = (from: number, to?: number) => {
  const expected = `a whole number ${to === undefined ? `of at least ${from}` : `from ${from} to ${to}`}`;
  return z
    .int({ error: expected })
    .min(from, { error: expected })
    .max(to ?? Number.MAX_SAFE_INTEGER, { error: expected })
    .meta({ expected });
};

export const bytes = (from = 1, to = Number.MAX_SAFE_INTEGER) => {
  const upTo = to === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${to}`;
  const expected = `bytes: a whole number of at least ${from}${upTo}`;
  return z
    .int({ error: expected })
    .min(from, { error: expected })
    .max(to, { error: expected })
    .meta({ expected });
};

export const seconds = () => {
  const expected = `seconds: a number above 0, up to ${LONGEST_SECONDS}`;
  return z
    .number({ error: expected })
    .positive({ error: expected })
    .max(LONGEST_SECONDS, { error: expected })
    .meta({ expected });
};

/** A part of the whole; 0 and 1 themselves would be no bound. */
export const share = () => {
  const expected = 'a number above 0 and below 1';
  return z.number({ error: expected }).gt(0, { error: expected }).lt(1, { error: expected }).meta({
    expected,
  });
};

export const atLeast = (from: number) => {
  const expected = `a number of at least ${from}`;
  return z.number({ error: expected }).min(from, { error: expected }).meta({ expected });
};

export const flag = () => z.boolean({ error: 'true or false' }).meta({ expected: 'true or false' });

/** A string for which `pattern` (which editors can check too) and, if given, `rule` hold. */
export const text = (expected: string, pattern: RegExp, rule?: (value: string) => boolean) => {
  const matching = z.string({ error: expected }).regex(pattern, { error: expected });
  const checked = rule === undefined ? matching : matching.refine(rule, { error: expected });
  return checked.meta({ expected });
};

export const choice = <const Names extends readonly [string, ...string[]]>(names: Names) => {
  const expected = `one of ${names.join(', ')}`;
  return z.enum(names, { error: expected }).meta({ expected });
};

export const logLevel = () =>
  choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

export const port = (from: 0 | 1 = 1) => whole(from, 65_535);

/** Of a zone, or of a machine where it is no address: names that are compared, and nothing else. */
const placeName = () =>
  text('1 to 128 letters, digits, dots, hyphens and underscores', /^[\w.-]{1,128}$/);
export const zone = placeName;
export const machine = placeName;

export const host = () => text('an IP address or a hostname', /^[0-9A-Za-z.:_%-]{1,253}$/, isHost);

/** An address of 4 numbers is no hostname: so 127.0.0.256 is a mistake, not a name (RFC 3696 §2). */
function isHost(value: string): boolean {
  if (isIP(value) !== 0) return true;
  const labels = value.replace(/\.$/, '').split('.');
  return labels.every(isLabel) && !/^\d+$/.test(labels.at(-1) ?? '');
}

// The underscore is no letter of a hostname (RFC 1123 §2.1), but container networks use it in names.
const isLabel = (label: string) => /^[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?$/.test(label);

/** An object in which every option is known. */
export const section = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    // Read by problems.ts: of an unknown option the message lists the names that are known.
    error: ({ code }) =>
      code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : 'an object',
  });

/** A rule for lists: reports every item that was there before. Items are the same if `key` says so. */
export const eachOnce =
  <Item>(key: (item: Item) => string, message: string) =>
  (list: readonly Item[], context: z.core.$RefinementCtx<readonly Item[]>): void => {
    const before = new Set<string>();
    for (const [index, item] of list.entries()) {
      const each = key(item);
      if (before.size < before.add(each).size) continue;
      context.addIssue({ code: 'custom', path: [index], message });
    }
  };

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Rules over several options are asked even where one of them is wrong already: all problems at once. */
export const evenIfWrong = ({ value }: { readonly value: unknown }) => isObject(value);
