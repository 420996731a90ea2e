/**
 * JSON (RFC 8259) for comparing. JSON.parse would make differences vanish: long numbers are rounded, of
 * equal names the last one wins. Here numbers stay text, and what names a member twice is no JSON.
 */

export type Json =
  /** Numbers, true, false and null as written; strings in one spelling. */
  | { readonly kind: 'scalar'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Json[] }
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, Json> };

/** What nests deeper is compared by digest. */
export const MOST_DEPTH = 64;

/** Undefined: no JSON in UTF-8, or too deep. The caller bounds its size. */
export function parsedJson(bytes: Uint8Array): Json | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const reader: Reader = { text, at: 0 };
    const value = readValue(reader, 0);
    take(reader, SPACE);
    return reader.at === text.length ? value : undefined;
  } catch (cause) {
    if (cause instanceof NoJson || cause instanceof TypeError) return undefined; // TypeError: no UTF-8
    throw cause;
  }
}

class NoJson extends Error {}

interface Reader {
  readonly text: string;
  at: number;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function take(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0];
  reader.at += found?.length ?? 0;
  return found;
}

/** Whether the next character that is no space is this one, which is then read. */
function takes(reader: Reader, character: string): boolean {
  take(reader, SPACE);
  if (reader.text[reader.at] !== character) return false;
  reader.at += 1;
  return true;
}

function must(reader: Reader, character: string): void {
  if (!takes(reader, character)) throw new NoJson();
}

function readValue(reader: Reader, depth: number): Json {
  if (depth > MOST_DEPTH) throw new NoJson();
  if (takes(reader, '{')) return { kind: 'object', members: readMembers(reader, depth + 1) };
  if (takes(reader, '[')) return { kind: 'array', items: readItems(reader, depth + 1) };
  const literal = take(reader, LITERAL);
  return { kind: 'scalar', text: literal ?? JSON.stringify(readString(reader)) };
}

function readString(reader: Reader): string {
  take(reader, SPACE);
  const quoted = take(reader, STRING);
  if (quoted === undefined) throw new NoJson();
  return JSON.parse(quoted) as string; // the pattern lets only a string through
}

function readItems(reader: Reader, depth: number): readonly Json[] {
  const items: Json[] = [];
  if (takes(reader, ']')) return items;
  do items.push(readValue(reader, depth));
  while (takes(reader, ','));
  must(reader, ']');
  return items;
}

function readMembers(reader: Reader, depth: number): ReadonlyMap<string, Json> {
  const members = new Map<string, Json>();
  if (takes(reader, '}')) return members;
  do {
    const name = readString(reader);
    if (members.has(name)) throw new NoJson();
    must(reader, ':');
    members.set(name, readValue(reader, depth));
  } while (takes(reader, ','));
  must(reader, '}');
  return members;
}
