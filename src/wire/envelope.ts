/**
 * What frontend and worker say to each other over the device. Each envelope is a labelled tuple,
 * as it travels (msgpack packs a tuple in half the time of an object), and this file is the only
 * place that knows their layouts.
 *
 * A worker says `hello` first and is answered by `welcome`; each names the window it grants. Then
 * `request` goes to the worker, `answer` comes back; `part` continues either of them and `credit`
 * lets it. One exchange ends with the first of: an answer or part without more, `failure`, `cancel`.
 *
 * Before it has answered, a worker may ask for the request `again`: a second `request` of the same id
 * marks the new beginning. What came before it is of the old upload, what comes after it of the new one.
 */
import { isErrorCode, type ErrorCode } from '../kernel/errors.js';
import { isExchangeId, type ExchangeId } from '../kernel/ids.js';
import { isAccount, type Account } from './account.js';

export const kinds = {
  hello: 1,
  welcome: 2,
  beat: 3,
  goodbye: 4,
  farewell: 5,
  stranger: 6,
  request: 10,
  part: 11,
  credit: 12,
  cancel: 13,
  interim: 14,
  answer: 15,
  failure: 16,
  again: 17,
  table: 18,
} as const;

/** How the frontend has to end the body for its client. */
export const framings = ['none', 'length', 'open', 'tunnel'] as const;
export type WireFraming = (typeof framings)[number];

/**
 * Worker → frontend, first of all: who I am, how many bytes of a body I take without credit, and where I am
 * (kernel/place.ts). Empty: not known.
 */
export type Hello = readonly [
  kind: typeof kinds.hello,
  name: string,
  window: number,
  host: string,
  zone: string,
];
/**
 * Frontend → worker: you are known. `window`: how many bytes of an answer I take without credit. `accounts`:
 * I want to hear how you came by each answer.
 */
export type Welcome = readonly [
  kind: typeof kinds.welcome,
  name: string,
  window: number,
  accounts: boolean,
];
/** Either way, when there was nothing else to say. */
export type Beat = readonly [kind: typeof kinds.beat];
/** Worker → frontend: I am draining, send no new requests. */
export type Goodbye = readonly [kind: typeof kinds.goodbye];
/** Frontend → worker, answers goodbye, or when it stops itself: nothing new is on its way to you. */
export type Farewell = readonly [kind: typeof kinds.farewell];
/** Frontend → worker: I do not know you (any more), your exchanges are void. Say hello. */
export type Stranger = readonly [kind: typeof kinds.stranger];

/** Frontend → worker. `head` is what the container gets, up to and with the empty line. */
export type Request = readonly [
  kind: typeof kinds.request,
  exchange: ExchangeId,
  method: string,
  head: string,
  upgrade: boolean,
  body: Uint8Array,
  more: boolean,
];

/**
 * Either way. Towards the worker the bytes are framed as the head says; towards the frontend they
 * are bare, and `trailers` are field lines (with the last part of a body of open length only).
 */
export type Part = readonly [
  kind: typeof kinds.part,
  exchange: ExchangeId,
  bytes: Uint8Array,
  more: boolean,
  trailers: string,
];

/** Either way: so many bytes of the body have found a place, send as many more. */
export type Credit = readonly [kind: typeof kinds.credit, exchange: ExchangeId, bytes: number];
/** Frontend → worker: nobody waits for this answer any more. */
export type Cancel = readonly [kind: typeof kinds.cancel, exchange: ExchangeId];

/** Worker → frontend: a 1xx before the answer. */
export type Interim = readonly [
  kind: typeof kinds.interim,
  exchange: ExchangeId,
  status: number,
  reason: string,
  fields: string,
];

/** Worker → frontend. `fields` are field lines, each with CRLF, without hop-by-hop fields. */
export type Answer = readonly [
  kind: typeof kinds.answer,
  exchange: ExchangeId,
  status: number,
  reason: string,
  fields: string,
  framing: number,
  body: Uint8Array,
  more: boolean,
  trailers: string,
  /** Null: the frontend has not asked for it. */
  account: Account | null,
];

/** Worker → frontend: no answer, or no more of it. */
export type Failure = readonly [
  kind: typeof kinds.failure,
  exchange: ExchangeId,
  code: ErrorCode,
  because: string,
  account: Account | null,
];

