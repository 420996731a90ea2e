import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';

/** What a connection has brought so far, and whoever waits for more of it. */
export class Incoming {
  /** The peer has sent its last byte, or the connection has broken. */
  ended = false;
  #bytes = Buffer.alloc(0);
  #taken = 0;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(socket: Socket) {
    socket.on('data', (piece: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, piece]);
      this.#changes.emit('change');
    });
    const end = () => {
      this.ended = true;
      this.#changes.emit('change');
    };
    socket.on('end', end).on('close', end);
  }

  /** All that was ever received: also what has been taken. */
  get text(): string {
    return this.#bytes.toString('latin1');
  }

  /**
   * Asks `read` anew whenever bytes arrive, until it finds something: then those bytes are taken.
   * Undefined if the connection ends before.
   */
  async take<Found>(
    read: (rest: Buffer, ended: boolean) => { found: Found; length: number } | undefined,
  ): Promise<Found | undefined> {
    for (;;) {
      const ended = this.ended;
      const result = read(this.#bytes.subarray(this.#taken), ended);
      if (result !== undefined) {
        this.#taken += result.length;
        return result.found;
      }
      if (ended) return undefined;
      await once(this.#changes, 'change');
    }
  }
}
