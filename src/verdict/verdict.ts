/**
 * Whether a newer version is worse than the stable one: what has been seen is weighed block by block
 * (`weighed`), and may be concluded from after every block (`verdict`) without more false alarms.
 *
 * The newer version is held against the stable one over the same block, whatever happens to both. Where
 * the stable version has hardly any traffic, the newer one is held against its typical values from before
 * the upgrade, or, where none are known, against the policy's absolute limit.
 */
import { added, after, atFirst, atMost, nobody, worth } from './bet.js';
import type { Block, Capital, Guess, Marked } from './bet.js';
import type { Policy } from './policy.js';
import { marksOf, signals, type Marks, type Signal } from './signals.js';
import type { Tally } from './tally.js';

export type Verdict =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'inconclusive'; readonly because: string }
  | { readonly kind: 'unhealthy'; readonly because: string; readonly signal: Signal };

/** What one signal says so far. */
interface Weight {
  /** Against "the newer version is no worse". */
  readonly worse: Capital;
  /** Seen, but not bet on: a block needs exchanges of both sides, or enough of one. */
  readonly waiting: Sides;
}

interface Sides {
  readonly newer: Marked;
  readonly stable: Marked;
}

/** All that a verdict needs to remember of the past. Plain data. */
export interface Evidence {
  /** First attempts of the newer version. */
  readonly exchanges: number;
  readonly weights: Readonly<Record<Signal, Weight>>;
  /** Against "the newer version fails more often, by the margin". */
  readonly asGood: Capital;
}

/** What has been seen since the last look. */
export interface Seen {
  readonly newer: Tally;
  readonly stable: Tally;
  /**
   * The stable version before the upgrade: the same throughout one upgrade. Where nothing is known from then,
   * what the stable version did during the upgrade, up to this block and without it.
   */
  readonly typical: Tally;
}

/** With less stable traffic than this for each newer exchange, a comparison would take too long. */
const HARDLY_ANY = 0.1;
/** Newer exchanges that are waited for before the stable version is taken to have hardly any. */
const ALONE = 10;
/** A share of failures that is larger by this than what is tolerated must be ruled out to call a version healthy. */
const MARGIN = 0.02;
/** No share that is allowed is smaller: a single odd exchange must not decide. */
const LEAST_ALLOWED = 0.001;

/** Before anything is seen: as if half a newer exchange were bad, so that a broken version stands out at once. */
const worseGuess: Guess = { newer: 0.5, stable: 0.05 };
const asGoodGuess: Guess = { newer: 0.95, stable: 0.95 };

const unweighed: Weight = { worse: atFirst, waiting: { newer: nobody, stable: nobody } };

export const noEvidence: Evidence = {
  exchanges: 0,
  weights: { failures: unweighed, delay: unweighed, size: unweighed, answers: unweighed },
  asGood: atFirst,
};

/** The evidence with one more block. Blocks may be of any size, if that does not depend on what they hold. */
export function weighed(evidence: Evidence, seen: Seen, policy: Policy): Evidence {
  const [newer, stable] = [seen.newer, seen.stable].map(each =>
    marksOf(each, seen.typical, policy),
  ) as [Marks, Marks];
  const weights = { ...evidence.weights };
  let asGood = evidence.asGood;
  for (const signal of signals) {
    const sides = {
      newer: added(weights[signal].waiting.newer, newer[signal]),
      stable: added(weights[signal].waiting.stable, stable[signal]),
    };
    const block = blockOf(signal, sides, seen.typical, policy);
    if (block === undefined) {
      weights[signal] = { ...weights[signal], waiting: sides };
      continue;
    }
    weights[signal] = { ...unweighed, worse: after(weights[signal].worse, block, worseGuess) };
    const proves = block.kind === 'beside' || isKnown(seen.typical, policy);
    if (signal === 'failures' && proves) asGood = after(asGood, opposite(block), asGoodGuess);
  }
  return { exchanges: evidence.exchanges + seen.newer.exchanges, weights, asGood };
}

export function verdict(evidence: Evidence, policy: Policy): Verdict {
  const { exchanges, weights, asGood } = evidence;
  if (exchanges < policy.minimumSample) {
    const because = `${String(exchanges)} of ${String(policy.minimumSample)} exchanges`;
    return { kind: 'inconclusive', because };
  }
  const signal = signals.find(each => weights[each].worse.peak >= enough(policy));
  if (signal !== undefined) return { kind: 'unhealthy', because: reasons[signal], signal };
  if (worth(asGood) >= -Math.log(policy.falseAlarms)) return { kind: 'healthy' };
  return { kind: 'inconclusive', because: 'neither a difference is proven nor its absence' };
}

