/** How this worker came by an answer, as it is told to the frontend and in a span. */
import type { Account, Compared } from '../src/wire/account.js';
import type { Admitted } from './admissions.js';
import type { Asking } from './asking.js';
import type { Attempt } from './attempt.js';

/** Characters: a version can have a longer number than anybody wants to read in a line. */
const LONGEST_VERSION = 256;

/** `accepted`: the attempt that brought the answer; undefined: there is none. */
export function accountOf(
  { strategy, session }: Pick<Admitted, 'strategy' | 'session'>,
  { last, attempts }: Pick<Asking, 'last' | 'attempts'>,
  about: { readonly accepted: Attempt | undefined; readonly compared: Compared | undefined },
): Account {
  const { accepted, compared } = about;
  const { version, server } = accepted ?? last ?? {};
  const number = version?.number.slice(0, LONGEST_VERSION) ?? '';
  const isRescued = accepted !== undefined && accepted.number > 1;
  return [
    number,
    strategy ?? '',
    server?.name ?? '',
    attempts,
    isRescued,
    compared ?? '',
    session ?? '',
  ];
}
