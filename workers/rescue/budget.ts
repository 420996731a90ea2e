/**
 * How many requests may be sent again. Where everything fails at once, sending everything twice would
 * double the load on what still works; so the extra attempts are bounded by a share of the requests.
 * The idea is Finagle's (twitter.github.io/finagle, "Retry Budgets"); there requests expire one by one,
 * here both counts fade exponentially, which needs two numbers whatever the load.
 */

export interface BudgetTerms {
  /** Extra attempts per request, for example 0.2. */
  readonly share: number;
  /** Extra attempts per second that are allowed besides, so that little traffic can be rescued as well. */
  readonly perSecond: number;
  /** Milliseconds in which what was counted fades to 1/e. What was not used in it may be used at once. */
  readonly window: number;
}

/**
 * A version that begins to fail every request is rescued in full for `share * window`, two seconds:
 * longer than it takes to eject its servers.
 */
export const usualBudget: BudgetTerms = { share: 0.2, perSecond: 10, window: 10_000 };

/** Times are monotonic milliseconds. */
export class RetryBudget {
  readonly #terms: BudgetTerms;
  #requests = 0;
  #spent = 0;
  #at = -Infinity;

  constructor(terms: BudgetTerms) {
    this.#terms = terms;
  }

  /** A client's request has come. */
  request(now: number): void {
    this.#fade(now);
    this.#requests += 1;
  }

  /** Whether one more attempt may be made. */
  allows(now: number): boolean {
    this.#fade(now);
    const { share, perSecond, window } = this.#terms;
    return this.#spent + 1 <= share * this.#requests + (perSecond * window) / 1000;
  }

  /** It is made. */
  spend(now: number): void {
    this.#fade(now);
    this.#spent += 1;
  }

  #fade(now: number): void {
    if (now <= this.#at) return;
    const left = Math.exp((this.#at - now) / this.#terms.window);
    this.#requests *= left;
    this.#spent *= left;
    this.#at = now;
  }
}