/**
 * The capital, as a natural logarithm, at which a signal calls a version unhealthy. All signals share the
 * bound; half of it is for typical values that were a chance (`allowed`).
 */
const enough = ({ falseAlarms }: Policy): number => Math.log((2 * signals.length) / falseAlarms);

/**
 * Whether nobody more had better move for now: a signal's capital exceeds the square root of what calls the
 * version unhealthy. The present one, not the peak: doubt passes once good exchanges have used it up.
 */
export const isDoubtful = ({ weights }: Evidence, policy: Policy): boolean =>
  signals.some(signal => worth(weights[signal].worse) > enough(policy) / 2);

/**
 * How near the strongest signal is to calling the version unhealthy, 0 to 1, on the scale of the logarithm: by
 * half of it the version is doubtful. The present capital, unless the version has been found unhealthy.
 */
export function nearness(evidence: Evidence, policy: Policy): number {
  if (verdict(evidence, policy).kind === 'unhealthy') return 1;
  const capitals = signals.map(signal => worth(evidence.weights[signal].worse));
  return Math.min(1, Math.max(0, ...capitals) / enough(policy));
}

export interface Strength {
  /** The most that the capital ever was. */
  readonly strength: number;
  readonly needed: number;
}

/** How much each signal says against the version. */
export function strengths(
  { weights }: Evidence,
  policy: Policy,
): Readonly<Record<Signal, Strength>> {
  const of = (signal: Signal): Strength => ({
    strength: finite(Math.exp(weights[signal].worse.peak)),
    needed: finite(Math.exp(enough(policy))),
  });
  return { failures: of('failures'), delay: of('delay'), size: of('size'), answers: of('answers') };
}

/** JSON knows no infinite number. */
const finite = (value: number): number => Math.min(Number.MAX_VALUE, value);

const reasons: Readonly<Record<Signal, string>> = {
  failures: 'it fails more often',
  delay: 'it answers more slowly',
  size: 'its answers have other sizes',
  answers: 'its answers are different',
};

/** Undefined: too little has been seen to bet on. Whether, and on what, depends on numbers of exchanges only. */
function blockOf(
  signal: Signal,
  { newer, stable }: Sides,
  typical: Tally,
  policy: Policy,
): Block | undefined {
  // Of its own answers the stable version can say nothing: they are what the others are compared with.
  const isBeside =
    signal !== 'answers' &&
    stable.exchanges > 0 &&
    stable.exchanges >= HARDLY_ANY * newer.exchanges;
  if (newer.exchanges === 0) return undefined;
  if (isBeside) return { kind: 'beside', newer, stable, more: policy.tolerance };
  if (signal !== 'answers' && newer.exchanges < ALONE) return undefined;
  return { kind: 'alone', newer, allowed: allowed(signal, typical, policy) };
}

/** The largest share of marked exchanges with which a version is no worse than what is typical. */
function allowed(signal: Signal, typical: Tally, policy: Policy): number {
  if (signal === 'answers') return Math.max(LEAST_ALLOWED, policy.tolerance);
  const most = signal === 'failures' ? policy.mostFailures : 1;
  if (!isKnown(typical, policy)) return most;
  const usual = marksOf(typical, typical, policy)[signal];
  if (usual.exchanges === 0) return most;
  const likely = atMost(usual, policy.falseAlarms / (2 * signals.length)) + policy.tolerance;
  // A stable version that itself fails more than the absolute limit is no reason to go back to it.
  const limit = Math.max(most, usual.marked / usual.exchanges + policy.tolerance);
  return Math.min(1, Math.max(LEAST_ALLOWED, Math.min(likely, limit)));
}

const isKnown = (typical: Tally, policy: Policy): boolean =>
  typical.exchanges >= policy.minimumSample;

/** The block with good exchanges marked instead of bad ones, and the null hypothesis that a margin is missed. */
function opposite(block: Block): Block {
  const newer = unmarked(block.newer);
  if (block.kind === 'alone') {
    return { kind: 'alone', newer, allowed: Math.max(LEAST_ALLOWED, 1 - block.allowed - MARGIN) };
  }
  return { kind: 'beside', newer, stable: unmarked(block.stable), more: -block.more - MARGIN };
}

const unmarked = ({ exchanges, marked }: Marked): Marked => ({
  exchanges,
  marked: exchanges - marked,
});
