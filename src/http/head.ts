/**
 * Start lines and field lines, read strictly: what two recipients could read in two ways is refused,
 * because that is what request smuggling is made of. RFC 9112 §2.2 allows a bare LF to end a line,
 * §5.2 allows to unfold lines: we take neither.
 *
 * A head is read line by line as lines become complete, so that a bad one is refused at once,
 * even if its end never comes.
 */
import { CutoverError } from '../kernel/errors.js';
import { inAnswer, inRequestHead, malformed, tooLarge, type Faults } from './faults.js';
import { tokensOf, valuesOf } from './fields.js';
import type { AnswerHead, AnswerLimits, Field, RequestHead, RequestLimits } from './message.js';
import type { ReceiveBuffer } from './receive-buffer.js';
import { isAuthority, isTargetFor } from './target.js';
import { trimmed } from './white-space.js';

/** The longest registered method has 17 letters (UPDATEREDIRECTREF). */
const LONGEST_METHOD = 32;

// RFC 9112 §3. A target is made of visible ASCII; a fragment (#) is never sent.
const REQUEST_LINE =
  /^([-!#$%&'*+.^_`|~0-9A-Za-z]{1,32}) ([\x21\x22\x24-\x7e]+) HTTP\/(\d+(?:\.\d+)?)\r\n$/;

// RFC 9112 §4. Without a reason many servers leave out the space before it as well.
const STATUS_LINE = /^HTTP\/1\.(\d) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n$/;

// RFC 9112 §5: a token, the colon at once, no control but HT. A folded line begins with no token.
const FIELD_LINE = /[-!#$%&'*+.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n/y;

const SPACE = 32;

export type RequestLine = Omit<RequestHead, 'fields'>;
export type StatusLine = Omit<AnswerHead, 'fields'>;

/** The line, with its CRLF. RFC 9112 §3. */
export function requestLine(line: string, limits: RequestLimits): RequestLine {
  const [, method, target, version] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) {
    // Without a version this would be HTTP/0.9, which has no fields and no way to say 400.
    throw malformed(inRequestHead, 'the request line');
  }
  if (target.length > limits.target) throw targetTooLong();
  if (version !== '1.1' && version !== '1.0') {
    throw new CutoverError('ERR_HTTP_VERSION', 'neither HTTP/1.1 nor HTTP/1.0');
  }
  if (method === 'CONNECT') throw new CutoverError('ERR_METHOD_UNSUPPORTED', 'CONNECT');
  if (!isTargetFor(method, target)) throw malformed(inRequestHead, 'the request target');
  return { method, target, version };
}

/**
 * Throws as soon as no end could make this beginning of a request line good. The work for a line is
 * bounded however it is cut: once the target is longer than allowed, few bytes are waited for.
 */
export function refuseUnfinishedRequestLine(line: Buffer, limits: RequestLimits): void {
  const method = line.subarray(0, LONGEST_METHOD + 1).indexOf(SPACE);
  if (method === -1) {
    if (line.length > LONGEST_METHOD) throw malformed(inRequestHead, 'the method');
    return;
  }
  const longest = method + 1 + limits.target;
  if (line.length <= longest) return;
  if (!line.subarray(method + 1, longest + 1).includes(SPACE)) throw targetTooLong();
  if (line.length > longest + ' HTTP/1.1\r\n'.length) {
    throw malformed(inRequestHead, 'the request line');
  }
}

const targetTooLong = () => new CutoverError('ERR_TARGET_TOO_LONG', 'over limits.target');

/** The line, with its CRLF. RFC 9112 §4. A minor version that we do not know counts as 1.1. */
export function statusLine(line: string): StatusLine {
  const [, minor, status, reason = ''] = STATUS_LINE.exec(line) ?? [];
  if (status === undefined) throw malformed(inAnswer, 'the status line');
  return { version: minor === '0' ? '1.0' : '1.1', status: Number(status), reason };
}

/** Reads field lines up to the empty line behind them: of one head, or of trailers, after another. */
export class FieldsReader {
  readonly #limits: AnswerLimits;
  readonly #faults: Faults;
  #fields: Field[] = [];
  /** Bytes that may still come. */
  #room: number;

  constructor(limits: AnswerLimits, faults: Faults) {
    this.#limits = limits;
    this.#faults = faults;
    this.#room = limits.head;
  }

  /** The fields that follow begin; the start line took so many bytes of `limits.head`. */
  begin(taken: number): void {
    this.#fields = [];
    this.#room = this.#limits.head - taken;
    if (this.#room < 0) throw tooLarge(this.#faults, 'the start line');
  }

  /** All fields once the empty line has come, undefined before. */
  next(from: ReceiveBuffer): readonly Field[] | undefined {
    const length = from.linesEnd();
    if (length > 0 && this.#isComplete(from.takeText(length))) return this.#fields;
    // At least one byte more is needed, so that equal is too much as well.
    if (from.waiting >= this.#room) throw tooLarge(this.#faults, 'the head');
    if (from.isSpoiled()) throw malformed(this.#faults, 'a control character in a field');
    return undefined;
  }

  /** Adds what the lines say. An empty one can only be the last of them. */
  #isComplete(lines: string): boolean {
    let at = 0;
    while (at < lines.length) {
      if (lines.startsWith('\r\n', at)) return this.#fits(2);
      FIELD_LINE.lastIndex = at;
      if (!FIELD_LINE.test(lines)) throw malformed(this.#faults, 'a field line');
      const end = FIELD_LINE.lastIndex;
      const colon = lines.indexOf(':', at);
      this.#fits(end - at);
      this.#fields.push([lines.slice(at, colon), trimmed(lines, colon + 1, end - 2)]);
      if (this.#fields.length > this.#limits.fields) throw tooLarge(this.#faults, 'fields');
      at = end;
    }
    return false;
  }

  #fits(length: number): true {
    this.#room -= length;
    if (this.#room < 0) throw tooLarge(this.#faults, 'the head');
    return true;
  }
}

/** What a request must say beyond its syntax. */
export function checkRequest(head: RequestHead): void {
  // RFC 9112 §3.2: one Host, valid; HTTP/1.0 may do without. An empty one names nobody, and two
  // recipients could choose two different ones of several.
  const hosts = valuesOf(head, 'host');
  if (hosts.length > 1) throw malformed(inRequestHead, 'several Host fields');
  const [host] = hosts;
  if (host === undefined) {
    if (head.version === '1.1') throw malformed(inRequestHead, 'no Host');
  } else if (!isAuthority(host)) {
    throw malformed(inRequestHead, 'Host');
  }
  // RFC 9110 §10.1.1: there is one expectation only.
  if (tokensOf(head, 'expect').some(each => each !== '100-continue')) {
    throw new CutoverError('ERR_EXPECTATION', 'not 100-continue');
  }
}
