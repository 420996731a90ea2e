/**
 * Where a text stops being JSON (RFC 8259), or undefined if it is JSON. JSON.parse says that it is
 * not, but not reliably where.
 */
export function syntaxErrorAt(text: string): { line: number; column: number } | undefined {
  const scanner = { text, at: 0 };
  const whole = skipValue(scanner) && skip(scanner, SPACE) && scanner.at === text.length;
  if (whole) return undefined;
  const before = text.slice(0, scanner.at).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

interface Scanner {
  readonly text: string;
  /** Everything before is the beginning of some JSON. */
  at: number;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR =
  /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const token = (character: string) => new RegExp(`\\${character}`, 'y');

function skip(scanner: Scanner, pattern: RegExp): boolean {
  pattern.lastIndex = scanner.at;
  const [found] = pattern.exec(scanner.text) ?? [];
  scanner.at += found?.length ?? 0;
  return found !== undefined;
}

function skipValue(scanner: Scanner): boolean {
  skip(scanner, SPACE);
  if (skip(scanner, token('{'))) return skipItems(scanner, skipMember, token('}'));
  if (skip(scanner, token('['))) return skipItems(scanner, skipValue, token(']'));
  return skip(scanner, SCALAR);
}

function skipItems(
  scanner: Scanner,
  skipItem: (scanner: Scanner) => boolean,
  end: RegExp,
): boolean {
  skip(scanner, SPACE);
  if (skip(scanner, end)) return true;
  while (skipItem(scanner)) {
    skip(scanner, SPACE);
    if (skip(scanner, end)) return true;
    if (!skip(scanner, token(','))) return false;
  }
  return false;
}

function skipMember(scanner: Scanner): boolean {
  skip(scanner, SPACE);
  if (!skip(scanner, STRING)) return false;
  skip(scanner, SPACE);
  return skip(scanner, token(':')) && skipValue(scanner);
}
