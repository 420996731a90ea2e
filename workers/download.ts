/** What may still be sent of an answer's body before the client has taken some of it. */
export class Download {
  #credit: number;
  #wake: (() => void) | undefined;
  #isOver = false;

  /** `window`: bytes that the frontend takes without credit. */
  constructor(window: number) {
    this.#credit = window;
  }

  sent(bytes: number): void {
    this.#credit -= bytes;
  }

  granted(bytes: number): void {
    this.#credit += bytes;
    this.#wake?.();
  }

  /** Nobody waits any more. */
  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  /** Undefined while there is credit; otherwise wait for it before reading on. */
  get pressure(): Promise<void> | undefined {
    if (this.#credit > 0 || this.#isOver) return undefined;
    return new Promise(resolve => (this.#wake = resolve));
  }
}
