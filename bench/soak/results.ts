/** What a soak yields: kept as JSON, shown on the terminal and in HTML. */
import type { Machine } from '../figures/results.js';
import type { SoakOptions } from './options.js';
import type { Happening, Timing } from './plan.js';

/** What is known of one process at one moment. */
export interface Look {
  /** Since the load began. */
  readonly minute: number;
  /** As the supervisor calls it: `worker-1`. */
  readonly role: string;
  readonly pid: number;
  /** MiB. */
  readonly memory: number;
  readonly descriptors: number;
  /** Of libuv, with those of the sockets; undefined: it has not told yet. */
  readonly handles: number | undefined;
  /** Milliseconds by which timers of its event loop came late: 99 of 100 by no more. Undefined as above. */
  readonly lag: number | undefined;
}

/** Answers between two looks. */
export interface Slice {
  readonly minute: number;
  readonly answers: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Traffic {
  readonly sent: number;
  readonly answered: number;
  /** Given up by the client itself in the middle, as users do. */
  readonly abandoned: number;
  /** Connections that ended before an answer was whole, and whose request was sent once more, by how it ended. */
  readonly repeated: Readonly<Record<string, number>>;
  /** What became of the others, and how often. */
  readonly lost: Readonly<Record<string, number>>;
}

export interface Soaked {
  /** ISO 8601. */
  readonly began: string;
  readonly command: string;
  readonly machine: Machine;
  readonly options: SoakOptions;
  readonly timing: Timing;
  /** How long it lasted in fact. */
  readonly minutes: number;
  readonly happened: readonly { readonly minute: number; readonly what: Happening }[];
  readonly traffic: Traffic;
  readonly looks: readonly Look[];
  readonly slices: readonly Slice[];
  /** What must not happen and did: a process that ended by itself, a fault in a log, a file left behind. */
  readonly wrong: readonly string[];
}
