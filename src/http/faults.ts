/** The same rules are broken by clients and by containers, and cost them different codes. */
import { CutoverError, type ErrorCode } from '../kernel/errors.js';

export interface Faults {
  readonly malformed: ErrorCode;
  readonly tooLarge: ErrorCode;
}

export const inRequestHead: Faults = {
  malformed: 'ERR_HEAD_MALFORMED',
  tooLarge: 'ERR_HEAD_TOO_LARGE',
};

/** Chunks and trailers. Trailers are fields, so that 431 (RFC 6585 §5) is for them as well. */
export const inRequestBody: Faults = {
  malformed: 'ERR_BODY_MALFORMED',
  tooLarge: 'ERR_HEAD_TOO_LARGE',
};

export const inAnswer: Faults = {
  malformed: 'ERR_ANSWER_MALFORMED',
  tooLarge: 'ERR_ANSWER_MALFORMED',
};

/** What is said is of our own making: bytes of the peer belong into no log line. */
export const malformed = (where: Faults, what: string): CutoverError =>
  new CutoverError(where.malformed, `refused: ${what}`);

export const tooLarge = (where: Faults, what: string): CutoverError =>
  new CutoverError(where.tooLarge, `too large: ${what}`);
