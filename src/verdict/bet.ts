/**
 * Evidence as a gambler's capital. Each block of exchanges is a bet at odds that are fair or worse while
 * the null hypothesis holds, so the capital, which begins at 1, ever reaches c with a probability of 1/c
 * at most, however often somebody looks (Ville's inequality). What is bet on may use the past only.
 */

/** How many exchanges there were, and how many of them had the mark in question (failed, slow …). */
export interface Marked {
  readonly exchanges: number;
  readonly marked: number;
}

export const nobody: Marked = { exchanges: 0, marked: 0 };

/** A block of exchanges of both versions at the same time, or of the newer one against a known share. */
export type Block =
  | {
      readonly kind: 'beside';
      readonly newer: Marked;
      readonly stable: Marked;
      readonly more: number;
    }
  | { readonly kind: 'alone'; readonly newer: Marked; readonly allowed: number };

/** Capital, by its natural logarithm, and what the next bet is chosen by. */
export interface Capital {
  /** Not bet yet. */
  readonly reserve: number;
  /** Bet again and again. */
  readonly invested: number;
  /** The most that there ever was. */
  readonly peak: number;
  readonly bets: number;
  /** What was seen lately; older exchanges weigh less. */
  readonly newer: Marked;
  readonly stable: Marked;
}

/** Next to nothing, as a logarithm; an infinite one would not survive a journey as JSON. */
const NOTHING = -1e6;

export const atFirst: Capital = {
  reserve: 0,
  invested: NOTHING,
  peak: 0,
  bets: 0,
  newer: nobody,
  stable: nobody,
};

/** Exchanges: what happened that long ago hardly counts in choosing a bet, so a late change is seen soon. */
const MEMORY = 200;

export const added = (a: Marked, b: Marked): Marked => ({
  exchanges: a.exchanges + b.exchanges,
  marked: a.marked + b.marked,
});

/** The capital, as a natural logarithm. */
export const worth = ({ reserve, invested }: Capital): number => logSum(reserve, invested);

/**
 * The capital after a block. Null hypothesis, beside: in this block the newer version's share of marked
 * exchanges is at most the stable version's plus `more` (which may be negative); alone: at most `allowed`.
 *
 * Before the n-th bet the n+1-th part of the reserve is invested. So the bets that begin at any one time
 * keep a part of about 1/n² of the capital: a version that turns bad late is found nearly as soon as
 * one that is bad from the start, and bets that were lost before are not held against the evidence.
 */
export function after(capital: Capital, block: Block, guess: Guess): Capital {
  const bets = capital.bets + 1;
  const invested = logSum(capital.invested, capital.reserve - Math.log(bets + 1));
  const next: Capital = {
    ...capital,
    bets,
    reserve: capital.reserve + Math.log(bets / (bets + 1)),
    invested: invested + logGain(block, expected(capital, guess)),
    newer: remembered(capital.newer, block.newer),
    stable: block.kind === 'beside' ? remembered(capital.stable, block.stable) : capital.stable,
  };
  return { ...next, peak: Math.max(capital.peak, worth(next)) };
}

/** Shares of marked exchanges that are expected where nothing was seen yet; weighs as one exchange. */
export interface Guess {
  readonly newer: number;
  readonly stable: number;
}

const expected = ({ newer, stable }: Capital, guess: Guess): Guess => ({
  newer: (newer.marked + guess.newer) / (newer.exchanges + 1),
  stable: (stable.marked + guess.stable) / (stable.exchanges + 1),
});

function remembered(past: Marked, { exchanges, marked }: Marked): Marked {
  const kept = Math.exp(-exchanges / MEMORY);
  // A block that is longer than the memory stands for one of that length: shares matter, not numbers.
  const fresh = exchanges === 0 ? 0 : ((1 - kept) * MEMORY) / exchanges;
  return {
    exchanges: past.exchanges * kept + exchanges * fresh,
    marked: past.marked * kept + marked * fresh,
  };
}

/** 0, so no bet, where the shares that are expected agree with the null hypothesis. */
function logGain(block: Block, bet: Guess): number {
  if (block.kind === 'alone') {
    return bet.newer <= block.allowed ? 0 : logRatio(block.newer, bet.newer, block.allowed);
  }
  const { newer, stable, more } = block;
  if (newer.exchanges === 0 || stable.exchanges === 0 || bet.newer <= bet.stable + more) return 0;
  const nearest = nearestNull(block, bet);
  return logRatio(newer, bet.newer, nearest) + logRatio(stable, bet.stable, nearest - more);
}

/** How much likelier one share of marked exchanges makes what was seen than another, as a logarithm. */
const logRatio = ({ exchanges, marked }: Marked, share: number, than: number): number =>
  marked * Math.log(share / than) + (exchanges - marked) * Math.log((1 - share) / (1 - than));

/**
 * The newer version's share in the point of the null hypothesis that is nearest to what is bet on, by
 * Kullback-Leibler divergence. Against that point the ratio of likelihoods gains nothing on average
 * anywhere in the null hypothesis, because that is convex: Turner, Ly and Grünwald, "Generic e-variables
 * for exact sequential k-sample tests that allow for optional stopping" (2021); for the
 * difference of two shares Turner and Grünwald, "Exact anytime-valid confidence intervals" (2022).
 * By the inequality of the means it is enough that the null holds for the block's average shares; and
 * requests that went to both versions, and fail together, only make the gain smaller.
 */
function nearestNull({ newer, stable, more }: Block & { kind: 'beside' }, bet: Guess): number {
  let low = Math.max(0, bet.stable + more);
  let high = Math.min(bet.newer, 1 + more);
  for (let halved = 0; halved < 40; halved++) {
    const middle = (low + high) / 2;
    const slope =
      newer.exchanges * slopeAt(bet.newer, middle) +
      stable.exchanges * slopeAt(bet.stable, middle - more);
    if (slope < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Of the divergence of the share `at` from the share `bet`. */
const slopeAt = (bet: number, at: number): number => (1 - bet) / (1 - at) - bet / at;

/**
 * The share that the true one exceeds with a probability of `doubt` at most, after a sample of fixed
 * size (Chernoff's bound). 1 if there is no sample.
 */
export function atMost({ exchanges, marked }: Marked, doubt: number): number {
  if (exchanges === 0) return 1;
  const seen = marked / exchanges;
  let [low, high] = [seen, 1];
  for (let halved = 0; halved < 40; halved++) {
    const middle = (low + high) / 2;
    if (exchanges * divergence(seen, middle) < -Math.log(doubt)) low = middle;
    else high = middle;
  }
  return high;
}

const divergence = (share: number, from: number): number =>
  (share === 0 ? 0 : share * Math.log(share / from)) +
  (share === 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - from)));

function logSum(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
}
