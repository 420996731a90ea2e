/** Which fields end at Cutover, and which nobody can make end there. Names in lower case. */

/**
 * RFC 9110 §7.6.1, and what is older (Proxy-Connection) or belongs to an upgrade to HTTP/2. `Close` is
 * reserved (RFC 9112 §9.6). Asked of every field: a pattern is four times as fast as lower case
 * and a look-up.
 */
const HOP_BY_HOP =
  /^(?:close|connection|http2-settings|keep-alive|proxy-connection|te|transfer-encoding|upgrade)$/i;

export const isHopByHop = (name: string): boolean => HOP_BY_HOP.test(name);

/**
 * Connection may not name what is meant for all recipients (RFC 9110 §7.6.1). If a client does, the
 * field stays: else `Connection: Authorization` would make a server see a stranger, and
 * `Connection: X-Forwarded-For` a client without an address.
 */
const endToEnd: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expires',
  'forwarded',
  'host',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'origin',
  'pragma',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'server',
  'set-cookie',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
  'x-real-ip',
]);

const isEndToEnd = (name: string) => endToEnd.has(name) || name.startsWith('x-forwarded-');

/** What RFC 9110 §6.5.1 keeps out of trailers: framing, routing, control, credentials, content. */
const notInTrailers: ReadonlySet<string> = new Set([
  ...endToEnd,
  'age',
  'expect',
  'max-forwards',
  'proxy-authenticate',
  'trailer',
  'warning',
]);

/** The fields that end here only because Connection names them, given its options. */
export const namedByConnection = (options: readonly string[]): readonly string[] =>
  options.filter(name => !isHopByHop(name) && !isEndToEnd(name));

/** Whether a field may stand in trailers that are passed on. */
export const mayTrail = (name: string, options: readonly string[]): boolean =>
  !isHopByHop(name) &&
  !notInTrailers.has(name) &&
  !name.startsWith('x-forwarded-') &&
  !options.includes(name);
