import { readFile, stat } from 'node:fs/promises';
import { parseConfig, type Config } from './config.js';
import { syntaxErrorAt } from './json-position.js';
import { problem, type Problem } from './problems.js';

/** The only reader of configuration files. */

export type ConfigFile =
  | {
      readonly ok: true;
      readonly config: Config;
      /** As it was read: whoever parses it again gets the same configuration. */
      readonly text: string;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Far more than anybody writes by hand. */
const LARGEST_FILE = 4 * 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
};

export async function readConfigFile(path: string): Promise<ConfigFile> {
  const read = await textOf(path);
  return typeof read === 'string' ? parseConfigText(read) : { ok: false, problems: [read] };
}

export type JsonFile =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: Problem };

/** A file that is JSON, whatever it holds. */
export async function readJsonFile(path: string): Promise<JsonFile> {
  const read = await textOf(path);
  if (typeof read !== 'string') return { ok: false, problem: read };
  const json = read.replace(/^\uFEFF/, '');
  const value = parsedJson(json);
  return value === undefined ? { ok: false, problem: syntaxProblem(json) } : { ok: true, value };
}

export function parseConfigText(text: string): ConfigFile {
  const json = text.replace(/^\uFEFF/, '');
  const value = parsedJson(json);
  if (value === undefined) return { ok: false, problems: [syntaxProblem(json)] };
  const parsed = parseConfig(value);
  return parsed.ok ? { ...parsed, text } : parsed;
}

async function textOf(path: string): Promise<string | Problem> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE) return unreadable(`${size} bytes are too many`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    return unreadable(reasonOf(cause));
  }
}

function reasonOf(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return code === 'EISDIR' ? 'a directory' : (reasons[code] ?? message);
}

const unreadable = (because: string): Problem => ({
  ...problem('', 'a file that can be read', because),
  message: `cannot be read: ${because}`,
});

/** Undefined stands for no JSON: JSON has no value of its own for it. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function syntaxProblem(text: string): Problem {
  const { line, column } = syntaxErrorAt(text) ?? { line: 1, column: 1 };
  const given = characterAt(text, line, column);
  const found = problem('', 'JSON', given);
  return { ...found, message: `line ${line}, column ${column}: no JSON from here: ${given}` };
}

/** No more than one: what follows may be a secret that lacks a quote. */
function characterAt(text: string, line: number, column: number): string {
  const [first] = (text.split('\n')[line - 1] ?? '').slice(column - 1).trimEnd();
  return first ?? 'the end of the line';
}
