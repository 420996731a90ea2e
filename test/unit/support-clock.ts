import type { Cancel, Clock } from '../../src/kernel/clock.js';

interface Task {
  at: number;
  readonly every: number | undefined;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #tasks = new Set<Task>();

  now(): number {
    return this.#now;
  }

  /** It began in November 2023. */
  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(ms: number, run: () => void): Cancel {
    return this.#add({ at: this.#now + ms, every: undefined, run });
  }

  every(ms: number, run: () => void): Cancel {
    return this.#add({ at: this.#now + ms, every: ms, run });
  }

  /** How many tasks are waiting for their time. */
  get waiting(): number {
    return this.#tasks.size;
  }

  /** Milliseconds until the next task; undefined: there is none. */
  get next(): number | undefined {
    const [first] = this.#inOrder();
    return first && first.at - this.#now;
  }

  /** Lets time pass, and runs what falls due, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let [task] = this.#inOrder(); task !== undefined; [task] = this.#inOrder()) {
      if (task.at > until) break;
      this.#now = Math.max(this.#now, task.at);
      if (task.every === undefined) this.#tasks.delete(task);
      else task.at += task.every;
      task.run();
    }
    this.#now = until;
  }

  #add(task: Task): Cancel {
    this.#tasks.add(task);
    return () => void this.#tasks.delete(task);
  }

  #inOrder(): readonly Task[] {
    return [...this.#tasks].sort((a, b) => a.at - b.at);
  }
}
