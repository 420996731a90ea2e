/**
 * Text of clients in lines of a log. Heads are Latin-1, so a character is a byte. Whatever is not printable
 * ASCII is escaped: line ends would forge lines, and control characters (C1 ones, too) command terminals.
 */

/** Characters that are kept of one value. */
export const LONGEST_VALUE = 2048;

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const SPECIAL = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;

const shortened = (text: string) =>
  text.length > LONGEST_VALUE ? text.slice(0, LONGEST_VALUE) : text;

const digits = (char: string, count: number) =>
  char.charCodeAt(0).toString(16).padStart(count, '0');

const inJson = (char: string) =>
  char === '"' || char === '\\' ? `\\${char}` : `\\u${digits(char, 4)}`;

/** A string of JSON, with its quotes, in nothing but printable ASCII. */
export function jsonText(text: string): string {
  const kept = shortened(text);
  return PLAIN.test(kept) ? `"${kept}"` : `"${kept.replace(SPECIAL, inJson)}"`;
}

const inQuotes = (char: string) =>
  char === '"' || char === '\\' ? `\\${char}` : `\\x${digits(char, 2)}`;

/** What stands between the quotes of a Combined line; `-` for nothing. */
export function quotedText(text: string): string {
  const kept = shortened(text);
  if (kept === '') return '-';
  return PLAIN.test(kept) ? kept : kept.replace(SPECIAL, inQuotes);
}
