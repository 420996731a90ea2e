/**
 * What goes to one client, in order. Pieces that libzmq does not take wait here; how much can wait
 * is bounded, because a worker gets credit only for what was taken.
 */
import type { Cancel, Clock } from '../kernel/clock.js';
import { nextPause } from '../sockets/patience.js';
import { sendRefusal } from '../sockets/socket-errors.js';

/** All that a writer needs from its connection. */
export interface WriterHost {
  /** Done, or refused at once. Empty bytes close the connection. */
  send(bytes: Buffer): Promise<void>;
  /** Little is left to write: more may be asked for. */
  drained(): void;
  /** The connection is closed, after all that was written, or the client has gone. */
  closed(): void;
}

interface Piece {
  readonly bytes: Buffer;
  readonly taken: (() => void) | undefined;
}

/**
 * A client that pipelines requests and does not read their answers gets no further ones once so many
 * bytes wait for it.
 */
const MOST_BYTES = 262_144;

const closing: Piece = { bytes: Buffer.alloc(0), taken: undefined };

export class ClientWriter {
  readonly #host: WriterHost;
  readonly #clock: Clock;
  #pieces: Piece[] = [];
  #bytes = 0;
  /** The piece that libzmq is being given. */
  #sending: Piece | undefined;
  #isClosing = false;
  #isOver = false;
  #pause = 0;
  #cancelRetry: Cancel | undefined;

  constructor(host: WriterHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** Everything written was taken. */
  get idle(): boolean {
    return this.#pieces.length === 0;
  }

  /** So much waits that nothing more should be asked for on behalf of this client. */
  get isFull(): boolean {
    return this.#bytes > MOST_BYTES;
  }

  /** `taken` is called when libzmq has them; the bytes must not be changed afterwards. */
  write(bytes: Buffer, taken?: () => void): void {
    if (this.#isOver || this.#isClosing) return;
    this.#pieces.push({ bytes, taken });
    this.#bytes += bytes.length;
    this.#sendNext();
  }

  /** Closes the connection after what was written. */
  close(): void {
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    this.#pieces.push(closing);
    this.#sendNext();
  }

  /** Closes the connection now; what libzmq has not taken is dropped. */
  cut(): void {
    if (this.#isOver) return;
    this.#isClosing = true;
    this.#pieces = [closing];
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#sendNext();
  }

  /** The client has gone: nothing can be written any more. */
  abandon(): void {
    this.#isOver = true;
    this.#pieces = [];
    this.#cancelRetry?.();
  }

  #sendNext(): void {
    const [piece] = this.#pieces;
    if (piece === undefined || this.#sending !== undefined || this.#cancelRetry !== undefined)
      return;
    this.#sending = piece;
    this.#host.send(piece.bytes).then(this.#sent, this.#refused);
  }

  // One function for each connection, not for each piece.

  readonly #sent = (): void => {
    const piece = this.#sending;
    this.#sending = undefined;
    if (this.#isOver || piece === undefined) return;
    this.#pause = 0;
    const before = this.#bytes;
    if (this.#pieces[0] === piece) this.#pieces.shift(); // not, if we were cut meanwhile
    this.#bytes -= piece.bytes.length;
    piece.taken?.();
    if (before > MOST_BYTES && this.#bytes <= MOST_BYTES) this.#host.drained();
    if (piece === closing) this.#end();
    else this.#sendNext();
  };

  readonly #refused = (cause: unknown): void => {
    this.#sending = undefined;
    if (this.#isOver) return;
    // Not even the close is taken while the pipe is full. A client that never reads is cut off by
    // the kernel (timeouts.write, see sockets/stream-server.ts).
    if (sendRefusal(cause) !== 'full') return this.#end();
    this.#pause = nextPause(this.#pause);
    this.#cancelRetry = this.#clock.after(this.#pause, () => {
      this.#cancelRetry = undefined;
      this.#sendNext();
    });
  };

  #end(): void {
    this.abandon();
    this.#host.closed();
  }
}
