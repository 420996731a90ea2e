/**
 * What frontends and workers tell control about once a second for its metrics: what is now, and what was
 * counted since the last time. Nothing of it is needed to serve a request, or to judge a version.
 *
 * Counts are differences, not sums of a process' whole life: so what control adds up never falls when a
 * process ends, and begins at 0 with a new control, as Prometheus expects of a counter.
 */
import type { StrategyName } from '../config/cluster.js';
import type { ErrorCode } from '../kernel/errors.js';
import type { VersionId } from '../kernel/ids.js';
import type { Durations } from '../measures/durations.js';
import type { FailureKind } from '../verdict/tally.js';
import type { Outcome } from './observation.js';

/**
 * What one message may hold: as many versions as a report has, and more workers than a frontend of any use
 * has. What comes of further ones is not told.
 */
export const MOST_MEASURES = { versions: 64, workers: 64 } as const;

/** Milliseconds between two of them. */
export const MEASURE = 1000;

export interface Measures {
  readonly process: ProcessMeasures;
  readonly work: FrontendMeasures | WorkerMeasures;
}

export interface ProcessMeasures {
  /** Milliseconds since the measures before. */
  readonly period: number;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** Seconds of processor time since then. */
  readonly cpu: number;
  /** Of one core, in this period: 0 to 1, and more. */
  readonly load: number;
  /** Bytes: resident, and used of JavaScript's heap. */
  readonly memory: number;
  readonly heap: number;
  /** Seconds. */
  readonly eventLoopDelay: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** `1xx` is 101, a tunnel; `none`: no head of an answer. */
export const statusClasses = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
export type StatusClass = (typeof statusClasses)[number];

/**
 * What became of a client's request. `answered`: whole; `failed`: by an error of ours, instead of an answer;
 * `cut`: in the middle of its answer; `cancelled`: the client went away first.
 */
export const requestEnds = ['answered', 'failed', 'cut', 'cancelled'] as const;
export type RequestEnd = (typeof requestEnds)[number];

/** The same as a worker sees it; `rescued`: answered, but not by who was asked first. */
export const servedEnds = ['answered', 'rescued', 'failed', 'cut', 'cancelled'] as const;
export type ServedEnd = (typeof servedEnds)[number];

/** Of the upgrade that was under way; `NONE`: there was none. */
export const strategyLabels = ['NONE', 'INSTANT', 'SESSION', 'GRADUAL', 'CONCURRENT'] as const;
export type StrategyLabel = StrategyName | 'NONE';

/** `unknown`: one of them failed, came too late, or differs by chance as well. */
export const comparisonResults = ['agree', 'differ', 'unknown'] as const;
export type ComparisonResult = (typeof comparisonResults)[number];

export interface FrontendMeasures {
  readonly role: 'frontend';
  /** Requests without a whole answer. */
  readonly inFlight: number;
  /** Of these, those that wait for a worker. */
  readonly queued: number;
  /** Clients'. */
  readonly connections: number;
  /** `outstanding`: requests that it has of this frontend. */
  readonly workers: readonly {
    readonly name: string;
    readonly outstanding: number;
    readonly isDraining: boolean;
  }[];
  // Since the measures before:
  readonly requests: readonly {
    readonly end: RequestEnd;
    readonly status: StatusClass;
    readonly count: number;
  }[];
  /** From the whole request to the whole answer, of those that were answered. */
  readonly durations: Durations;
  /** In the queue, of those that had to wait and got a worker. */
  readonly waits: Durations;
  readonly accepted: number;
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Workers that died, hung or were cut off; what they had in flight was repeated, or failed. */
  readonly lost: { readonly workers: number; readonly repeated: number; readonly failed: number };
}

export interface WorkerMeasures {
  readonly role: 'worker';
  readonly inFlight: number;
  /** To servers. */
  readonly connections: { readonly busy: number; readonly idle: number };
  /** Servers that are left out. */
  readonly ejected: number;
  readonly versions: readonly VersionMeasures[];
}

/** Since the measures before. */
export interface VersionMeasures {
  readonly version: VersionId;
  /** By who was to serve, or did: the version that answered, else the one that was decided upon. */
  readonly requests: readonly {
    readonly strategy: StrategyLabel;
    readonly end: ServedEnd;
    readonly status: StatusClass;
    readonly count: number;
  }[];
  /** From the request to the end of its answer, of those that were answered or rescued. */
  readonly durations: Durations;
  /** Every one, also of a server whose failures are not its version's. */
  readonly attempts: Readonly<Record<Outcome, number>>;
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** From sending to the head of the answer, of attempts that did not fail. */
  readonly heads: Durations;
  readonly comparisons: Readonly<Record<ComparisonResult, number>>;
  readonly ejections: number;
  /** Cookies that were set. */
  readonly cookies: number;
}
