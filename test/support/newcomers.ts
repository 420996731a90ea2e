import { systemCodeOf } from '../../src/kernel/errors.js';
import { expectedAnswer } from './containers.js';
import { statusOf } from './http-message.js';
import { RawClient, type Reach } from './raw-client.js';
import type { Stage } from './stage.js';

/** What became of every connection. */
export interface Arrivals {
  opened: number;
  /** With the very answer that was expected. */
  answered: number;
  /** Nobody listened. */
  refused: number;
  /** Taken, and ended before the answer was whole. */
  cut: number;
  /** Another answer than the expected one. */
  readonly wrong: string[];
}

interface Options extends Reach {
  /** Connections at a time. */
  readonly clients: number;
  /** Milliseconds between connecting and asking, 0 by default: a busy machine, or a way that is long. */
  readonly moment?: number;
}

/** Clients that open a connection for each request, one after another, to a counting container. */
export class Newcomers {
  readonly arrivals: Arrivals = { opened: 0, answered: 0, refused: 0, cut: 0, wrong: [] };
  readonly #stage: Stage;
  readonly #reach: Reach;
  readonly #moment: number;
  readonly #done: Promise<unknown>;
  #isStopped = false;
  #waiting: { readonly enough: number; readonly resolve: () => void }[] = [];

  private constructor(stage: Stage, { clients, moment = 0, ...reach }: Options) {
    this.#stage = stage;
    this.#reach = reach;
    this.#moment = moment;
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#comeAndGo()));
  }

  static start(stage: Stage, options: Options) {
    const newcomers = new Newcomers(stage, options);
    stage.atEnd(() => (newcomers.#isStopped = true));
    return newcomers;
  }

  /** Settles when `count` more have been answered. */
  more(count: number): Promise<void> {
    const enough = this.arrivals.answered + count;
    return new Promise(resolve => this.#waiting.push({ enough, resolve }));
  }

  /** Opens nothing more, and waits for the answers that are due. */
  async stop(): Promise<Arrivals> {
    this.#isStopped = true;
    await this.#done;
    return this.arrivals;
  }

  async #comeAndGo(): Promise<void> {
    while (!this.#isStopped) {
      this.arrivals.opened += 1;
      try {
        await this.#ask(`newcomer-${this.arrivals.opened}`);
      } catch (cause) {
        if (systemCodeOf(cause) === 'ECONNREFUSED') this.arrivals.refused += 1;
        else this.arrivals.cut += 1;
      }
    }
  }

  async #ask(id: string): Promise<void> {
    const client = await RawClient.connect(this.#stage, this.#reach);
    try {
      if (this.#moment > 0) await new Promise(resume => setTimeout(resume, this.#moment));
      await client.send(`GET / HTTP/1.1\r\nHost: app\r\nX-Id: ${id}\r\n\r\n`);
      const answer = await client.answer({ ms: 20_000 });
      const text = answer.body.toString();
      const isRight = statusOf(answer) === 200 && text === expectedAnswer(id, text.split(' ')[1]!);
      if (isRight) this.#answered();
      else this.arrivals.wrong.push(`${id}: ${statusOf(answer)} ${text}`);
    } finally {
      client.socket.destroy();
    }
  }

  #answered(): void {
    this.arrivals.answered += 1;
    this.#waiting = this.#waiting.filter(({ enough, resolve }) => {
      if (this.arrivals.answered < enough) return true;
      resolve();
      return false;
    });
  }
}
