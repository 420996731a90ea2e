import type { z } from 'zod';
import { nearest } from './nearest.js';
import { isObject } from './values.js';

/** One thing that is wrong with a configuration, for the command line and for REST alike. */
export interface Problem {
  /** `cluster.servers[0].port`; empty where the whole is meant. */
  readonly path: string;
  readonly expected: string;
  /** What stands there as JSON, cut if it is long; `nothing` if it is missing. */
  readonly given: string;
  /** All of it in one line. */
  readonly message: string;
}

type Path = readonly PropertyKey[];

export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
): readonly Problem[] {
  const problems = issues
    .flatMap(closer)
    .flatMap(issue =>
      issue.code === 'unrecognized_keys'
        ? unknownOptions(issue, value)
        : [wrongValue(issue, value)],
    );
  const messages = problems.map(({ message }) => message);
  return problems.filter(({ message }, index) => messages.indexOf(message) === index);
}

/** Of a value that may be one thing or another: what is wrong inside of it, if it is clearly one of them. */
function closer(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inside = issue.errors.find(each => each.every(({ path }) => path.length > 0));
  if (inside === undefined || inside.length === 0) return [issue];
  return inside.map(each => ({ ...each, path: [...issue.path, ...each.path] }));
}

export function problem(path: string, expected: string, given: string): Problem {
  const where = path === '' ? '' : `${path}: `;
  return { path, expected, given, message: `${where}expected ${expected}, given ${given}` };
}

/** What a value says in its schema as `error` is what it expects (values.ts). */
function wrongValue({ path, message }: z.core.$ZodIssue, value: unknown): Problem {
  return problem(dotted(path), message, given(path, value));
}

/** Problems are printed, logged, and sent in mails: what is nearly a secret is treated as one. */
const HIDDEN = '(not shown)';
const SECRETS =
  /^(?:configService\.token|session\.keys|security\.(?:frontends|workers|control)|cluster\.containers\.environment)\b/;
/** Given as something else than a section, they may be what belongs into it. */
const SECTIONS_WITH_SECRETS = /^(?:configService|session|security|cluster\.containers)(?:\.key)?$/;

function given(path: Path, value: unknown): string {
  const found = at(value, path);
  const where = dotted(path);
  if (SECRETS.test(where) && found !== undefined) return HIDDEN;
  return SECTIONS_WITH_SECRETS.test(where) ? hidden(found) : shown(found);
}

/**
 * Of an option that nobody knows, nobody knows whether it is a secret; those of clusters have none, but for what
 * was to be the environment of containers.
 */
function givenUnknown(path: Path, value: unknown): string {
  const mayBeSecret =
    path[0] !== 'cluster' || path.some(each => /container|env/i.test(String(each)));
  return mayBeSecret ? hidden(at(value, path)) : shown(at(value, path));
}

/** What tells nothing may be told: that it is missing, empty, or a number. */
function hidden(value: unknown): string {
  const isNothing =
    typeof value === 'object' && value !== null
      ? Object.keys(value).length === 0
      : typeof value !== 'string';
  return isNothing ? shown(value) : HIDDEN;
}

/** One problem for each of the options; the message of the issue lists those that are known. */
function unknownOptions(issue: z.core.$ZodIssueUnrecognizedKeys, value: unknown): Problem[] {
  const known = issue.message.split(' ');
  return issue.keys.map(key => {
    const path = [...issue.path, key];
    const meant = nearest(key, known);
    const expected = meant ?? `only ${known.join(', ')}`;
    const hint = meant === undefined ? `known are ${known.join(', ')}` : `is ${meant} meant?`;
    const message = `${dotted(path)}: unknown option; ${hint}`;
    return { path: dotted(path), expected, given: givenUnknown(path, value), message };
  });
}

export function dotted(path: Path): string {
  return path.reduce<string>((before, key) => {
    if (typeof key === 'number') return `${before}[${key}]`;
    const name = String(key);
    if (!/^[\w$-]+$/.test(name)) return `${before}[${JSON.stringify(name)}]`;
    return before === '' ? name : `${before}.${name}`;
  }, '');
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inside, key) => {
    if (Array.isArray(inside)) return (inside as readonly unknown[])[Number(key)];
    return isObject(inside) && Object.hasOwn(inside, key) ? inside[String(key)] : undefined;
  }, value);
}

/** As much of a value as a line of text can show. */
const LONGEST_SHOWN = 60;

/** Without what looks like a secret: by the name of its option, or as user and password in an address. */
export function shown(value: unknown): string {
  const json = value === undefined ? 'nothing' : JSON.stringify(value, withoutSecrets);
  return json.length <= LONGEST_SHOWN ? json : `${json.slice(0, LONGEST_SHOWN - 1)}…`;
}

function withoutSecrets(name: string, value: unknown): unknown {
  if (/token|key|secret|password/i.test(name)) return HIDDEN;
  return typeof value === 'string' ? value.replace(/^.*@/s, '…@') : value;
}
