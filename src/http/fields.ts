/**
 * Fields looked up, and heads written for the next hop. What is meant for one connection ends at
 * Cutover (RFC 9110 §7.6.1); everything else goes on in its order and spelling. How a message is
 * framed is said by us alone: nothing that was received about it is copied.
 */
import { isHopByHop, namedByConnection } from './field-rules.js';
import type {
  AnswerFraming,
  AnswerHead,
  Field,
  HttpVersion,
  RequestFraming,
  RequestHead,
} from './message.js';
import { absoluteTarget, originTarget } from './target.js';
import { trimmed } from './white-space.js';

type Head = RequestHead | AnswerHead;

/** The values of all fields of that name, which is given in lower case. */
export function valuesOf({ fields }: Pick<Head, 'fields'>, name: string): readonly string[] {
  const values: string[] = [];
  for (const field of fields) {
    // Length first: it nearly always decides.
    if (field[0].length === name.length && field[0].toLowerCase() === name) values.push(field[1]);
  }
  return values;
}

/** The members of a list field, in lower case, empty ones left out. RFC 9110 §5.6.1.2. */
export function tokensOf(head: Pick<Head, 'fields'>, name: string): readonly string[] {
  const [value, ...more] = valuesOf(head, name);
  if (value === undefined) return [];
  if (more.length === 0 && value !== '' && !value.includes(',')) return [value.toLowerCase()];
  const members = [value, ...more].join(',').toLowerCase().split(',');
  return members.map(member => trimmed(member)).filter(member => member !== '');
}

/** Whether the connection stays open behind this message. RFC 9112 §9.3. */
export function keepsAlive(head: Head): boolean {
  const options = tokensOf(head, 'connection');
  if (options.includes('close')) return false;
  return head.version === '1.1' || options.includes('keep-alive');
}

/** Whether the client waits for 100 before its body. In HTTP/1.0 to be ignored, RFC 9110 §10.1.1. */
export const expectsContinue = (head: RequestHead): boolean =>
  head.version === '1.1' && tokensOf(head, 'expect').includes('100-continue');

/** The first protocol asked for that is allowed (given in lower case). RFC 9110 §7.8. */
export function asksUpgrade(head: RequestHead, allowed: readonly string[]): string | undefined {
  if (head.version !== '1.1' || !tokensOf(head, 'connection').includes('upgrade')) return undefined;
  return tokensOf(head, 'upgrade').find(protocol => allowed.includes(protocol));
}

export interface AboutRequest {
  /** How we send the body, which may differ from how we received it. */
  readonly framing: RequestFraming;
  /** The client's address, if known. */
  readonly client: string | undefined;
  readonly scheme: 'http' | 'https';
  /**
   * `replace`: what a client claims about its way to us is dropped. `append`: it is continued, because
   * only proxies that we trust can reach us.
   */
  readonly forwarded: 'replace' | 'append';
  /** The protocol that the connection is to change to. */
  readonly upgrade: string | undefined;
  /** What the request is called from here on; undefined: what its client says of that goes on. */
  readonly ids?: PassedIds | undefined;
}

/** Valid values of fields. */
export interface PassedIds {
  readonly requestId: string;
  readonly traceparent: string;
  /** What the client says in `tracestate` belongs to it. */
  readonly keepsState: boolean;
}

interface Forwarding {
  readonly about: AboutRequest; // a member, because spreading an object costs more than all the rest
  readonly host: string;
  /** What ends here because Connection names it. */
  readonly named: readonly string[];
}

const claim = (value: string, { about }: Forwarding) =>
  about.forwarded === 'append' ? value : undefined;

/** Ours stands at the end of the head. */
const unlessOurs = (value: string, { about }: Forwarding) =>
  about.ids === undefined ? value : undefined;

/**
 * Request fields that we act on: the value that goes on, undefined if none does. What is special
 * and has no row ends here.
 */
const requestRules: ReadonlyMap<string, (value: string, hop: Forwarding) => string | undefined> =
  new Map([
    ['host', (_, { host }) => host], // RFC 9112 §3.2.2: the authority of an absolute target wins
    ['content-length', (_, { about }) => lengthOf(about.framing)],
    ['trailer', (value, { about }) => (about.framing.kind === 'chunked' ? value : undefined)],
    ['expect', () => undefined], // the frontend answers it
    ['x-forwarded-for', () => undefined], // continued at the end of the head
    ['forwarded', claim],
    ['x-real-ip', claim],
    ['x-request-id', unlessOurs],
    ['traceparent', unlessOurs],
    ['tracestate', (value, { about }) => (about.ids?.keepsState === false ? undefined : value)],
  ]);

/**
 * CGI and its heirs take `_` for `-`: `Content_Length` or `X_Forwarded_For` would be believed by the
 * server though nobody had looked at them. So the pattern knows both, and the rules only one.
 */
const SPECIAL =
  /^(?:host|content[-_]length|trailer|expect|forwarded|x[-_]real[-_]ip|x[-_]request[-_]id|trace(?:parent|state)|x[-_]forwarded[-_].*|transfer_encoding|keep_alive|proxy_connection|http2_settings)$/i;

