/** What one run yields: kept as JSON, shown on the terminal. */
import type { Machine } from '../figures/results.js';
import type { Spread } from '../figures/statistics.js';
import type { ScaleOptions } from './options.js';

/** One change of the routing table; milliseconds. */
export interface SpreadChange {
  /** From PUT to its 202. */
  readonly answered: number;
  /** From the 202 until the last worker routes by it; below 0: it did before the operator was answered. */
  readonly taken: number;
  /** From the 202 until control says that the last one has acknowledged it. */
  readonly acknowledged: number;
}

/** A second of load, or so. */
export interface Slice {
  /** Seconds since the load began. */
  readonly at: number;
  /** Simulated requests, and reports that have left, each second. */
  readonly requests: number;
  readonly reports: number;
  /** Cores that control took: all of its threads, and its event loop alone. */
  readonly cpu: number;
  readonly loop: number;
  /** Milliseconds by which its timers came late. */
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Milliseconds from a report until its worker heard that it was counted in. */
  readonly lag: { readonly p50: number; readonly p99: number };
  /** MiB. */
  readonly memory: number;
  readonly heap: number;
}

/** Milliseconds from the first bad answer. */
export interface Demotion {
  /** Until the last worker knew that the version was taken back. */
  readonly lastWorker: number;
}

export interface Merged {
  readonly slices: readonly Slice[];
  readonly demotions: readonly Demotion[];
  /** Requests that could not be simulated in time: the machine was too slow for so many. */
  readonly missed: number;
  /** First attempts that were reported, and that control had counted at the end: the same number. */
  readonly told: number;
  readonly counted: number;
  /** Of one answer of `GET /metrics` under load: milliseconds, and KiB. */
  readonly scrape: { readonly ms: number; readonly kib: number };
}

export interface Measured {
  readonly workers: number;
  readonly changes: readonly SpreadChange[];
  /** MiB of control, and cores that it takes, with all workers linked and nothing to report. */
  readonly idle: { readonly memory: number; readonly cpu: number };
  readonly merged: Merged | undefined;
  readonly wrong: readonly string[];
}

export interface Scaled {
  /** ISO 8601. */
  readonly began: string;
  readonly command: string;
  readonly machine: Machine;
  readonly options: ScaleOptions;
  readonly measured: readonly Measured[];
}

export type { Spread };
