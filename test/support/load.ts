import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { expectedAnswer } from './containers.js';
import type { Reach } from './raw-client.js';
import type { Stage } from './stage.js';

export interface LoadOptions extends Reach {
  /** Connections, each with one request at a time. */
  readonly clients: number;
  /** In all; endless without it, until `stop`. */
  readonly requests?: number;
  readonly method?: string;
  readonly body?: string;
  /** The first part of each id, to tell loads apart. */
  readonly prefix?: string;
}

/** What became of every request. `answered`, `wrong` and `failed` make up `sent`. */
export interface Tally {
  sent: number;
  /** With status 200 and the very answer that was expected. */
  answered: number;
  /** Ids whose answer was for somebody else, cut short or otherwise changed. */
  readonly wrong: string[];
  /** Ids by the status, or the error code of the connection, that they ended with. */
  readonly failed: Map<string, string[]>;
  /** How many each container has answered. */
  readonly byServer: Map<string, number>;
  /** Milliseconds. */
  slowest: number;
}

/** Keep-alive clients that send requests with unique ids to counting containers, one after another. */
export class Load {
  readonly tally: Tally = {
    sent: 0,
    answered: 0,
    wrong: [],
    failed: new Map(),
    byServer: new Map(),
    slowest: 0,
  };
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly #done: Promise<unknown>;
  #stopped = false;
  #waiting: { readonly holds: (tally: Tally) => boolean; readonly resolve: () => void }[] = [];

  private constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.clients, timeout: 60_000 });
    this.#done = Promise.all(Array.from({ length: options.clients }, () => this.#client()));
  }

  static start(stage: Stage, options: LoadOptions): Load {
    const load = new Load(options);
    stage.atEnd(() => {
      load.#stopped = true;
      load.#agent.destroy();
    });
    return load;
  }

  /** Waits for the last answer of a load with a fixed number of requests. */
  async finished(): Promise<Tally> {
    await this.#done;
    this.#agent.destroy();
    return this.tally;
  }

  /** Sends nothing more, and waits for the answers that are due. */
  async stop(): Promise<Tally> {
    this.#stopped = true;
    return this.finished();
  }

  /** Settles when `count` more requests have been answered. */
  async more(count: number): Promise<void> {
    const enough = this.tally.answered + count;
    await this.until(({ answered }) => answered >= enough);
  }

  /** Settles when `holds`, which is asked anew after each answer; or when all has been sent. */
  async until(holds: (tally: Tally) => boolean): Promise<void> {
    const held = new Promise<void>(resolve => this.#waiting.push({ holds, resolve }));
    await Promise.race([this.#done, held]);
  }

  async #client(): Promise<void> {
    const { requests = Infinity, prefix = 'load' } = this.#options;
    while (!this.#stopped && this.tally.sent < requests) {
      this.tally.sent += 1;
      const id = `${prefix}-${this.tally.sent}`;
      const start = performance.now();
      try {
        this.#judge(id, await this.#exchange(id));
      } catch (cause) {
        this.#failed(id, (cause as NodeJS.ErrnoException).code ?? String(cause));
        // A client that is refused must not spin: others want the processor, too.
        await new Promise(resume => setTimeout(resume, 5));
      }
      this.tally.slowest = Math.max(this.tally.slowest, performance.now() - start);
    }
  }

  async #exchange(id: string): Promise<{ status: number; text: string }> {
    const { port, host = '127.0.0.1', method = 'GET', body } = this.#options;
    const outgoing = request({ agent: this.#agent, port, host, method, headers: { 'x-id': id } });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const pieces: Buffer[] = [];
    for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
    return { status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString('latin1') };
  }

  #judge(id: string, { status, text }: { status: number; text: string }): void {
    if (status !== 200) {
      this.#failed(id, String(status));
      return;
    }
    const server = text.split(' ')[1] ?? '';
    if (text !== expectedAnswer(id, server)) {
      this.tally.wrong.push(id);
      return;
    }
    this.tally.answered += 1;
    this.tally.byServer.set(server, (this.tally.byServer.get(server) ?? 0) + 1);
    this.#waiting = this.#waiting.filter(({ holds, resolve }) => {
      if (!holds(this.tally)) return true;
      resolve();
      return false;
    });
  }

  #failed(id: string, how: string): void {
    this.tally.failed.set(how, [...(this.tally.failed.get(how) ?? []), id]);
  }
}

/** What a load must look like that nothing happened to. */
export const unharmed = ({ sent, answered, wrong, failed }: Tally) => ({
  lost: sent - answered,
  wrong,
  failed: [...failed].map(([how, ids]) => `${how}: ${ids.length}`),
});

export const nothing = { lost: 0, wrong: [], failed: [] };