/** The whole head, empty line included, as Latin-1 text. */
export function requestForServer(head: RequestHead, about: AboutRequest): string {
  const absolute = absoluteTarget(head.target);
  const target = absolute === undefined ? head.target : originTarget(head.method, absolute);
  const received = valuesOf(head, 'host')[0];
  // RFC 9112 §3.2: where nobody is named (HTTP/1.0), Host is there and empty.
  const hop: Forwarding = {
    about,
    host: absolute?.authority ?? received ?? '',
    named: namedByConnection(tokensOf(head, 'connection')),
  };
  return (
    `${head.method} ${target} HTTP/1.1\r\n` +
    (received === undefined ? `Host: ${hop.host}\r\n` : '') +
    keptLines(head, hop) +
    framingLine(head, about.framing) +
    (about.upgrade === undefined ? '' : upgradeLines(about.upgrade)) +
    forwardedLines(head, hop) +
    (about.ids === undefined ? '' : idLines(about.ids)) +
    `Via: ${head.version} cutover\r\n\r\n`
  );
}

function keptLines({ fields }: RequestHead, hop: Forwarding): string {
  const { named } = hop;
  let lines = '';
  for (const [name, received] of fields) {
    if (isHopByHop(name) || (named.length > 0 && named.includes(name.toLowerCase()))) continue;
    const value = SPECIAL.test(name) ? ruled(name.toLowerCase(), received, hop) : received;
    if (value !== undefined) lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

function ruled(name: string, value: string, hop: Forwarding): string | undefined {
  const rule = requestRules.get(name) ?? (name.startsWith('x-forwarded-') ? claim : undefined);
  return rule?.(value, hop);
}

const lengthOf = (framing: RequestFraming) =>
  framing.kind === 'length' ? String(framing.bytes) : undefined;

/** Unless it stands in the received field's place already. */
function framingLine(head: RequestHead, framing: RequestFraming): string {
  if (framing.kind === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  const isNew = framing.kind === 'length' && valuesOf(head, 'content-length').length === 0;
  return isNew ? `Content-Length: ${framing.bytes}\r\n` : '';
}

const upgradeLines = (protocol: string) => `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;

function forwardedLines(head: RequestHead, { about, host }: Forwarding): string {
  const { client = 'unknown', scheme, forwarded } = about;
  const isKept = (name: string) => forwarded === 'append' && valuesOf(head, name).length > 0;
  const before = forwarded === 'append' ? valuesOf(head, 'x-forwarded-for') : [];
  return (
    `X-Forwarded-For: ${[...before, client].join(', ')}\r\n` +
    (isKept('x-forwarded-proto') ? '' : `X-Forwarded-Proto: ${scheme}\r\n`) +
    (host === '' || isKept('x-forwarded-host') ? '' : `X-Forwarded-Host: ${host}\r\n`)
  );
}

const idLines = ({ requestId, traceparent }: PassedIds) =>
  `${requestIdLine(requestId)}traceparent: ${traceparent}\r\n`;

export const requestIdLine = (requestId: string): string => `X-Request-Id: ${requestId}\r\n`;

const UPGRADE = /^upgrade$/i;
const CONTENT_LENGTH = /^content-length$/i;

/**
 * The fields of an answer for the client, each with its CRLF, without the empty line. `keepUpgrade`:
 * the connection changes protocol, and the field says to which.
 */
export function answerFields(head: AnswerHead, keepUpgrade: boolean): string {
  const named = namedByConnection(tokensOf(head, 'connection'));
  const mayTellLength = head.status >= 200 && head.status !== 204; // RFC 9110 §8.6
  let lines = '';
  for (const [name, value] of head.fields) {
    if (isHopByHop(name) && !(keepUpgrade && UPGRADE.test(name))) continue;
    if (named.length > 0 && named.includes(name.toLowerCase())) continue;
    if (!mayTellLength && CONTENT_LENGTH.test(name)) continue;
    lines += `${name}: ${value}\r\n`;
  }
  return `${lines}Via: ${head.version} cutover\r\n`;
}

export interface AboutAnswer {
  readonly status: number;
  readonly reason: string;
  /** From `answerFields`, and what was added to them. */
  readonly fields: string;
  /** How we send the body to this client. */
  readonly framing: AnswerFraming['kind'];
  readonly clientVersion: HttpVersion;
  /** The client's connection stays open. */
  readonly keepAlive: boolean;
}

/** The whole head for the client, empty line included, as Latin-1 text. */
export function answerHead(about: AboutAnswer): string {
  const { status, reason, fields } = about;
  return `HTTP/1.1 ${status} ${reason}\r\n${fields}${connectionLines(about)}\r\n`;
}

function connectionLines({ framing, clientVersion, keepAlive }: AboutAnswer): string {
  if (framing === 'tunnel') return 'Connection: Upgrade\r\n';
  const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  if (!keepAlive || framing === 'close') return `${coding}Connection: close\r\n`;
  return clientVersion === '1.0' ? `${coding}Connection: keep-alive\r\n` : coding;
}

/**
 * How an answer's body goes to a client: HTTP/1.1 gets chunks where no length is known, so that its
 * connection survives; HTTP/1.0 knows no chunks (RFC 9112 §6.1).
 */
export function framingForClient(
  framing: AnswerFraming['kind'],
  clientVersion: HttpVersion,
): AnswerFraming['kind'] {
  if (framing !== 'chunked' && framing !== 'close') return framing;
  return clientVersion === '1.1' ? 'chunked' : 'close';
}

/** What stands before the data of a chunk; a size of 0 would end the body. RFC 9112 §7.1. */
export const chunkHead = (size: number): string => `${size.toString(16)}\r\n`;

/** What stands behind the data of a chunk. */
export const chunkEnd = '\r\n';

/** What ends a chunked body. */
export const lastChunk = (trailers: readonly Field[]): string =>
  `0\r\n${trailerLines(trailers)}\r\n`;

export const trailerLines = (trailers: readonly Field[]): string =>
  trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
