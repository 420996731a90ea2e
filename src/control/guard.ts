/** Who may use the management API. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto';

export interface Caller {
  readonly authorization: string | undefined;
  readonly origin: string | undefined;
  readonly host: string | undefined;
}

/**
 * Undefined: may go on. A browser on this machine reaches loopback for every page that it shows, and says
 * where the page is from (Origin, RFC 6454 §7): only pages that came from here may ask. A page can let its own
 * name point here afterwards (DNS rebinding), and says no Origin when it only reads: so without a token we answer
 * to no name that can be somebody else's.
 * @param own the host at which we are configured to listen.
 */
export function refusal(
  { authorization, origin, host }: Caller,
  token: string | undefined,
  own?: string,
): 401 | 403 | undefined {
  if (origin !== undefined && !isFrom(origin, host)) return 403;
  if (token === undefined) return host === undefined || isOurs(host, own) ? undefined : 403;
  const [, given] = /^Bearer ([^\s]{1,4096})$/i.exec(authorization ?? '') ?? []; // RFC 6750 §2.1
  return given !== undefined && isSame(given, token) ? undefined : 401;
}

function isFrom(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

/** By an address, a name without dots (nobody can own one in the public DNS), or the one that we are configured with. */
function isOurs(host: string, own: string | undefined): boolean {
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return /^(\[.*\]|\d+(\.\d+){3}|[^.]+)$/.test(hostname) || hostname === own?.toLowerCase();
}

/** In constant time whatever the lengths: digests are equally long. */
function isSame(given: string, token: string): boolean {
  const [left, right] = [given, token].map(text => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
