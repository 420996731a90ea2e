/**
 * How many requests may be sent again. Where everything fails at once, sending everything twice would
 * double the load on what still works; so the extra attempts are bounded by a share of the requests.
 * The idea is Finagle's (twitter.github.io/finagle, "Retry Budgets"); there requests expire one by one,
 * here both counts fade exponentially, which needs two numbers whatever the load.
 *
 * The budget is the system's. The shares of all workers' own requests add up to that of all requests; of the
 * pool that is there besides, each worker has a part. While the parts make up no more than the whole, so do
 * the attempts of all workers together, however old the news are that they have of each other.
 */
import { share, type Share } from '../../src/kernel/ids.js';
import { BUDGET_WINDOW } from '../../src/wire/shared.js';

export interface BudgetTerms {
  /** Extra attempts per request, for example 0.2. */
  readonly share: number;
  /** The pool: extra attempts per second besides, so that little traffic can be rescued as well. */
  readonly perSecond: number;
  /** Milliseconds in which what was counted fades to 1/e. What was not used in it may be used at once. */
  readonly window: number;
}

/**
 * A version that begins to fail every request is rescued in full for `share * window`, two seconds:
 * longer than it takes to eject its servers.
 */
export const usualBudget: BudgetTerms = { share: 0.2, perSecond: 10, window: BUDGET_WINDOW };

/** Milliseconds for which a worker that had to refuse an attempt says that it wants more. */
const WANTING = 1000;

/** Times are monotonic milliseconds. */
export class RetryBudget {
  /** Of the pool: what this worker may use. */
  part: Share;
  readonly #terms: BudgetTerms;
  /** Attempts of the whole pool in a window. */
  readonly #pool: number;
  #requests = 0;
  #spent = 0;
  #at = -Infinity;
  #refusedAt = -Infinity;

  constructor(terms: BudgetTerms, part = share(1)) {
    this.#terms = terms;
    this.#pool = (terms.perSecond * terms.window) / 1000;
    this.part = part;
  }

  /** A client's request has come. */
  request(now: number): void {
    this.#fade(now);
    this.#requests += 1;
  }

  /** Whether one more attempt may be made. */
  allows(now: number): boolean {
    this.#fade(now);
    const allows = this.#spent + 1 <= this.#terms.share * this.#requests + this.part * this.#pool;
    if (!allows) this.#refusedAt = now;
    return allows;
  }

  /** It is made. */
  spend(now: number): void {
    this.#fade(now);
    this.#spent += 1;
  }

  /** Of the pool: what was used, and is not faded. */
  used(now: number): Share {
    this.#fade(now);
    const beyond = this.#spent - this.#terms.share * this.#requests;
    return share(this.#pool === 0 ? 0 : beyond / this.#pool);
  }

  /** An attempt was refused lately, and a larger part would help. */
  wants(now: number): boolean {
    return this.#pool > 0 && now - this.#refusedAt < WANTING;
  }

  #fade(now: number): void {
    if (now <= this.#at) return;
    const left = Math.exp((this.#at - now) / this.#terms.window);
    this.#requests *= left;
    this.#spent *= left;
    this.#at = now;
  }
}
