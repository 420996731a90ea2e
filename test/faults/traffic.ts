/**
 * Clients with keep-alive connections that send requests with unique ids, each as soon as the one before has
 * ended. What they see goes into a ledger; a request ends for each of them, one way or another.
 */
import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Reach } from '../support/raw-client.js';
import type { Stage } from '../support/stage.js';
import type { Ledger, Outcome } from './ledger.js';
import { answerTo, markOf } from './manners.js';

export interface Kind {
  readonly method: string;
  /** Bytes of its body. */
  readonly body: number;
  /** RFC 9110 §9.2.2: the method means the same when it is done twice. */
  readonly isSafe: boolean;
}

export const get: Kind = { method: 'GET', body: 0, isSafe: true };
export const put: Kind = { method: 'PUT', body: 300, isSafe: true };
export const post: Kind = { method: 'POST', body: 100, isSafe: false };
/** More than stays in memory, and than travels in one envelope: spooled, and sent in parts. */
export const upload: Kind = { method: 'PUT', body: 300_000, isSafe: true };

/** Half of it safe to repeat. */
export const usualMix: readonly Kind[] = [
  ...[get, get, get, get, get, get, put, put, put, upload],
  ...Array<Kind>(10).fill(post),
];

export interface TrafficOptions {
  readonly reach: Reach;
  readonly clients: number;
  readonly mix: readonly Kind[];
  /** Draws in [0, 1): which kind is next. */
  readonly chance: () => number;
  /** The first part of each id, to tell loads apart. */
  readonly prefix: string;
  readonly ledger: Ledger;
  /** Milliseconds between two requests of a client. */
  readonly pause?: number;
}

/** Milliseconds. Longer than any wait of Cutover's under the configuration of world.ts, several times over. */
const PATIENCE = 60_000;
/** Milliseconds in which under a fault less than what was asked for may be answered. */
const LATE = 3_000;
/** Bytes of an answer after which a client has had enough. */
const ENOUGH = 1_000_000;
/** Milliseconds, unless a test wants it quieter: this is no benchmark. */
const PAUSE = 5;
const LARGEST = Math.max(...[...usualMix].map(({ body }) => body));
const content = Buffer.alloc(LARGEST, 'one thing or another, ');

export class Traffic {
  readonly #options: TrafficOptions;
  readonly #agents: readonly Agent[];
  readonly #done: Promise<unknown>;
  readonly #doomed = new WeakSet<Socket>();
  #sent = 0;
  #answered = 0;
  #isStopped = false;
  #waiting: { readonly enough: number; readonly resolve: () => void }[] = [];

  private constructor(options: TrafficOptions) {
    this.#options = options;
    this.#agents = Array.from(
      { length: options.clients },
      () => new Agent({ keepAlive: true, maxSockets: 1 }),
    );
    this.#done = Promise.all(this.#agents.map(agent => this.#client(agent)));
  }

  static start(stage: Stage, options: TrafficOptions): Traffic {
    const traffic = new Traffic(options);
    stage.atEnd(() => {
      traffic.#isStopped = true;
      traffic.#close();
    });
    return traffic;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Settles when `count` more have been answered. */
  async more(count: number): Promise<void> {
    const enough = this.#answered + count;
    const there = new Promise<void>(resolve => this.#waiting.push({ enough, resolve }));
    await Promise.race([there, this.#done]);
  }

  /** The same, or when a while has passed: under a fault every client may be one that has to wait. */
  async moreOrLate(count: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, LATE);
    });
    await Promise.race([this.more(count), late]);
    clearTimeout(timer);
  }

  /** Sends nothing more, and waits for what is due. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
    this.#close();
  }

  /** The process at the other end of connections with these local ports is about to be killed. */
  doom(ports: ReadonlySet<number>): void {
    for (const socket of this.#sockets()) {
      if (ports.has(socket.localPort ?? 0)) this.#doomed.add(socket);
    }
  }

  /** Its clients have given up whom they spoke to: what they wait for never comes. */
  async leave(): Promise<void> {
    this.#isStopped = true;
    for (const socket of this.#sockets()) this.#doomed.add(socket);
    this.#close();
    await this.#done;
  }

  #sockets(): readonly Socket[] {
    return this.#agents.flatMap(({ sockets, freeSockets }) =>
      [...Object.values(sockets), ...Object.values(freeSockets)].flatMap(each => each ?? []),
    );
  }

  #close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  async #client(agent: Agent): Promise<void> {
    const { mix, chance, prefix, ledger, pause = PAUSE } = this.#options;
    while (!this.#isStopped) {
      const kind = mix[Math.floor(chance() * mix.length)]!;
      this.#sent += 1;
      const id = `${prefix}-${this.#sent}`;
      ledger.sent(id, { isSafe: kind.isSafe, at: performance.now() });
      const outcome = await this.#outcome(agent, id, kind);
      if (outcome !== undefined) ledger.ended(id, outcome, performance.now());
      if (outcome?.kind === 'answered') this.#count();
      await new Promise(resume => setTimeout(resume, pause));
    }
  }

  /** Undefined: nothing was heard of it. */
  async #outcome(agent: Agent, id: string, kind: Kind): Promise<Outcome | undefined> {
    const body = content.subarray(0, kind.body);
    const headers = { 'x-id': id, ...(kind.body > 0 && { 'content-length': kind.body }) };
    const { port, host = '127.0.0.1' } = this.#options.reach;
    const patience = new AbortController();
    const { signal } = patience;
    const outgoing = request({ agent, port, host, method: kind.method, headers, signal });
    const deadline = setTimeout(() => patience.abort(), PATIENCE);
    try {
      outgoing.end(body);
      return judged(id, markOf(body), await answerOf(outgoing));
    } catch (cause) {
      if (signal.aborted) return undefined;
      if (outgoing.socket !== null && this.#doomed.has(outgoing.socket)) return { kind: 'cut' };
      return { kind: 'broken', code: (cause as NodeJS.ErrnoException).code ?? String(cause) };
    } finally {
      clearTimeout(deadline);
    }
  }

  #count(): void {
    this.#answered += 1;
    this.#waiting = this.#waiting.filter(({ enough, resolve }) => {
      if (enough > this.#answered) return true;
      resolve();
      return false;
    });
  }
}

/** A text that is undefined has no end. */
interface Answer {
  readonly status: number;
  readonly text: string | undefined;
}

async function answerOf(outgoing: ClientRequest): Promise<Answer> {
  // A body that is refused before it was sent breaks the sending; what counts is the answer, if one comes.
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  outgoing.on('error', () => undefined);
  const { statusCode: status = 0 } = answer;
  let text = '';
  for await (const piece of answer.setEncoding('latin1') as AsyncIterable<string>) {
    text += piece;
    if (text.length > ENOUGH) return { status, text: undefined }; // and the connection is closed
  }
  return { status, text };
}

function judged(id: string, mark: string, { status, text }: Answer): Outcome {
  if (status !== 200) return { kind: 'refused', status };
  if (text === undefined) return { kind: 'endless' };
  const server = text.split(' ')[1] ?? '';
  return text === answerTo(id, server, mark)
    ? { kind: 'answered', server }
    : { kind: 'wrong', text: text.slice(0, 200) };
}
