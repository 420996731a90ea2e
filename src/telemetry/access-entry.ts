/** What the access log tells of one request. */
import type { RequestHead } from '../http/message.js';
import type { ErrorCode } from '../kernel/errors.js';
import type { Account } from '../wire/account.js';

/** What is known once the head of a request is here. Times in milliseconds. */
export interface Begun {
  /** Undefined: what came was none. */
  readonly head: RequestHead | undefined;
  /** The client's address, if a trusted sender has told it. */
  readonly client: string | undefined;
  readonly requestId: string | undefined;
  readonly traceId: string | undefined;
  /** Since 1970. */
  readonly wall: number;
  /** Monotonic. */
  readonly at: number;
}

/**
 * `complete`: the client was given a whole answer, if perhaps our own. `aborted`: it has gone before, or was
 * given up. `cut`: the answer ended in the middle.
 */
export type Ending = 'complete' | 'aborted' | 'cut';

export interface AccessEntry {
  readonly begun: Begun;
  readonly ending: Ending;
  /** `ABORTED` where no answer had begun. */
  readonly status: number;
  /** Of the answer's body, without chunk framing; in a tunnel, of what the server sent. */
  readonly bytes: number;
  /** Monotonic milliseconds: when the head of the answer was handed on; undefined: it was not. */
  readonly answeredAt: number | undefined;
  readonly endedAt: number;
  /** Why we answered ourselves. */
  readonly code: ErrorCode | undefined;
  /** Undefined: no worker has told. */
  readonly account: Account | undefined;
  /** How often the request was given to a worker. */
  readonly givings: number;
}

/** No client sees it: a status for a client that is not there any more, as other proxies log it. */
export const ABORTED = 499;
