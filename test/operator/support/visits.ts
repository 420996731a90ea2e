import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { Stage } from '../../support/stage.js';
import { SECRET } from './shop.js';

/** Clients that ask for one basket after another, each time as somebody new, until the stage is cleared. */
export class Visits {
  /** Answers by their status, or by the error of the connection. */
  readonly statuses = new Map<string, number>();
  readonly #agent: Agent;
  readonly #port: number;
  readonly #pause: number;
  readonly #done: Promise<unknown>;
  #stopped = false;
  #number = 0;

  /** `pause`: milliseconds between two requests of one client. */
  constructor(stage: Stage, port: number, { clients = 4, pause = 0 } = {}) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: clients });
    this.#port = port;
    this.#pause = pause;
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#client()));
    stage.atEnd(() => this.stop());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    this.#agent.destroy();
  }

  async #client(): Promise<void> {
    while (!this.#stopped) {
      const status = await this.#visit().catch((cause: unknown) => String(cause));
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (this.#pause > 0 || status !== '200') {
        await new Promise(resume => setTimeout(resume, Math.max(5, this.#pause)));
      }
    }
  }

  async #visit(): Promise<string> {
    const path = `/basket/${String(this.#number++)}?card=${SECRET}`;
    const outgoing = request({ agent: this.#agent, port: this.#port, host: '127.0.0.1', path });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    return String(answer.statusCode);
  }
}
