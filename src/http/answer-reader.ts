/**
 * Pieces of one container's connection, in; parts of its answers, out. An answer can only be read by
 * whoever knows what was asked, and bytes that nobody asked for are the beginning of a wrong answer to
 * the next client: such a connection is not used again.
 */
import { CutoverError } from '../kernel/errors.js';
import type { BodyReader } from './body-part.js';
import { bodyReader } from './body.js';
import { inAnswer, malformed, tooLarge } from './faults.js';
import { keepsAlive, tokensOf } from './fields.js';
import { answerFraming, type Asked } from './framing.js';
import { FieldsReader, statusLine, type StatusLine } from './head.js';
import type { AnswerFraming, AnswerHead, AnswerLimits, AnswerPart, Field } from './message.js';
import { ReceiveBuffer } from './receive-buffer.js';

/** 1xx before one final answer. Honest servers send one or two; Go's client stopped at five. */
const MOST_INTERIM = 16;

export class AnswerReader {
  readonly #limits: AnswerLimits;
  readonly #buffer = new ReceiveBuffer();
  readonly #fields: FieldsReader;
  #asked: Asked = { method: '', upgrade: false };
  /** `quiet`: nothing was asked, or the answer has ended. */
  #at: 'quiet' | 'head' | BodyReader = 'quiet';
  #line: StatusLine | undefined;
  #interim = 0;
  /** As far as the last answer goes: the connection stays open behind it. */
  #staysOpen = true;
  #isUntouched = true;
  #isClosed = false;
  #failure: { readonly cause: unknown } | undefined;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
    this.#fields = new FieldsReader(limits, inAnswer);
  }

  /** The connection is ready for another request. */
  get reusable(): boolean {
    return (
      this.#at === 'quiet' &&
      this.#staysOpen &&
      !this.#isClosed &&
      this.#failure === undefined &&
      this.#buffer.waiting === 0
    );
  }

  /** No byte of this answer has arrived. */
  get untouched(): boolean {
    return this.#isUntouched;
  }

  /** A request is being sent: its answer begins. To be called while `reusable` only. */
  expect(method: string, { upgrade = false }: { readonly upgrade?: boolean } = {}): void {
    if (this.#at !== 'quiet' || this.#buffer.waiting > 0) {
      this.#fail(malformed(inAnswer, 'bytes that nobody asked for'));
    }
    this.#asked = { method, upgrade };
    this.#at = 'head';
    this.#interim = 0;
    this.#isUntouched = true;
  }

  /** The bytes must not be changed afterwards: bodies are slices of them. */
  push(bytes: Buffer): void {
    if (bytes.length > 0) this.#isUntouched = false;
    this.#buffer.push(bytes);
  }

  /** The server closed the connection: `next` says what that means. */
  closed(): void {
    this.#isClosed = true;
  }

  /** The next part; undefined: more bytes are needed. Once it has thrown, it throws the same. */
  next(): AnswerPart | undefined {
    if (this.#failure !== undefined) throw this.#failure.cause;
    if (this.#at === 'quiet') return undefined;
    try {
      return this.#at === 'head' ? this.#readHead() : this.#readBody(this.#at);
    } catch (cause) {
      this.#fail(cause);
      throw cause;
    }
  }

  /** Takes all bytes not yet read: they belong to a tunnel. */
  rest(): Buffer {
    return this.#buffer.take(this.#buffer.waiting);
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
  }

  #readHead(): AnswerPart | undefined {
    this.#line ??= this.#readLine();
    const fields = this.#line && this.#fields.next(this.#buffer);
    if (this.#line !== undefined && fields !== undefined) return this.#begun(this.#line, fields);
    if (this.#isClosed) {
      throw new CutoverError('ERR_SERVER_RESET', 'closed before the head was complete');
    }
    return undefined;
  }

  #readLine(): StatusLine | undefined {
    const buffer = this.#buffer;
    const length = buffer.lineEnd();
    if (length > 0) {
      this.#fields.begin(length);
      return statusLine(buffer.takeText(length));
    }
    if (buffer.waiting >= this.#limits.head) throw tooLarge(inAnswer, 'the status line');
    if (buffer.isSpoiled()) throw malformed(inAnswer, 'a control character');
    return undefined;
  }

  #begun({ version, status, reason }: StatusLine, fields: readonly Field[]): AnswerPart {
    const head = { version, status, reason, fields };
    const framing = answerFraming(head, this.#asked);
    this.#line = undefined;
    if (status < 200 && status !== 101) {
      this.#interim += 1;
      if (this.#interim > MOST_INTERIM) throw malformed(inAnswer, 'too many interim answers');
      return { kind: 'interim', head };
    }
    this.#at = this.#bodyOf(head, framing);
    this.#staysOpen = keepsAlive(head) && !this.#at.endsWithConnection;
    return { kind: 'head', head, framing };
  }

  /** The size of an answer is its server's business: it is passed on piece by piece. */
  #bodyOf(head: AnswerHead, framing: AnswerFraming): BodyReader {
    return bodyReader(framing, () => ({
      faults: inAnswer,
      limits: this.#limits,
      most: Infinity,
      connection: tokensOf(head, 'connection'),
    }));
  }

  #readBody(body: BodyReader): AnswerPart | undefined {
    const part = body.next(this.#buffer);
    if (part?.kind === 'end') this.#at = 'quiet';
    if (part !== undefined || !this.#isClosed) return part;
    if (!body.endsWithConnection) {
      throw new CutoverError('ERR_ANSWER_CUT', 'closed in the middle of the body');
    }
    this.#at = 'quiet';
    return { kind: 'end', trailers: [] };
  }
}
