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
  /** Nothing was answered yet. */
  failed(code: ErrorCode, because: string): void;
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
  #recipient: Recipient | undefined;
  #credit = 0;
  #sent = 0;
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
    const { method, head, upgrade, body, trailers } = this.request;
    this.attempts += 1;
    this.#recipient = recipient;
    this.#sent = 0;
    this.#credit = recipient.window;
    const whole = wholeOf(body, trailers);
    if (whole !== undefined) {
      this.#sent = body.size;
      recipient.push([kinds.request, this.id, method, head, upgrade, whole, false]);
      return;
    }
    recipient.push([kinds.request, this.id, method, head, upgrade, nothing, true]);
    void this.#sendBody(recipient);
  }

  /** The worker has found a place for so many bytes of the request's body, or of a tunnel. */
  granted(bytes: number): void {
    this.#credit += bytes;
    if (this.#recipient === undefined) return;
    this.#sendTunnelled(this.#recipient);
    void this.#sendBody(this.#recipient); // also after an early answer: the upload goes on
  }

  /** Bytes of a client whose connection has become a tunnel; false: too many wait already. */
  tunnel(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#tunnelled.push(bytes.subarray(at, at + PIECE_BYTES));
    }
    this.#tunnelledBytes += bytes.length;
    if (this.#recipient !== undefined) this.#sendTunnelled(this.#recipient);
    return this.#tunnelledBytes <= MOST_TUNNELLED;
  }

  /** Nothing more goes to the worker, and the request is not needed any more. */
  ended(): void {
    this.#recipient = undefined;
    this.#tunnelled = [];
    this.request.body.discard();
  }

  #sendTunnelled(recipient: Recipient): void {
    if (this.#sent < this.request.body.size) return; // the body comes first
    while (this.#credit > 0) {
      const bytes = this.#tunnelled.shift();
      if (bytes === undefined) return;
      this.#credit -= bytes.length;
      this.#tunnelledBytes -= bytes.length;
      recipient.push([kinds.part, this.id, bytes, true, '']);
    }
  }

  async #sendBody(recipient: Recipient): Promise<void> {
    const { body } = this.request;
    if (this.#reading || this.#sent >= body.size) return;
    this.#reading = true;
    try {
      while (this.#recipient === recipient && this.#credit > 0 && this.#sent < body.size) {
        const bytes = await body.read(this.#sent, Math.min(PIECE_BYTES, this.#credit));
        if (this.#recipient === recipient) this.#sendPiece(recipient, bytes);
      }
    } catch (cause) {
      if (this.#recipient === recipient) recipient.broken(this, cause);
    } finally {
      this.#reading = false;
    }
    if (this.#recipient === recipient) this.#sendTunnelled(recipient);
    // A worker that was lost meanwhile has a successor that waits for us.
    else if (this.#recipient !== undefined) void this.#sendBody(this.#recipient);
  }

  #sendPiece(recipient: Recipient, bytes: Buffer): void {
    const { body, trailers } = this.request;
    if (bytes.length === 0) throw new Error('the temporary file is shorter than it was');
    this.#sent += bytes.length;
    this.#credit -= bytes.length;
    const more = this.#sent < body.size;
    const framed = trailers.length === 0 ? bytes : inChunks(bytes, more ? '' : lastChunk(trailers));
    recipient.push([kinds.part, this.id, framed, more, '']);
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
