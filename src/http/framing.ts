/**
 * How a body ends: RFC 9112 §6.3, in its order, for requests and for answers. Wherever the RFC lets a
 * recipient repair a message, we refuse it: if anybody before or behind us repairs it in another
 * way, one message becomes two.
 */
import { CutoverError } from '../kernel/errors.js';
import { inAnswer, inRequestHead, malformed, type Faults } from './faults.js';
import { valuesOf } from './fields.js';
import type { AnswerFraming, AnswerHead, RequestFraming, RequestHead } from './message.js';

const NONE = { kind: 'none' } as const;
const CHUNKED = { kind: 'chunked' } as const;
const CLOSE = { kind: 'close' } as const;
const TUNNEL = { kind: 'tunnel' } as const;

/** Fifteen digits are exact in a number. */
const LENGTH = /^\d{1,15}$/;

export function requestFraming(head: RequestHead): RequestFraming {
  const codings = valuesOf(head, 'transfer-encoding');
  const lengths = valuesOf(head, 'content-length');

  if (codings.length > 0) {
    refuseDoubleFraming(head, lengths, inRequestHead);
    // A list, a second line, another coding: chunked alone is what everybody reads alike.
    if (!isChunked(codings)) throw new CutoverError('ERR_CODING_UNKNOWN', 'not chunked alone');
    return CHUNKED;
  }
  const bytes = declaredLength(lengths, inRequestHead);
  return bytes === undefined ? NONE : { kind: 'length', bytes };
}

/** What was asked decides with what the answer means. */
export interface Asked {
  readonly method: string;
  /** The request asked for another protocol. */
  readonly upgrade: boolean;
}

export function answerFraming(head: AnswerHead, asked: Asked): AnswerFraming {
  const codings = valuesOf(head, 'transfer-encoding');
  const lengths = valuesOf(head, 'content-length');

  // First, although the RFC begins with what has no body anyway: both fields travel on.
  if (codings.length > 0) refuseDoubleFraming(head, lengths, inAnswer);
  const bytes = declaredLength(lengths, inAnswer);

  if (head.status === 101) {
    if (!asked.upgrade) throw malformed(inAnswer, 'another protocol that nobody asked for');
    return TUNNEL;
  }
  if (asked.method === 'HEAD' || isBodiless(head.status)) return NONE;
  if (codings.length > 0) {
    // The RFC reads other codings up to the end of the connection. We could not pass them on:
    // Transfer-Encoding ends here, and the client would take the coded bytes for the content.
    if (!isChunked(codings)) throw malformed(inAnswer, 'not chunked alone');
    return CHUNKED;
  }
  return bytes === undefined ? CLOSE : { kind: 'length', bytes };
}

/** RFC 9110 §6.4.1, whatever the fields say. */
export const isBodiless = (status: number): boolean =>
  status < 200 || status === 204 || status === 304;

function refuseDoubleFraming(
  head: RequestHead | AnswerHead,
  lengths: readonly string[],
  faults: Faults,
): void {
  if (lengths.length > 0) throw malformed(faults, 'both Transfer-Encoding and Content-Length');
  if (head.version === '1.0') throw malformed(faults, 'Transfer-Encoding in HTTP/1.0'); // §6.1
}

const isChunked = (codings: readonly string[]) =>
  codings.length === 1 && codings[0]?.toLowerCase() === 'chunked';

/** §6.3 tolerates equal repeats; we do not. */
function declaredLength(lengths: readonly string[], faults: Faults): number | undefined {
  const [length] = lengths;
  if (length === undefined) return undefined;
  if (lengths.length > 1 || !LENGTH.test(length)) throw malformed(faults, 'Content-Length');
  return Number(length);
}