/**
 * Worker → frontend: a rescue needs the request, with its body, from the beginning. The credit that was
 * given is void, the window counts anew; so nothing of the old upload is credited after this.
 * Not heeded once it is answered or over, nor for an upgrade: what went into a tunnel is not kept.
 */
export type Again = readonly [kind: typeof kinds.again, exchange: ExchangeId];

/**
 * Frontend → worker, behind welcome and whenever there is a newer one: the last message of control that
 * tells of versions, packed as it is there. So workers learn of them also while control is away.
 */
export type Table = readonly [kind: typeof kinds.table, packed: Uint8Array];

/** What a worker says of one exchange. */
export type OfExchange = Part | Credit | Interim | Answer | Failure | Again;
/** What a frontend may receive. */
export type FromWorker = Hello | Beat | Goodbye | OfExchange;
/** What a worker may receive. */
export type FromFrontend =
  Welcome | Beat | Farewell | Stranger | Request | Part | Credit | Cancel | Table;
export type Envelope = FromWorker | FromFrontend;

export const framingAt = (index: number): WireFraming => framings[index] ?? 'none';
export const framingIndex = (framing: WireFraming): number => framings.indexOf(framing);

const text = (value: unknown): value is string => typeof value === 'string';
/** As control wants it: a frontend tells it of the workers that it knows. */
const name = (value: unknown) => text(value) && /^[\w.-]{1,128}$/.test(value);
/** Of a host or a zone; none at all may be said. */
const place = (value: unknown) => text(value) && /^[\w.-]{0,128}$/.test(value);
const flag = (value: unknown): value is boolean => typeof value === 'boolean';
const bytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const amount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const status = (value: unknown) =>
  amount(value) && (value as number) >= 100 && (value as number) <= 599;
const framing = (value: unknown) => amount(value) && (value as number) < framings.length;

type Check = (value: unknown) => boolean;

// One row for each kind, in the order of the tuple behind its kind.
const layouts: ReadonlyMap<unknown, readonly Check[]> = new Map<number, readonly Check[]>([
  [kinds.hello, [name, amount, place, place]],
  [kinds.welcome, [text, amount, flag]],
  [kinds.beat, []],
  [kinds.goodbye, []],
  [kinds.farewell, []],
  [kinds.stranger, []],
  [kinds.request, [isExchangeId, text, text, flag, bytes, flag]],
  [kinds.part, [isExchangeId, bytes, flag, text]],
  [kinds.credit, [isExchangeId, amount]],
  [kinds.cancel, [isExchangeId]],
  [kinds.interim, [isExchangeId, status, text, text]],
  [kinds.answer, [isExchangeId, status, text, text, framing, bytes, flag, text, isAccount]],
  [kinds.failure, [isExchangeId, isErrorCode, text, isAccount]],
  [kinds.again, [isExchangeId]],
  [kinds.table, [bytes]],
]);

/** Nothing that came over the wire is believed before it has passed here. */
export function isEnvelope(value: unknown): value is Envelope {
  if (!Array.isArray(value)) return false;
  const layout = layouts.get(value[0]);
  if (layout?.length !== value.length - 1) return false;
  for (let at = 0; at < layout.length; at++) if (layout[at]?.(value[at + 1]) !== true) return false;
  return true;
}

const towardsFrontend: ReadonlySet<number> = new Set([
  kinds.hello,
  kinds.beat,
  kinds.goodbye,
  kinds.part,
  kinds.credit,
  kinds.interim,
  kinds.answer,
  kinds.failure,
  kinds.again,
]);
const towardsWorker: ReadonlySet<number> = new Set([
  kinds.welcome,
  kinds.beat,
  kinds.farewell,
  kinds.stranger,
  kinds.request,
  kinds.part,
  kinds.credit,
  kinds.cancel,
  kinds.table,
]);

export const isFromWorker = (value: unknown): value is FromWorker =>
  isEnvelope(value) && towardsFrontend.has(value[0]);
export const isFromFrontend = (value: unknown): value is FromFrontend =>
  isEnvelope(value) && towardsWorker.has(value[0]);
