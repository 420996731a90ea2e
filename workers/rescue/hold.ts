/** How much of an answer is held before it is decided upon. Times are milliseconds. */
import { valuesOf } from '../../src/http/fields.js';
import type { AnswerFraming, AnswerHead } from '../../src/http/message.js';
import { bytesToCompare } from '../comparison/comparable.js';

export interface Hold {
  readonly bytes: number;
  readonly ms: number;
}

const none: Hold = { bytes: 0, ms: 0 };

/** How long the end of an answer without a declared length is waited for: it may have none. */
export const UNDECLARED_HOLD = 100;

export interface HoldTerms {
  /** Bytes. */
  readonly most: number;
  /** For which a silent server is waited. */
  readonly patience: number;
}

/**
 * An answer that may be rescued is kept until it is whole: then a server that dies in the middle of it
 * has told the client nothing. What is larger than `most` flows at once, and so do event streams; what
 * drips flows once a silent server would have been given up for certain.
 */
export function heldForRescue(
  head: AnswerHead,
  framing: AnswerFraming,
  { most, patience }: HoldTerms,
): Hold {
  switch (framing.kind) {
    case 'none':
    case 'tunnel':
      return none;
    case 'length':
      return framing.bytes > most ? none : { bytes: framing.bytes, ms: 2 * patience };
    case 'chunked':
    case 'close':
      return isEventStream(head) ? none : { bytes: most, ms: UNDECLARED_HOLD };
  }
}

/** What is needed to compare an answer; an event stream is compared by its head. */
export const heldToCompare = (head: AnswerHead, framing: AnswerFraming, ms: number): Hold =>
  isEventStream(head) ? none : { bytes: bytesToCompare(framing), ms };

export const isEventStream = (head: AnswerHead): boolean =>
  valuesOf(head, 'content-type').some(value => /^text\/event-stream\b/i.test(value));
