/** What the stable version does while no upgrade is under way: the typical values of the next upgrade. */
import type { VersionId } from '../kernel/ids.js';
import { merged, newTally, type Tally } from '../verdict/tally.js';

/** Plain data. */
export interface Usual {
  readonly version: VersionId | undefined;
  /** Oldest first. */
  readonly minutes: readonly Minute[];
}

interface Minute {
  /** Whole minutes of a clock that never jumps. */
  readonly minute: number;
  readonly tally: Tally;
}

/** Long enough for a quiet site to be known, short enough that noon is not held against the night. */
const MINUTES = 10;
const MINUTE = 60_000;

export const nothingUsual: Usual = { version: undefined, minutes: [] };

export interface Noted {
  readonly version: VersionId;
  readonly tally: Tally;
  /** Milliseconds of a clock that never jumps. */
  readonly now: number;
}

/**
 * Of another version than before it begins anew. What is old goes only when something new comes: after a
 * silence, and during an upgrade, the last minutes that there were are still the best that is known.
 */
export function noted(usual: Usual, { version, tally, now }: Noted): Usual {
  const minute = Math.floor(now / MINUTE);
  const former = usual.version === version ? usual.minutes : [];
  const kept = former.filter(each => each.minute > minute - MINUTES && each.minute !== minute);
  const same = former.find(each => each.minute === minute)?.tally ?? newTally();
  return { version, minutes: [...kept, { minute, tally: merged(same, tally) }] };
}

export const usualOf = ({ version, minutes }: Usual, of: VersionId): Tally =>
  version === of ? minutes.map(({ tally }) => tally).reduce<Tally>(merged, newTally()) : newTally();

/** Of a control of before, whose clock was another one: all of it counts as seen in this minute. */
export const renewed = (usual: Usual, now: number): Usual =>
  usual.version === undefined
    ? usual
    : noted(nothingUsual, { version: usual.version, tally: usualOf(usual, usual.version), now });
