/**
 * The field `Cutover`, which tells a client who has answered: a dictionary of RFC 9651. Whoever reads it
 * must be able to believe it, so that servers cannot set it.
 */
import type { Account } from '../wire/account.js';

/** The field line, with its CRLF. `isRepeated`: the frontend has given the request to another worker, too. */
export function answerField(account: Account, isRepeated = false): string {
  const [version, strategy, , , isRescued, compared] = account;
  const members = [
    ...(version === '' ? [] : [`version="${version}"`]), // digits and dots: nothing to escape
    ...(strategy === '' ? [] : [`strategy=${strategy}`]),
    ...(isRescued || isRepeated ? ['rescued'] : []), // §3.2: a member without a value is true
    ...(compared === '' ? [] : [`compared=${compared}`]),
  ];
  // §3.2: an empty dictionary is told by leaving the field out.
  return members.length === 0 ? '' : `Cutover: ${members.join(', ')}\r\n`;
}

const LINES = /^cutover:[^\n]*\n/gim;

/** Field lines without those of that name, whatever its spelling. */
export const withoutAnswerField = (lines: string): string => lines.replace(LINES, '');

const REQUEST_ID_LINE = /^x-request-id:/im;

export const namesRequest = (lines: string): boolean => REQUEST_ID_LINE.test(lines);
