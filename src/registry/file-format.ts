/** The text of a registry file: the state, a checksum over it, and the version of this format. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { syntaxErrorAt } from '../config/json-position.js';
import { isObject } from '../config/values.js';
import { RegistryError, type Damage, type Stored } from './registry.js';
import { stored } from './stored.js';

/** Grows when a program of before could not read what is written now. */
const FORMAT = 1;

/** Bytes. Far more than any state has. */
export const LARGEST_FILE = 16 * 1024 * 1024;

export type Decoded =
  | { readonly ok: true; readonly stored: Stored }
  | { readonly ok: false; readonly damage: Omit<Damage, 'file'> };

/** The bytes of a state. What could not be read again is refused now, not found damaged later. */
export function checkedBytes(state: Stored): Buffer {
  const bytes = encoded(state);
  if (bytes.length > LARGEST_FILE) {
    const because = `the state takes ${bytes.length} bytes, more than ${LARGEST_FILE}`;
    throw new RegistryError('refused', because);
  }
  const again = decoded(bytes);
  if (again.ok) return bytes;
  const { where, what } = again.damage;
  throw new RegistryError('refused', `the state could not be read again: ${where}: ${what}`);
}

export const encoded = (state: Stored): Buffer =>
  Buffer.from(
    JSON.stringify({ format: FORMAT, sha256: checksumOf(state), state }, undefined, 2) + '\n',
  );

export function decoded(bytes: Buffer): Decoded {
  try {
    return decodedFlat(bytes);
  } catch (cause) {
    if (cause instanceof RangeError) return damaged('line 1', 'nested too deeply');
    throw cause;
  }
}

/** Throws a RangeError where the nesting is deeper than the stack. */
function decodedFlat(bytes: Buffer): Decoded {
  const text = bytes.toString('utf8');
  const file = parsed(text);
  if (file === undefined) return notJson(text);
  if (!isObject(file)) return damaged('line 1', 'no registry: an object is expected');
  const { format, sha256, state } = file;
  if (format !== FORMAT) return damaged('format', `${shown(format)}, only ${FORMAT} is known`);
  if (sha256 !== checksumOf(state))
    return damaged('sha256', 'the checksum is not that of the state');
  const checked = stored.safeParse(state);
  return checked.success ? { ok: true, stored: checked.data } : violation(checked.error);
}

/** Over the values, not over the text: white space does not matter. */
const checksumOf = (state: unknown) =>
  createHash('sha256')
    // A file may have no state at all.
    .update(state === undefined ? '' : JSON.stringify(state))
    .digest('hex');

const shown = (value: unknown) => (value === undefined ? 'missing' : JSON.stringify(value));

/** Undefined stands for no JSON: JSON has no value of its own for it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function notJson(text: string): Decoded {
  if (text.trim() === '') return damaged('line 1', 'empty');
  const { line, column } = syntaxErrorAt(text) ?? { line: 1, column: 1 };
  const rest = text
    .split('\n')
    .slice(line - 1)
    .join('\n')
    .slice(column - 1);
  // The last character that is written is a bracket.
  const isCut = rest.trim() === '' || !text.trimEnd().endsWith('}');
  const what = isCut ? 'cut off: the rest is missing' : 'no JSON from here';
  return damaged(`line ${line}, column ${column}`, what);
}

function violation({ issues: [first] }: z.ZodError): Decoded {
  const path = ['state', ...(first?.path ?? [])].join('.');
  return damaged(path, first?.message ?? 'not as expected');
}

const damaged = (where: string, what: string): Decoded => ({ ok: false, damage: { where, what } });
