/** How long a session goes on, and how often its cookie is set anew. Times are whole seconds. */
import type { SessionId, VersionId } from '../../src/kernel/ids.js';
import { renewalInterval } from '../../src/versions/session-times.js';
import type { Session } from './session.js';
import { carriedBucket, COOKIE } from './signed-cookie.js';

/** Seconds by which the clock of the host that signed may be ahead of ours. */
export const MAX_SKEW = 5 * 60;

/**
 * Seconds. The bucket is to survive the browser's end and long pauses: a client that has crossed in
 * GRADUAL crosses again in its next session. A year, because browsers cut off at 400 days (RFC 6265bis
 * §5.5); every session sets it anew.
 */
export const COOKIE_AGE = 365 * 24 * 60 * 60;

export interface Present {
  readonly now: number;
  /** Seconds that a client may pause. */
  readonly timeout: number;
}

export interface Asked extends Present {
  readonly mayServe: (id: VersionId) => boolean;
}

/** What the answer's cookie is to say. */
export interface Next extends Present {
  /** That the session belongs to from now on. */
  readonly version: VersionId;
  readonly newId: () => SessionId;
  /** For a new session; see `bucketOf`. */
  readonly bucket: number;
  /** False: the cookie was signed by a key that only verifies, and soon will not. */
  readonly isCurrentKey: boolean;
}

export interface Renewed {
  readonly session: Session;
  /** Whether the answer sets the cookie. */
  readonly mustSet: boolean;
}

/**
 * The session of a cookie if it goes on. The client was last seen up to one interval after the cookie
 * says: a session ends once the pause is longer than the timeout for certain, never before. Up to ten
 * seconds of timeout, whole seconds are all that this adds.
 */
export function continued(session: Session | undefined, asked: Asked): Session | undefined {
  const { now, timeout, mayServe } = asked;
  if (session === undefined || session.lastSeen > now + MAX_SKEW) return undefined;
  if (now - session.lastSeen >= timeout + renewalInterval(timeout)) return undefined;
  if (!mayServe(session.version)) return undefined;
  return { ...session, lastSeen: Math.min(session.lastSeen, now) };
}

/** A client's bucket for good: that of any cookie of ours, however old, else drawn by chance in [0, 1). */
export const bucketOf = (fromCookie: Session | undefined, chance: number): number =>
  fromCookie?.bucket ?? carriedBucket(chance);

/** The session after this request, begun if there is none. `before`: what `continued` gave. */
export function renewed(before: Session | undefined, next: Next): Renewed {
  const { version, now, timeout, newId, bucket, isCurrentKey } = next;
  if (before === undefined) {
    const session = { id: newId(), version, lastSeen: now, bucket: carriedBucket(bucket) };
    return { session, mustSet: true };
  }
  const isOld = now - before.lastSeen >= renewalInterval(timeout);
  return {
    session: { ...before, version, lastSeen: now },
    mustSet: isOld || before.version !== version || !isCurrentKey,
  };
}

export interface CookieAttributes {
  /** Whether the client came over https: over http, browsers do not keep a `Secure` cookie. */
  readonly secure: boolean;
  /** Seconds; see `COOKIE_AGE`. */
  readonly maxAge: number;
}

/** The field line, with its CRLF. RFC 6265bis §4.1. */
export function setCookieLine(value: string, { secure, maxAge }: CookieAttributes): string {
  const attributes = `Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return `Set-Cookie: ${COOKIE}=${value}; ${attributes}\r\n`;
}
