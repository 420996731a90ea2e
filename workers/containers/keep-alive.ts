import { tokensOf } from '../../src/http/fields.js';
import type { AnswerHead } from '../../src/http/message.js';

/** A server that closes after so many seconds may do so while our request is on its way. */
const MARGIN = 1000;

/**
 * Milliseconds that a connection may wait for its next request: `most`, or less if the server says
 * in `Keep-Alive: timeout=5` (seconds, RFC 2068 §19.7.1.1) that it closes earlier.
 */
export function idleAllowed(head: AnswerHead, most: number): number {
  for (const token of tokensOf(head, 'keep-alive')) {
    const seconds = /^timeout=(\d{1,6})$/.exec(token)?.[1];
    if (seconds !== undefined) return Math.min(most, Math.max(0, Number(seconds) * 1000 - MARGIN));
  }
  return most;
}
