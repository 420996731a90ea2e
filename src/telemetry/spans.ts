/** What a worker tells a tracer of one request: an interface, so that nobody pays for one that is not there. */
import type { Account } from '../wire/account.js';

export interface Tracing {
  /** A request begins; undefined: its trace is not sampled. `head`: as it comes from the frontend. */
  begun(method: string, head: string): ExchangeSpan | undefined;
  /** Sends what waits, for a few seconds at most. */
  close(): Promise<void>;
}

export interface ExchangeSpan {
  /** One try to have it answered by one server. */
  attempt(about: AttemptAbout): AttemptSpan;
  /** Once; what is told later is not heeded. */
  end(result: SpanResult, account: Account): void;
}

export interface AttemptAbout {
  /** The number of its version. */
  readonly version: string;
  /** `host:port`. */
  readonly server: string;
  /** 1 for the first. */
  readonly number: number;
}

export interface AttemptSpan {
  /** What the server gets in the field of that name. */
  readonly traceparent: string;
  /** Once; what is told later is not heeded. */
  end(result: SpanResult): void;
}

export interface SpanResult {
  /** Undefined: no head of an answer. */
  readonly status: number | undefined;
  /** Why there is no whole answer; undefined: there is one. `aborted`: nobody waited for it. */
  readonly code: string | undefined;
}
