/**
 * Pieces of one client's connection, in; parts of its requests, out, one request after another. Knows
 * nothing of sockets: what to do with the parts, and how long to wait for more, is its owner's.
 */
import { CutoverError } from '../kernel/errors.js';
import type { BodyReader } from './body-part.js';
import { bodyReader } from './body.js';
import { inRequestBody, inRequestHead, malformed, tooLarge } from './faults.js';
import { tokensOf } from './fields.js';
import { requestFraming } from './framing.js';
import {
  checkRequest,
  FieldsReader,
  refuseUnfinishedRequestLine,
  requestLine,
  type RequestLine,
} from './head.js';
import type { Field, RequestFraming, RequestHead, RequestLimits, RequestPart } from './message.js';
import { ReceiveBuffer } from './receive-buffer.js';

export class RequestReader {
  readonly #limits: RequestLimits;
  readonly #buffer = new ReceiveBuffer();
  readonly #fields: FieldsReader;
  /** There once its line is complete, until the head is. */
  #line: RequestLine | undefined;
  #isLineSkipped = false;
  /** There from the head to the end. */
  #body: BodyReader | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
    this.#fields = new FieldsReader(limits, inRequestHead);
  }

  /** Where the connection stands. `idle`: nothing of a next request has arrived. */
  get phase(): 'idle' | 'head' | 'body' {
    if (this.#body !== undefined) return 'body';
    return this.#line !== undefined || this.#buffer.waiting > 0 ? 'head' : 'idle';
  }

  /** Bytes pushed and not yet handed out. */
  get waiting(): number {
    return this.#buffer.waiting;
  }

  /** The bytes must not be changed afterwards: bodies are slices of them. */
  push(bytes: Buffer): void {
    this.#buffer.push(bytes);
  }

  /** The next part; undefined: more bytes are needed. Once it has thrown, it throws the same. */
  next(): RequestPart | undefined {
    if (this.#failure !== undefined) throw this.#failure.cause;
    try {
      return this.#body === undefined ? this.#readHead() : this.#readBody(this.#body);
    } catch (cause) {
      this.#failure = { cause };
      throw cause;
    }
  }

  /** Takes all bytes not yet read: they belong to a tunnel. */
  rest(): Buffer {
    return this.#buffer.take(this.#buffer.waiting);
  }

  #readHead(): RequestPart | undefined {
    this.#line ??= this.#readLine();
    if (this.#line === undefined) return undefined;
    const fields = this.#fields.next(this.#buffer);
    return fields === undefined ? undefined : this.#begun(this.#line, fields);
  }

  #readLine(): RequestLine | undefined {
    const buffer = this.#buffer;
    const length = buffer.lineEnd();
    if (length === 0) {
      this.#refuseUnfinished();
      return undefined;
    }
    const line = buffer.takeText(length);
    // One empty line is ignored: old clients send it behind a body. RFC 9112 §2.2.
    if (line === '\r\n' && !this.#isLineSkipped) {
      this.#isLineSkipped = true;
      return this.#readLine();
    }
    const parsed = requestLine(line, this.#limits);
    this.#fields.begin(length);
    return parsed;
  }

  #refuseUnfinished(): void {
    const buffer = this.#buffer;
    if (buffer.waiting === 0) return;
    if (buffer.isSpoiled()) throw malformed(inRequestHead, 'a control character');
    refuseUnfinishedRequestLine(buffer.peek(buffer.waiting), this.#limits);
    if (buffer.waiting >= this.#limits.head) throw tooLarge(inRequestHead, 'the request line');
  }

  #begun({ method, target, version }: RequestLine, fields: readonly Field[]): RequestPart {
    const head = { method, target, version, fields };
    checkRequest(head);
    const framing = requestFraming(head);
    if (framing.kind === 'length' && framing.bytes > this.#limits.body) {
      throw new CutoverError('ERR_BODY_TOO_LARGE', 'Content-Length is over limits.body');
    }
    this.#line = undefined;
    this.#isLineSkipped = false;
    this.#body = this.#bodyOf(head, framing);
    return { kind: 'head', head, framing };
  }

  #bodyOf(head: RequestHead, framing: RequestFraming): BodyReader {
    return bodyReader(framing, () => ({
      faults: inRequestBody,
      limits: this.#limits,
      most: this.#limits.body,
      connection: tokensOf(head, 'connection'),
    }));
  }

  #readBody(body: BodyReader): RequestPart | undefined {
    const part = body.next(this.#buffer);
    if (part?.kind === 'end') this.#body = undefined;
    return part;
  }
}
