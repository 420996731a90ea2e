/** What a request is called in every log: that which its client says, if it can be used, or else a new name. */
import { valuesOf } from '../http/fields.js';
import type { RequestHead } from '../http/message.js';
import type { HexPool } from './hex-pool.js';
import { newTraceparent, parsedTraceparent } from './traceparent.js';

export interface RequestIds {
  readonly requestId: string;
  readonly traceId: string;
  readonly traceparent: string;
  /** `tracestate` belongs to a traceparent of the client's that is valid. */
  readonly keepsState: boolean;
}

/** 1 to 128 unreserved characters (RFC 3986 §2.3): they mean nothing in fields, logs, shells and URLs. */
const REQUEST_ID = /^[\w.~-]{1,128}$/;
const TRACE_DIGITS = 32;
const PREFIX_DIGITS = 16;

export class IdMaker {
  readonly #pool: HexPool;
  /** Of this process: so that only its first part must be drawn by lot, and lines of one process sort. */
  readonly #prefix: string;
  #made = 0;

  constructor(pool: HexPool) {
    this.#pool = pool;
    this.#prefix = pool.take(PREFIX_DIGITS);
  }

  /** A name that nobody else has; it is not secret, and the next one can be guessed. */
  requestId(): string {
    this.#made += 1;
    return `${this.#prefix}-${this.#made.toString(36)}`;
  }

  /** Of several fields of a name none counts. */
  of(head: RequestHead): RequestIds {
    const given = only(head, 'x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : this.requestId();
    const traceparent = only(head, 'traceparent');
    const parent = traceparent === undefined ? undefined : parsedTraceparent(traceparent);
    if (parent !== undefined && traceparent !== undefined) {
      return { requestId, traceId: parent.traceId, traceparent, keepsState: true };
    }
    const traceId = this.#pool.take(TRACE_DIGITS);
    return { requestId, traceId, traceparent: newTraceparent(traceId), keepsState: false };
  }
}

function only(head: RequestHead, name: string): string | undefined {
  const values = valuesOf(head, name);
  return values.length === 1 ? values[0] : undefined;
}
