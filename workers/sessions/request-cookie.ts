/**
 * Our cookie ends at Cutover: it is taken out of requests, and containers cannot set it. Heads are
 * Latin-1 text whose lines end in CRLF. All other bytes stay as they are.
 */
import { trimmed } from '../../src/http/white-space.js';
import { COOKIE } from './signed-cookie.js';

export interface Taken {
  /** Of our cookie, as received: an old or a foreign one may stand beside the right one. */
  readonly values: readonly string[];
  readonly head: string;
}

/** That many are looked at: each costs a digest per key. */
const MAX_VALUES = 4;

const COOKIE_LINE = /\r\ncookie:([^\r\n]*)/gi;
const SET_COOKIE_LINE = /(?<![^\n])set-cookie:([^\r\n]*)(?:\r\n|$)/gi;
const FIRST_BLANKS = /^[ \t]*/;

/** What a client sends as ours, and the request's head (to the empty line or further) without it. */
export function takenFrom(head: string): Taken {
  if (!head.includes(`${COOKIE}=`)) return { values: [], head };
  const empty = head.indexOf('\r\n\r\n');
  const end = empty < 0 ? head.length : empty;
  const values: string[] = [];
  const fields = head.slice(0, end).replace(COOKIE_LINE, (line: string, cookies: string) => {
    const pairs = cookies.split(';');
    const others = pairs.filter(pair => !isOurs(pair));
    if (others.length === pairs.length) return line;
    values.push(...pairs.filter(isOurs).map(valueOf));
    const name = line.slice(0, line.length - cookies.length);
    return others.every(pair => trimmed(pair) === '') ? '' : name + joined(others, cookies);
  });
  return { values: values.slice(0, MAX_VALUES), head: fields + head.slice(end) };
}

/** The fields of an answer, each with its CRLF, without those that set a cookie of our name. */
export const withoutOurs = (fields: string): string =>
  fields.replace(SET_COOKIE_LINE, (line, cookie: string) => (setsOurs(cookie) ? '' : line));

/**
 * A pair ends at its semicolon, inside quotes as well (RFC 6265 §4.2.1): a browser that has stored one
 * quote in the value of another cookie must not hide ours behind it.
 */
const isOurs = (pair: string) => trimmed(pair).startsWith(`${COOKIE}=`);

/** Without the quotes that RFC 6265 §4.1.1 allows. */
function valueOf(pair: string): string {
  const value = trimmed(pair.slice(pair.indexOf('=') + 1));
  return /^"(.*)"$/.exec(value)?.[1] ?? value;
}

/** Where the first pair was ours, the next one stands in its place. */
function joined(others: readonly string[], before: string): string {
  const blanks = FIRST_BLANKS.exec(before)?.[0] ?? '';
  return blanks + others.join(';').replace(FIRST_BLANKS, '');
}

/** As browsers read it: the name ends at the first `=`, and blanks around it do not count. */
function setsOurs(cookie: string): boolean {
  const [pair = ''] = cookie.split(';', 1);
  const equals = pair.indexOf('=');
  return equals >= 0 && trimmed(pair, 0, equals) === COOKIE;
}
