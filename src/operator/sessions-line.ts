/** What is said of a version's sessions. Pure. */
import type { LiveSessions } from './shown-version.js';

export function sessionsLine({ count, isExact, endIn }: LiveSessions): string {
  if (count === 0) return 'no session';
  const about = isExact ? '' : 'about ';
  const number = `${about}${count} session${count === 1 ? '' : 's'}`;
  const end = count === 1 ? 'it ends' : 'the last ends';
  return `${number}, ${end} in ${span(endIn)} at the latest`;
}

/** Seconds that one of a unit has; it is used up to twice that, so that rounding hides little. */
const units = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3600 },
  { name: 'min', seconds: 60 },
] as const;

/** Rounded up: what ends at the latest then does. */
export function span(seconds: number): string {
  const unit = units.find(each => seconds > 2 * each.seconds) ?? { name: 's', seconds: 1 };
  return `${Math.ceil(seconds / unit.seconds)} ${unit.name}`;
}
