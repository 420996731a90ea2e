/**
 * Lets many callers send envelopes over one socket. What gathers during one turn of the event loop
 * travels as one message: on the device that saves more CPU than anything else, because most of it
 * is spent on libzmq's wake-ups.
 */
import { encodeAll } from '../wire/batch.js';
import type { Envelope } from '../wire/envelope.js';

export class Outbox<Kind extends Envelope> {
  readonly #send: (packed: Buffer) => Promise<void>;
  readonly #undelivered: (cause: unknown) => void;
  #waiting: Kind[] = [];

  /** `send` must be done, or refuse, at once (sendTimeout 0): then nothing overtakes anything. */
  constructor(send: (packed: Buffer) => Promise<void>, undelivered: (cause: unknown) => void) {
    this.#send = send;
    this.#undelivered = undelivered;
  }

  push(envelope: Kind): void {
    if (this.#waiting.push(envelope) === 1) setImmediate(() => this.flush());
  }

  /** Sends what has gathered, now. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const envelopes = this.#waiting;
    this.#waiting = [];
    for (const packed of encodeAll(envelopes)) this.#send(packed).catch(this.#undelivered);
  }
}
