/** How far the upgrade under way is, and what follows from that and from the verdict. */
import type { Config } from '../config/config.js';
import { share, type Share, type VersionId } from '../kernel/ids.js';
import { unreachable } from '../kernel/unreachable.js';
import type { Verdict } from '../verdict/verdict.js';
import { shareAfter } from '../versions/pace.js';
import { renewalInterval } from '../versions/session-times.js';
import type { Version } from '../versions/version.js';
import type { Happening } from '../versions/version-state.js';

/** Times are milliseconds of a clock that never jumps. */
export interface Course {
  readonly version: VersionId;
  /** When it began, came back, was last paused, or control started. */
  readonly since: number;
  /** Of the last look. */
  readonly at: number;
  /** Without steps: what lies between two of them must not be lost. */
  readonly share: Share;
  readonly isHeld: boolean;
  /** Since when the version gets every new session. */
  readonly wholeSince: number | undefined;
}

export function begun({ id, state, transition }: Version, now: number): Course {
  const from = 'progress' in state ? state.progress : share(0);
  const reached = shareAfter(transition, { counted: 0, elapsed: 0 }, from);
  const wholeSince = reached === 1 ? now : undefined;
  return { version: id, since: now, at: now, share: reached, isHeld: false, wholeSince };
}

export interface Step {
  readonly transition: Version['transition'];
  /** Requests that moved it: workers count none once they know that it is held. */
  readonly counted: number;
  /** No time is added. */
  readonly isHeld: boolean;
  readonly now: number;
}

export function grown(course: Course, { transition, counted, isHeld, now }: Step): Course {
  const passed = { counted, elapsed: isHeld ? 0 : now - course.at };
  const reached = shareAfter(transition, passed, course.share);
  return { ...atLeast(course, reached, now), isHeld, at: now };
}

/** Somebody may know more than a control that was away. */
export function atLeast(course: Course, known: Share, now: number): Course {
  const reached = share(Math.max(course.share, known));
  const wholeSince = course.wholeSince ?? (reached === 1 ? now : undefined);
  return { ...course, share: reached, wholeSince };
}

export interface Prospect {
  readonly version: Version;
  readonly course: Course;
  readonly verdict: Verdict;
  readonly isDoubtful: boolean;
  readonly hasEnough: boolean;
  readonly policy: Config['monitor']['policy'];
  /** Whether another version may serve. */
  readonly hasOther: boolean;
  /** Seconds that INSTANT is watched, and that a client may pause. */
  readonly observation: number;
  readonly timeout: number;
  /** When word of sessions last came to other controls only. */
  readonly missedAt: number;
  /** Whether a live session belongs to an older version. */
  readonly hasLeft: () => boolean;
  readonly now: number;
}

/** What is done against an unhealthy version. With nothing else to serve there is nothing to go back to. */
export function remedy(prospect: Prospect): Happening | undefined {
  const { version, course, verdict, policy, hasOther } = prospect;
  if (verdict.kind !== 'unhealthy') return undefined;
  const { because } = verdict;
  switch (policy) {
    case 'rollback':
      return hasOther ? { type: 'demote', because } : undefined;
    case 'freeze': {
      const isRunning = version.state.name === 'running';
      return isRunning ? { type: 'pause', progress: course.share, because } : undefined;
    }
    case 'alert':
      return undefined;
    default:
      return unreachable(policy);
  }
}

/** How a running upgrade ends well, if it does now. No traffic is no proof of health: so it waits for some. */
export function ending(prospect: Prospect): Happening | undefined {
  const { version, course, verdict, observation, now } = prospect;
  if (version.state.name !== 'running' || !mayEnd(prospect)) return undefined;
  const { transition } = version;
  switch (transition.mode) {
    case 'INSTANT':
      return now - course.since >= observation * 1000 ? { type: 'complete' } : undefined;
    case 'SESSION':
    case 'GRADUAL':
      return isEveryoneOver(prospect) ? { type: 'complete' } : undefined;
    case 'CONCURRENT': {
      const isWanted = transition.promote === 'healthy' && verdict.kind === 'healthy';
      return isWanted ? { type: 'promote' } : undefined;
    }
    default:
      return unreachable(transition);
  }
}

function mayEnd({ verdict, isDoubtful, hasEnough, policy }: Prospect): boolean {
  if (verdict.kind === 'unhealthy' || (verdict.kind !== 'healthy' && !hasEnough)) return false;
  return policy === 'alert' || !isDoubtful;
}

/**
 * A session that nobody has seen since control started, or that only other controls have heard of, or that began just before the last share was
 * reached, and is not reported yet, may come back until it ends: so one whole session is waited for.
 */
function isEveryoneOver({ course, timeout, missedAt, hasLeft, now }: Prospect): boolean {
  if (course.wholeSince === undefined) return false;
  const waited = now - Math.max(course.since, course.wholeSince, missedAt);
  return waited >= (timeout + renewalInterval(timeout)) * 1000 && !hasLeft();
}
