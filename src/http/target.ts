/** What a request is for: the forms of a request target (RFC 9112 §3.2) and of Host (RFC 9110 §7.2). */

/**
 * `uri-host [ ":" port ]` of RFC 3986 §3.2.2 and §3.2.3, never empty. User information has no place
 * in either. Of an address in brackets the characters are checked, not the arrangement.
 */
const AUTHORITY =
  /^(?:\[(?:[0-9A-Fa-f:.]{2,45}|[Vv][0-9A-Fa-f]+\.[-\w.~!$&'()*+,;=:]+)\]|(?:[-\w.~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+)(?::\d{0,5})?$/;

export const isAuthority = (value: string): boolean => AUTHORITY.test(value);

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i;

export interface AbsoluteTarget {
  readonly authority: string;
  /** Path and query, as written. */
  readonly path: string;
}

/** The parts of an absolute-form target (RFC 9112 §3.2.2); undefined if it is of another form. */
export function absoluteTarget(target: string): AbsoluteTarget | undefined {
  if (target.startsWith('/')) return undefined; // nearly always
  const [, authority, path] = ABSOLUTE.exec(target) ?? [];
  if (authority === undefined || path === undefined || !isAuthority(authority)) return undefined;
  return { authority, path };
}

/** Whether a target may stand in a request with this method. Authority-form is for CONNECT only. */
export function isTargetFor(method: string, target: string): boolean {
  if (target.startsWith('/')) return true; // origin-form, §3.2.1
  if (target === '*') return method === 'OPTIONS'; // asterisk-form, §3.2.4
  return absoluteTarget(target) !== undefined;
}

/** The target for the server that is to answer: origin-form, or `*`. */
export function originTarget(method: string, absolute: AbsoluteTarget): string {
  const { path } = absolute;
  if (path.startsWith('/')) return path;
  // §3.2.4: no path and no query, so the OPTIONS is about the server as a whole.
  return path === '' && method === 'OPTIONS' ? '*' : `/${path}`;
}
