/** What one client's connection tells the access log, where there is one. */
import type { Clock } from '../kernel/clock.js';
import { kindOf, type ErrorCode } from '../kernel/errors.js';
import { ABORTED, type AccessEntry, type Begun, type Ending } from '../telemetry/access-entry.js';
import type { Account } from '../wire/account.js';
import { ourBytes } from './our-answer.js';

/** What a client has been given so far in answer to one request. */
export interface Given {
  status: number;
  /** Of the body. */
  bytes: number;
  /** Monotonic milliseconds; undefined: nothing yet. */
  answeredAt: number | undefined;
  code: ErrorCode | undefined;
  account: Account | null;
}

export const nothingGiven = (): Given => ({
  status: ABORTED,
  bytes: 0,
  answeredAt: undefined,
  code: undefined,
  account: null,
});

export class AccessNotes {
  readonly #log: ((entry: AccessEntry) => void) | undefined;
  readonly #clock: Clock;

  /** Without a `log` nothing is told. */
  constructor(log: ((entry: AccessEntry) => void) | undefined, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The head of an answer goes to the client. */
  answered(given: Given, status: number, account: Account | null): void {
    if (this.#log === undefined) return;
    given.status = status;
    given.account = account;
    given.answeredAt = this.#clock.now();
  }

  /** … of one that is ours. */
  answeredBy(code: ErrorCode, headOnly: boolean, given: Given, account: Account | null): void {
    if (this.#log === undefined) return;
    this.answered(given, kindOf(code).status, account);
    given.bytes = ourBytes(code, headOnly);
    given.code = code;
  }

  /** `givings`: how often the request was given to a worker. */
  ended(begun: Begun | undefined, given: Given, ending: Ending, givings: number): void {
    if (this.#log === undefined || begun === undefined) return;
    const { account, ...rest } = given;
    const endedAt = this.#clock.now();
    this.#log({ begun, ending, ...rest, endedAt, account: account ?? undefined, givings });
  }

  /** We have answered what was given to no worker. */
  own(code: ErrorCode, headOnly: boolean, begun: Begun | undefined): void {
    if (this.#log === undefined || begun === undefined) return;
    const given = nothingGiven();
    this.answeredBy(code, headOnly, given, null);
    this.ended(begun, given, 'complete', 0);
  }

  /** The client has gone, and there are these that nobody was asked about. */
  untaken(all: readonly Begun[]): void {
    for (const begun of all) this.ended(begun, nothingGiven(), 'aborted', 0);
  }
}
