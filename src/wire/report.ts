/**
 * What workers and control tell each other about ten times a second while there is something to tell.
 * Nothing of it is needed to serve a request.
 */
import type { SessionId, Share, VersionId } from '../kernel/ids.js';
import type { Example } from '../verdict/dossier.js';
import type { Signal } from '../verdict/signals.js';
import type { Tally } from '../verdict/tally.js';

/**
 * What a report may hold; control refuses more, so that no worker can fill its memory. More versions than
 * anybody keeps, examples of a tenth of a second, few of them with a pair, and slots of ten minutes: a worker that could not report
 * for longer leaves the oldest out.
 */
export const MOST_REPORTED = { versions: 64, examples: 64, pairs: 16, slots: 64 } as const;

/** Milliseconds between two reports of one worker: what one counts, all know within 100 ms. */
export const REPORT = 40;

/**
 * Reports of all workers together, each second, that control wants at most: a third of a core. Of more workers
 * than make so many each says less often what it has counted.
 */
export const MOST_REPORTS = 8000;

/** Milliseconds: no worker is told to be silent for longer. */
export const LONGEST_REPORT = 1000;

/** Milliseconds between two reports of each of so many workers; `slowed`: so many times as long. */
export const reportEvery = (workers: number, slowed = 1): number =>
  Math.min(LONGEST_REPORT, slowed * Math.max(REPORT, Math.ceil((workers * 1000) / MOST_REPORTS)));

/** Of one worker, since its report before. What is lost with a connection is not said again. */
export interface WorkerReport {
  /** 1, 2, … in one life of a worker. */
  readonly sequence: number;
  readonly versions: readonly VersionReport[];
}

export interface VersionReport {
  readonly version: VersionId;
  /** Requests that move a GRADUAL upgrade: those that came while this version was the one under way. */
  readonly counted: number;
  readonly tally: Tally;
  readonly examples: readonly SignalExample[];
  readonly sessions: readonly SessionsSeen[];
}

export interface SignalExample {
  readonly signal: Signal;
  readonly example: Example;
}

/** Sessions whose cookies were set, by when. */
export interface SessionsSeen {
  /** Whole seconds since 1970, the beginning of a slot of `SESSION_SLOT`. */
  readonly at: number;
  /** Made by `sessionNumber`; the least `MOST_SESSION_NUMBERS`, in no order. */
  readonly sessions: readonly number[];
}

/** Seconds. */
export const SESSION_SLOT = 10;

/**
 * Of one slot and version. Ids are random, so that from the least numbers the number of all can be told:
 * exactly where there are fewer, else to about 3 % (Bar-Yossef et al., "Counting distinct elements in a
 * data stream", 2002, algorithm 1).
 */
export const MOST_SESSION_NUMBERS = 1024;

/** The first 48 bits of a session id: a whole number below 2 ** 48. */
export const sessionNumber = (id: SessionId): number =>
  Buffer.from(id.slice(0, 8), 'base64url').readUIntBE(0, 6);

/** Control → worker: how far the upgrade under way is. */
export interface Progress {
  readonly version: VersionId;
  /** Of new sessions, as it grows; what `steps` make of it is for the worker to say. */
  readonly share: Share;
  /** Whether requests add to it now: not while the verdict is doubtful. */
  readonly isHeld: boolean;
  /** The sequence of this worker's last report that is counted in; 0: none. */
  readonly taken: number;
}
