/** Shows how far a long wait is: on a terminal one line that is rewritten, elsewhere a line a change. */
import { printable } from './text-table.js';

/** All that is needed of a stream such as stderr. */
export interface Terminal {
  readonly isTTY?: boolean;
  /** Of one line. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** ECMA-48 §8.3.41: erases from the cursor to the end of the line. */
const ERASE = '\r\u001b[K';

export class ProgressDisplay {
  readonly #terminal: Terminal;
  #isOpen = false;
  #last: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** `state`: what must have changed for another line where lines cannot be rewritten. */
  show(text: string, state: string): void {
    const line = printable(text);
    if (this.#terminal.isTTY === true) {
      // A line that wraps could not be rewritten.
      const { columns = 80 } = this.#terminal;
      this.#terminal.write(`${ERASE}${line.slice(0, Math.max(1, columns - 1))}`);
      this.#isOpen = true;
    } else if (state !== this.#last) {
      this.#terminal.write(`${line}\n`);
    }
    this.#last = state;
  }

  /** A line that stays. */
  say(text: string): void {
    this.end();
    this.#terminal.write(`${printable(text)}\n`);
  }

  /** What is written next begins on a line of its own. */
  end(): void {
    if (this.#isOpen) this.#terminal.write('\n');
    this.#isOpen = false;
  }
}
