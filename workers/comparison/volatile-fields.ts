/** Fields of answers that say nothing about whether two answers agree. Names in lower case. */
import { isHopByHop, namedByConnection } from '../../src/http/field-rules.js';
import { tokensOf, valuesOf } from '../../src/http/fields.js';
import type { AnswerHead } from '../../src/http/message.js';

/** They differ from server to server, or from second to second, though the answers agree. */
const volatile: ReadonlySet<string> = new Set([
  // when and by whom it was made
  'age',
  'date',
  'expires',
  'last-modified',
  'server',
  'via',
  'x-powered-by',
  'x-served-by',
  // validators: servers make them from inode and time
  'etag',
  // names of this one exchange
  'correlation-id',
  'request-id',
  'traceparent',
  'tracestate',
  'x-b3-spanid',
  'x-b3-traceid',
  'x-correlation-id',
  'x-request-id',
  'x-trace-id',
  // how long it took, and how often one may ask
  'ratelimit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'server-timing',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-response-time',
  'x-runtime',
  // what is made from the body, which is compared itself
  'content-digest',
  'content-md5',
  'digest',
  'repr-digest',
  // framing
  'trailer',
]);

/**
 * What is compared of a head, by name in lower case. Equal names keep their order, RFC 9110 §5.3.
 * `withLength`: there is no body to count (an answer to HEAD, 304), so Content-Length is content.
 */
export function steadyFields(head: AnswerHead, withLength: boolean): ReadonlyMap<string, string> {
  const named = namedByConnection(tokensOf(head, 'connection'));
  const steady = new Map<string, string>();
  for (const [spelled] of head.fields) {
    const name = spelled.toLowerCase();
    if (steady.has(name) || volatile.has(name) || isHopByHop(name) || named.includes(name))
      continue;
    if (name === 'content-length' && !withLength) continue;
    const values = valuesOf(head, name);
    steady.set(name, name === 'set-cookie' ? cookieNames(values) : values.join(', '));
  }
  return steady;
}

/** Values of cookies are often drawn by lot; that one is set, or is not, is not. */
const cookieNames = (values: readonly string[]): string =>
  values
    .map(value => value.split('=', 1).join('').trim())
    .toSorted()
    .join(', ');
