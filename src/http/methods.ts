/** What we need to know about methods. Names are case-sensitive (RFC 9110 §9.1). */

/** Idempotent methods, RFC 9110 §9.2.2: asked twice, the server ends up as if asked once. */
const idempotent: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** Whether a request may be sent again although a container may have seen it. */
export const isSafeToRepeat = (method: string): boolean => idempotent.has(method);

/** Safe methods, RFC 9110 §9.2.1: they ask, and change nothing. */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export const isSafe = (method: string): boolean => safe.has(method);
