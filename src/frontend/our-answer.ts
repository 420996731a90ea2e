/** What a frontend itself answers, by the code of what went wrong. */
import { ownAnswer, ownBody } from '../http/own-answers.js';
import { kindOf, type ErrorCode } from '../kernel/errors.js';

const RETRY_AFTER = 1;

/** `fields`: further field lines, each with its CRLF. */
export function ourAnswer(
  code: ErrorCode,
  how: { readonly keepAlive: boolean; readonly headOnly: boolean },
  fields: string,
): Buffer {
  const { status } = kindOf(code);
  const retryAfter = status === 503 ? RETRY_AFTER : undefined;
  return ownAnswer({ status, text: textOf(code), ...how, retryAfter, fields });
}

/** Bytes of the answer's body. */
export const ourBytes = (code: ErrorCode, headOnly: boolean): number =>
  headOnly ? 0 : ownBody({ text: textOf(code) }).length;

const textOf = (code: ErrorCode): string => {
  const { status, meaning } = kindOf(code);
  return `${status}: ${meaning} (${code})`;
};
