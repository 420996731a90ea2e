/**
 * CONCURRENT: one request goes to two versions, and the newer one's answer is used only if it agrees with
 * the older one's. The client waits for the older answer, and a little longer, never for the newer one.
 */
import type { Clock } from '../src/kernel/clock.js';
import { CutoverError } from '../src/kernel/errors.js';
import type { VersionId } from '../src/kernel/ids.js';
import { within } from '../src/kernel/within.js';
import type { AnswerHead } from '../src/http/message.js';
import { isSafe } from '../src/http/methods.js';
import type { Version } from '../src/versions/version.js';
import type { ComparisonResult } from '../src/wire/measures.js';
import type { Compared } from '../src/wire/account.js';
import type { Accepted, Asking, Once, Result, Wanted } from './asking.js';
import type { Opened } from './attempt.js';
import { agreement, type Agreement } from './comparison/agreement.js';
import { bytesToCompare, comparable } from './comparison/comparable.js';
import { pairOf } from './comparison/excerpts.js';
import type { NoiseBook } from './comparison/noise-book.js';
import { heldToCompare, isEventStream } from './rescue/hold.js';

export interface ComparingHost {
  readonly clock: Clock;
  readonly noise: NoiseBook;
  /** Milliseconds that the older answer waits for the newer one. */
  readonly comparisonPatience: number;
  /** Milliseconds that the newer version may take altogether. */
  readonly newerPatience: number;
  /** Of the newer version: what came of comparing its answer. */
  compared(version: VersionId, result: ComparisonResult): void;
  /** Whether one more request may go to the older version, to learn what differs by chance. */
  mayAskAgain(): boolean;
  /** Whether answers that differ may be shown to who operates us. */
  readonly keepsEvidence: boolean;
}

type Difference = Extract<Agreement, { readonly kind: 'different' }>;

/** Both count as first attempts. */
const FIRST = 1;

export class Comparing {
  readonly #asking: Asking;
  readonly #host: ComparingHost;
  #rest: Promise<void> = Promise.resolve();
  #result: Compared | undefined;

  constructor(asking: Asking, host: ComparingHost) {
    this.#asking = asking;
    this.#host = host;
  }

  /** Settles when all that was learned, with the client gone or answered, has been observed. */
  get rest(): Promise<void> {
    return this.#rest;
  }

  /** Of what the client waited for; undefined: one of the two was not there, or cannot be compared. */
  get result(): Compared | undefined {
    return this.#result;
  }

