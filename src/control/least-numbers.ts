/** The least of all distinct numbers that were added: sets of them merge in any order. */
export class LeastNumbers {
  readonly #most: number;
  #numbers = new Set<number>();
  /** What is above is not among the least for certain. */
  #limit = Infinity;

  constructor(most: number) {
    this.#most = most;
  }

  add(numbers: readonly number[]): void {
    for (const number of numbers) {
      if (number <= this.#limit) this.#numbers.add(number);
      // Twice as many as are wanted: so sorting costs little for each number.
      if (this.#numbers.size > 2 * this.#most) this.#cut();
    }
  }

  /** Ascending once there were more than are kept; else in any order. */
  get list(): readonly number[] {
    if (this.#numbers.size > this.#most) this.#cut();
    return [...this.#numbers];
  }

  #cut(): void {
    const least = [...this.#numbers].sort((a, b) => a - b).slice(0, this.#most);
    this.#numbers = new Set(least);
    this.#limit = least.at(-1) ?? Infinity;
  }
}
