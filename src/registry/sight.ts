/**
 * Whether a control can lead, by how many workers it sees: one that has lost most of them, but can reach the registry,
 * would keep the lead and see next to nothing, while another sees them all. Pure; times are monotonic milliseconds.
 */

/** What a control knows of its own sight. */
export interface Sight {
  readonly now: number;
  /** Since when another one sees more than twice as many workers; undefined: none does. */
  readonly outseenSince: number | undefined;
  /** Since when nobody leads. */
  readonly leaderlessSince: number | undefined;
  /** It was outseen when it began to lead: nobody wanted to who sees more. */
  readonly ledOutseen: boolean;
}

export interface Seen {
  /** Workers that follow this control. */
  readonly own: number;
  /** The most that follow another one that lives; 0: there is none. */
  readonly most: number;
  readonly isLeading: boolean;
  /** This one, or another. */
  readonly hasLeader: boolean;
}

export const freshSight: Sight = {
  now: -Infinity,
  outseenSince: undefined,
  leaderlessSince: undefined,
  ledOutseen: false,
};

/** Workers that begin, or are restarted, come to one control a little sooner than to another. */
const TO_COME = 5000;
/** For so long one that is outseen lets others take the lead: they look once a second. */
const STANDS_BACK = 3000;

export function looked(
  sight: Sight,
  { own, most, isLeading, hasLeader }: Seen,
  now: number,
): Sight {
  const outseenSince = 2 * own < most ? (sight.outseenSince ?? now) : undefined;
  const leaderlessSince = hasLeader ? undefined : (sight.leaderlessSince ?? now);
  const next = { ...sight, now, outseenSince, leaderlessSince };
  const ledOutseen = isLeading ? sight.ledOutseen && outseenSince !== undefined : isOutseen(next);
  return { ...next, ledOutseen };
}

const passed = (since: number | undefined, now: number) => (since === undefined ? 0 : now - since);

const isOutseen = ({ outseenSince, now }: Sight): boolean => passed(outseenSince, now) >= TO_COME;

export const mayLead = (sight: Sight): boolean =>
  !isOutseen(sight) || passed(sight.leaderlessSince, sight.now) >= STANDS_BACK;

/** It leads, and another one sees more, and may want to. */
export const mustGiveUp = (sight: Sight): boolean => isOutseen(sight) && !sight.ledOutseen;
