/**
 * Whether, and where, a request is sent again after an attempt that gave the client nothing. Servers
 * come before versions: one bad server is no reason to leave its version. What is not safe to repeat
 * is never sent twice once a container can have seen it.
 */

export type Failure =
  /** Refused or unreachable: nothing was sent. */
  | 'unseen'
  /** The connection ended before the head of an answer was whole. */
  | 'reset'
  /** Nothing came for as long as one attempt may take. */
  | 'silent'
  /** What came is no answer of HTTP. */
  | 'malformed'
  /** A whole head, which could be passed on. */
  | 'status5xx';

export interface FailedAttempt {
  readonly failure: Failure;
  /** RFC 9110 §9.2.2: the method means the same when it is done twice. */
  readonly safeToRepeat: boolean;
  readonly hasIdempotencyKey: boolean;
  /** The operator has declared that the containers honour Idempotency-Key. */
  readonly honoursIdempotencyKeys: boolean;
  /** All of the request's body is still here. */
  readonly isWhole: boolean;
  /**
   * The connection had served another exchange before, and not a byte of an answer came: perhaps it
   * was closing when we used it.
   */
  readonly wasUsed: boolean;
  /** Attempts that a container can have seen, this one included where it was not `unseen`. */
  readonly seen: number;
  /** The failed server belongs to a version whose upgrade is not complete. */
  readonly ofMovingVersion: boolean;
  /** Servers of this version that were not tried. */
  readonly serversLeft: number;
  /** Older versions that may serve and were not tried. */
  readonly versionsLeft: number;
  /** What the retry budget says (budget.ts). */
  readonly budgetAllows: boolean;
  /** Milliseconds of the client's patience that are left. */
  readonly timeLeft: number;
}

export type NextAttempt =
  /** Over a new connection; it may be the same server. */
  | 'again'
  | 'other-server'
  | 'other-version'
  /** The client gets the answer as it is. */
  | 'pass-on'
  | 'fail';

/**
 * A request that ended three connections is not sent into a fourth, unless that is one of an older version:
 * the way back is open however long the chain is, and ends at its end.
 */
export const MOST_SEEN = 3;

type Rule = (failed: FailedAttempt) => NextAttempt | undefined;

/** Undefined: there is nowhere to go. */
const rules: Readonly<Record<Failure, Rule>> = {
  unseen: serverThenVersion,
  reset: failed => (mayBeStale(failed) ? 'again' : ifAffordable(failed, next(failed))),
  // Servers of one version tend to hang together: another one could cost as much time again.
  silent: failed =>
    failed.timeLeft > 0 ? ifAffordable(failed, versionThenServer(failed)) : undefined,
  malformed: failed => ifAffordable(failed, next(failed)),
  // The stable version's 5xx is the application's answer: nobody would do better.
  status5xx: failed => (failed.ofMovingVersion ? ifAffordable(failed, next(failed)) : undefined),
};

export function nextAttempt(failed: FailedAttempt): NextAttempt {
  const chosen = maySend(failed) ? rules[failed.failure](failed) : undefined;
  return chosen ?? (failed.failure === 'status5xx' ? 'pass-on' : 'fail');
}

/**
 * Whether the attempt that follows is to be charged to the budget. One that no container has seen adds
 * no load, and one over a new connection replaces what most likely was never read.
 */
export function isCharged(
  failure: Failure,
  following: NextAttempt,
  ofMovingVersion = false,
): boolean {
  if (failure === 'unseen' || isWayBack({ failure, ofMovingVersion }, following)) return false;
  return following === 'other-server' || following === 'other-version';
}

/**
 * From a version under way that hangs or has died. All that was waiting for it comes here at once, more than
 * any budget has room for; and the older version gets each of these requests once, as it would have without
 * the upgrade.
 */
const isWayBack = (
  { failure, ofMovingVersion }: Pick<FailedAttempt, 'failure' | 'ofMovingVersion'>,
  following: NextAttempt | undefined,
): boolean =>
  ofMovingVersion && following === 'other-version' && (failure === 'silent' || failure === 'reset');

function maySend(failed: FailedAttempt): boolean {
  if (failed.seen === 0) return true;
  const hasRoom = failed.seen < MOST_SEEN || failed.versionsLeft > 0;
  return isRepeatable(failed) && failed.isWhole && hasRoom;
}

const isRepeatable = (failed: FailedAttempt) =>
  failed.safeToRepeat || (failed.hasIdempotencyKey && failed.honoursIdempotencyKeys);

const ifAffordable = (failed: FailedAttempt, chosen: NextAttempt | undefined) =>
  failed.budgetAllows || isWayBack(failed, chosen) ? chosen : undefined;

/** Attempts are few: one is kept for every older version, else a version whose servers all fail uses them up. */
const canSpareOne = ({ seen, versionsLeft }: FailedAttempt) => MOST_SEEN - seen > versionsLeft;

const mayBeStale = (failed: FailedAttempt) => failed.wasUsed && canSpareOne(failed);

const next = (failed: FailedAttempt) =>
  canSpareOne(failed) ? serverThenVersion(failed) : versionThenServer(failed);

function serverThenVersion({ serversLeft, versionsLeft }: FailedAttempt): NextAttempt | undefined {
  if (serversLeft > 0) return 'other-server';
  return versionsLeft > 0 ? 'other-version' : undefined;
}

function versionThenServer({ serversLeft, versionsLeft }: FailedAttempt): NextAttempt | undefined {
  if (versionsLeft > 0) return 'other-version';
  return serversLeft > 0 ? 'other-server' : undefined;
}
