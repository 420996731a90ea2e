/**
 * Servers before versions: failures of one server are kept back until it is known whose they are. A server
 * that answers again in between has failed for its version; one that is left out, while others of its
 * version serve, has failed for itself alone, and its failures say nothing of the version.
 */
import type { Pair } from '../../src/verdict/pair.js';
import type { Observation } from '../../src/wire/observation.js';

export interface Observed {
  readonly observation: Observation;
  readonly method: string;
  readonly target: string;
  /** Milliseconds of the wall clock. */
  readonly at: number;
  /** Of an answer that differed. */
  readonly pair?: (() => Pair) | undefined;
}

/** `undecided`: it has failed, and is not left out yet. */
export type Blame = 'server' | 'version' | 'undecided';

/** Of one server. More in a row leave it out. */
const MOST_WITHHELD = 64;
const MOST_SERVERS = 4096;

export class Withheld {
  readonly #report: (observed: Observed) => void;
  /** By server, the failures since it last answered. */
  readonly #runs = new Map<string, Observed[]>();

  constructor(report: (observed: Observed) => void) {
    this.#report = report;
  }

  answered(observed: Observed): void {
    if (this.#runs.size > 0) this.#release(observed);
    this.#report(observed);
  }

  failed(observed: Observed, blame: Blame): void {
    if (blame === 'server') {
      this.#runs.delete(keyOf(observed));
      return;
    }
    const run = this.#runs.get(keyOf(observed)) ?? [];
    const hasRoom = run.length < MOST_WITHHELD && this.#runs.size < MOST_SERVERS;
    if (blame === 'undecided' && hasRoom) {
      run.push(observed);
      this.#runs.set(keyOf(observed), run);
      return;
    }
    this.#release(observed);
    this.#report(observed);
  }

  #release(observed: Observed): void {
    const run = this.#runs.get(keyOf(observed));
    if (run === undefined) return;
    this.#runs.delete(keyOf(observed));
    run.forEach(each => this.#report(each));
  }
}

/** Two versions may share a server. */
const keyOf = ({ observation: { version, server } }: Observed) => `${version} ${server}`;
