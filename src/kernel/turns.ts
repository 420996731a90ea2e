import type { Cancel, Clock } from './clock.js';

/** Does something as often as it is wanted, but never twice at a time; again after a while if it fails. */
export class Turns {
  readonly #clock: Clock;
  readonly #task: () => Promise<boolean>;
  readonly #pause: number;
  #turn: Promise<void> | undefined;
  #isWanted = false;
  #retry: Cancel | undefined;
  #isClosed = false;

  /** `task`: never rejects; false: it has failed. `pause`: milliseconds until it is tried again then. */
  constructor(clock: Clock, task: () => Promise<boolean>, pause: number) {
    this.#clock = clock;
    this.#task = task;
    this.#pause = pause;
  }

  want(): void {
    if (this.#isClosed) return;
    this.#isWanted = true;
    this.#turn ??= this.#all();
  }

  /** Settles when nothing is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#retry?.();
    await this.#turn;
  }

  async #all(): Promise<void> {
    while (this.#isWanted && !this.#isClosed) {
      this.#isWanted = false;
      if (await this.#task()) continue;
      this.#retryLater();
      break;
    }
    this.#turn = undefined;
  }

  #retryLater(): void {
    this.#retry?.();
    if (!this.#isClosed) this.#retry = this.#clock.after(this.#pause, () => this.want());
  }
}
