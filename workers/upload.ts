/**
 * The rest of a request's body, or what a client sends into a tunnel: comes in parts from the
 * frontend, leaves towards the container, and gives credit for what has left.
 */
export class Upload {
  readonly #grant: (bytes: number) => void;
  readonly #grantFrom: number;
  readonly #parts: Buffer[] = [];
  #isComplete: boolean;
  #wake: (() => void) | undefined;
  #left = 0;
  #turn = 0;
  /** A part of it has been taken: what is left is not the whole. */
  hasBegun = false;

  /** `grantFrom`: bytes that are worth an envelope. */
  constructor(about: { more: boolean; grantFrom: number; grant: (bytes: number) => void }) {
    this.#isComplete = !about.more;
    this.#grantFrom = about.grantFrom;
    this.#grant = about.grant;
  }

  push(bytes: Uint8Array, more: boolean): void {
    if (bytes.length > 0) {
      this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    }
    if (!more) this.#isComplete = true;
    this.#wake?.();
  }

  /** Nothing more is wanted: whoever waits for a part gets none. */
  end(): void {
    this.#isComplete = true;
    this.#parts.length = 0;
    this.#wake?.();
  }

  /** The attempt is over: who still waits for a part, for its sake, gets none. */
  endAttempt(): void {
    this.#turn += 1;
    this.#wake?.();
  }

  /** The next part; undefined: there is no more, or the attempt is over. */
  async next(): Promise<Buffer | undefined> {
    const turn = this.#turn;
    while (this.#parts.length === 0 && !this.#isComplete) {
      await new Promise<void>(resolve => (this.#wake = resolve));
      if (turn !== this.#turn) return undefined;
    }
    const part = this.#parts.shift();
    // Here, not where it arrives: the attempt may be over by then, and the next one begin without this part.
    if (part !== undefined) this.hasBegun = true;
    return part;
  }

  /** So many bytes have found a place. */
  sent(bytes: number): void {
    this.#left += bytes;
    if (this.#left < this.#grantFrom || this.#isComplete) return;
    this.#grant(this.#left);
    this.#left = 0;
  }
}
