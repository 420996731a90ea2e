/**
 * One request of a client and what becomes of it, as the frontend sees it. It knows neither socket:
 * envelopes go to a worker, what comes back goes to the client's connection.
 */
import type { ErrorCode } from '../kernel/errors.js';
import type { ExchangeId } from '../kernel/ids.js';
import { chunkEnd, chunkHead, lastChunk } from '../http/fields.js';
import type { Field } from '../http/message.js';
import {
  kinds,
  type Answer,
  type FromFrontend,
  type Interim,
  type Part,
} from '../wire/envelope.js';
import type { Account } from '../wire/account.js';
import type { Body } from './body.js';

/** A request that has arrived whole. */
export interface WholeRequest {
  readonly method: string;
  /** What the container gets, up to and with the empty line. */
  readonly head: string;
  readonly body: Body;
  /** Sent in chunks, because these follow it; otherwise the head says its length. */
  readonly trailers: readonly Field[];
  /** The client asks for another protocol on this connection. */
  readonly upgrade: boolean;
  readonly safeToRepeat: boolean;
}

/** The client's connection: who waits for the answer. */
export interface Asker {
  interim(envelope: Interim): void;
  answer(envelope: Answer): void;
  part(envelope: Part): void;
  /** Nothing was answered yet. `account`: what its worker tells of it. */
  failed(code: ErrorCode, because: string, account?: Account | null): void;
  /** The answer ended in the middle. */
  cut(): void;
}

/** All that an exchange needs from the worker that has it. */
export interface Recipient {
  /** Bytes of a body that it takes without credit. */
  readonly window: number;
  push(envelope: FromFrontend): void;
  /** The body that was kept cannot be read again. */
  broken(exchange: Exchange, cause: unknown): void;
}

/**
 * One sending of the request to a worker, from its beginning. It is known by its identity: what was read
 * for one that has been succeeded by another is not sent.
 */
interface Sending {
  readonly recipient: Recipient;
  /** Bytes that the worker takes; less than none, where a piece of a tunnel was larger. */
  credit: number;
  /** Bytes of the request's body. */
  sent: number;
}

const PIECE_BYTES = 65_536;
/** Bytes from a client that may wait in a tunnel: we cannot stop reading one client alone. */
const MOST_TUNNELLED = 64 * 1024 * 1024;
const nothing = Buffer.alloc(0);

export class Exchange {
  readonly id: ExchangeId;
  readonly request: WholeRequest;
  readonly asker: Asker;
  /** Monotonic milliseconds: until when it may wait for a worker. */
  deadline = Infinity;
  /** How often it was given to a worker. */
  attempts = 0;
  /** The head of its answer has gone to the client. */
  answered = false;
  /** Undefined before the first, and when nothing more goes to a worker. */
  #sending: Sending | undefined;
  /** Somebody reads the body; nobody else may, or pieces would overtake each other. */
  #reading = false;
  #tunnelled: Buffer[] = [];
  #tunnelledBytes = 0;

  constructor(id: ExchangeId, request: WholeRequest, asker: Asker) {
    this.id = id;
    this.request = request;
    this.asker = asker;
  }

  /** Sends the request, or begins to; again from its beginning, if it was sent before. */
  sendTo(recipient: Recipient): void {
    this.attempts += 1;
    this.#begin(recipient);
  }

  /**
   * Its worker tries another server, and needs the request from the beginning. Not once the client has
   * the head of an answer: there is nothing left to rescue. Nor one that may have become a tunnel:
   * what the client sent into it is not kept.
   */
  again(): void {
    if (this.#sending === undefined || this.answered || this.request.upgrade) return;
    this.#begin(this.#sending.recipient);
  }

  /** The worker has found a place for so many bytes of the request's body, or of a tunnel. */
  granted(bytes: number): void {
    const sending = this.#sending;
    if (sending === undefined) return;
    sending.credit += bytes;
    this.#sendTunnelled(sending);
    void this.#sendBody(sending); // also after an early answer: the upload goes on
  }

  /** Bytes of a client whose connection has become a tunnel; false: too many wait already. */
  tunnel(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#tunnelled.push(bytes.subarray(at, at + PIECE_BYTES));
    }
    this.#tunnelledBytes += bytes.length;
    if (this.#sending !== undefined) this.#sendTunnelled(this.#sending);
    return this.#tunnelledBytes <= MOST_TUNNELLED;
  }

  /** Nothing more goes to the worker, and the request is not needed any more. */
  ended(): void {
    this.#sending = undefined;
    this.#tunnelled = [];
    this.request.body.discard();
  }

  #begin(recipient: Recipient): void {
    const { method, head, upgrade, body, trailers } = this.request;
    const whole = wholeOf(body, trailers);
    const sent = whole === undefined ? 0 : body.size;
    const sending = { recipient, credit: recipient.window, sent };
    this.#sending = sending;
    const more = whole === undefined;
    recipient.push([kinds.request, this.id, method, head, upgrade, whole ?? nothing, more]);
    void this.#sendBody(sending);
  }

  #sendTunnelled(sending: Sending): void {
    if (sending.sent < this.request.body.size) return; // the body comes first
    while (sending.credit > 0) {
      const bytes = this.#tunnelled.shift();
      if (bytes === undefined) return;
      sending.credit -= bytes.length;
      this.#tunnelledBytes -= bytes.length;
      sending.recipient.push([kinds.part, this.id, bytes, true, '']);
    }
  }

  async #sendBody(sending: Sending): Promise<void> {
    const { body } = this.request;
    if (this.#reading || sending.sent >= body.size) return;
    this.#reading = true;
    try {
      while (this.#sending === sending && sending.credit > 0 && sending.sent < body.size) {
        const bytes = await body.read(sending.sent, Math.min(PIECE_BYTES, sending.credit));
        if (this.#sending === sending) this.#sendPiece(sending, bytes);
      }
    } catch (cause) {
      if (this.#sending === sending) sending.recipient.broken(this, cause);
    } finally {
      this.#reading = false;
    }
    if (this.#sending === sending) this.#sendTunnelled(sending);
    // Sent anew meanwhile, to this worker or, because it was lost, to another: it waits for us.
    else if (this.#sending !== undefined) void this.#sendBody(this.#sending);
  }

  #sendPiece(sending: Sending, bytes: Buffer): void {
    const { body, trailers } = this.request;
    if (bytes.length === 0) throw new Error('the temporary file is shorter than it was');
    sending.sent += bytes.length;
    sending.credit -= bytes.length;
    const more = sending.sent < body.size;
    const framed = trailers.length === 0 ? bytes : inChunks(bytes, more ? '' : lastChunk(trailers));
    sending.recipient.push([kinds.part, this.id, framed, more, '']);
  }
}

/** What is small enough to travel with its head. */
function wholeOf({ size, whole }: Body, trailers: readonly Field[]): Buffer | undefined {
  if (trailers.length > 0 && size === 0) return Buffer.from(lastChunk(trailers), 'latin1');
  return trailers.length === 0 && size <= PIECE_BYTES ? whole : undefined;
}

/** A body with trailers travels in chunks (RFC 9112 §7.1). */
function inChunks(bytes: Buffer, last: string): Buffer {
  return Buffer.concat([
    Buffer.from(chunkHead(bytes.length), 'latin1'),
    bytes,
    Buffer.from(`${chunkEnd}${last}`, 'latin1'),
  ]);
}