  /** Throws if the older version has no answer: what the newer one says is not proven then. */
  async answer({ newer, older }: { newer: Version; older: Version }): Promise<Accepted> {
    const { comparisonPatience, newerPatience, clock } = this.#host;
    const quiet = this.#asking.once(newer, this.#wanted(Infinity), {
      number: FIRST,
      patience: newerPatience,
    });
    let old: Accepted;
    try {
      old = await this.#asking.accepted(older.id, this.#wanted(comparisonPatience));
    } catch (cause) {
      this.#rest = quiet.then(once => {
        this.#alone(once);
      });
      throw cause;
    }
    // An answer that is used in any case waits for nobody.
    const once = mayYield(old.opened) ? await within(quiet, this.#left(old), clock) : 'late';
    if (once !== 'late') return this.#decided(once, old);
    this.#rest = quiet.then(late => this.#judged(late, old));
    return old;
  }

  /** Its body was waited for as well: all the waiting together is bounded. */
  #left({ attempt }: Accepted): number {
    const headAt = attempt.startedAt + (attempt.delay ?? 0);
    return headAt + this.#host.comparisonPatience - this.#host.clock.now();
  }

  #decided(once: Once | undefined, old: Accepted): Accepted {
    const difference = this.#difference(once, old);
    const isEqual = difference === 'equal';
    if (difference !== 'unknown') this.#result = isEqual ? 'agreed' : 'differed';
    if (once === undefined || once.opened instanceof CutoverError || !isEqual) {
      this.#rest = this.#judged(once, old);
      return old;
    }
    this.#host.compared(once.attempt.version.id, 'agree');
    // The answer that is not used was as good: its connection is kept if it is all there.
    this.#asking.observe(old.attempt, seenAs(old.opened));
    return { attempt: once.attempt, opened: once.opened };
  }

  /** What the newer version's answer, which is not used, says of it. */
  async #judged(once: Once | undefined, old: Accepted): Promise<void> {
    if (once === undefined) return;
    const { attempt, opened } = once;
    const difference = this.#difference(once, old);
    // An older version that fails is no witness against the newer one.
    const isWitness = typeof difference !== 'string' && outcomeOf(old.opened.head) === 'ok';
    if (opened instanceof CutoverError || !isWitness) {
      this.#host.compared(attempt.version.id, difference === 'equal' ? 'agree' : 'unknown');
      this.#alone(once);
      return;
    }
    const result = seenAs(opened);
    const isProven = result.outcome === 'ok' && !(await this.#mayBeNoise(old, opened));
    this.#host.compared(attempt.version.id, isProven ? 'differ' : 'unknown');
    if (!isProven) {
      this.#asking.observe(attempt, result);
      return;
    }
    const { where } = difference;
    const pair = this.#host.keepsEvidence ? () => pairOf(opened, old.opened, where) : undefined;
    this.#asking.observe(attempt, { ...result, outcome: 'different', pair });
  }

  /** By itself: answered, or failed. */
  #alone(once: Once | undefined): void {
    if (once === undefined) return;
    const { attempt, opened } = once;
    const result: Result =
      opened instanceof CutoverError ? { outcome: 'failed', code: opened.code } : seenAs(opened);
    this.#asking.observe(attempt, result);
  }

  #difference(once: Once | undefined, old: Accepted): 'equal' | 'unknown' | Difference {
    if (once === undefined || once.opened instanceof CutoverError) return 'unknown';
    if (!isComparable(once.opened) || !isComparable(old.opened)) return 'unknown';
    const found = this.#compared(once.opened, old.opened);
    return found.kind === 'equal' ? 'equal' : found;
  }

  #compared(a: Opened, b: Opened): Agreement {
    return agreement(kept(a), kept(b), this.#host.noise.tolerated(this.#asking.outgoing.route));
  }

  /**
   * A second server of the older version is asked the same: where the two differ as well, a difference is
   * no evidence. Learned once, it need not be asked again. Where it could be asked, and is not for want of
   * budget, nobody knows. What changes state is not sent to one version twice.
   */
  async #mayBeNoise(old: Accepted, newer: Opened): Promise<boolean> {
    const { noise, newerPatience: patience } = this.#host;
    const { version, server: without } = old.attempt;
    if (version.servers.length < 2 || !isSafe(this.#asking.outgoing.method)) return false;
    if (!this.#host.mayAskAgain()) return true;
    const second = await this.#asking.once(version, this.#wanted(patience), {
      number: FIRST + 1,
      patience,
      without,
    });
    if (this.#asking.isOver) return true; // nobody knows any more
    if (second === undefined) return false;
    const { attempt, opened } = second;
    if (!(opened instanceof CutoverError) && isComparable(opened)) {
      noise.learn(this.#asking.outgoing.route, this.#compared(opened, old.opened));
    }
    const result: Result =
      opened instanceof CutoverError ? { outcome: 'failed', code: opened.code } : seenAs(opened);
    this.#asking.observe(attempt, result);
    return this.#compared(newer, old.opened).kind === 'equal';
  }

  #wanted(ms: number): Wanted {
    return { rule: (head, framing) => heldToCompare(head, framing, ms), interim: undefined };
  }
}

/** Whether another answer could take its place. */
const mayYield = (opened: Opened) => isComparable(opened) && outcomeOf(opened.head) === 'ok';

/** As much of it is here as is compared. */
function isComparable({ head, framing, body, end }: Opened): boolean {
  return end !== undefined || isEventStream(head) || body.length >= bytesToCompare(framing);
}

const kept = ({ head, framing, body, end }: Opened) =>
  comparable(head, framing, end === undefined && isEventStream(head) ? nothing : body);

const nothing = Buffer.alloc(0);

/** Of an answer that is not passed on: its size is known if it was declared, or is all here. */
function seenAs({ head, framing, body, end }: Opened): Result {
  const bytes = framing.kind === 'length' ? framing.bytes : end && body.length;
  return { outcome: outcomeOf(head), status: head.status, bytes };
}

export const outcomeOf = ({ status }: AnswerHead): 'ok' | 'failed' =>
  status >= 500 ? 'failed' : 'ok';
