import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { firstMessage, type Message } from './http-message.js';
import { Incoming } from './incoming.js';
import type { Stage } from './stage.js';
import { within } from './within.js';

export interface Reach {
  readonly port: number;
  readonly host?: string;
}

/** A client that sends exactly the bytes it is told to, and reads answers strictly. */
export class RawClient {
  readonly socket: Socket;
  readonly #incoming: Incoming;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket.setNoDelay();
    this.#incoming = new Incoming(socket);
    // However it ends is for the test to judge, by what has arrived until then. (libuv reports a
    // reset as an orderly end when data came just before it, so the two cannot be told apart.)
    socket.on('error', () => undefined);
    this.#closed = new Promise(resolve => socket.once('close', () => resolve()));
  }

  static async connect(stage: Stage, { port, host = '127.0.0.1' }: Reach): Promise<RawClient> {
    const socket = connect({ port, host });
    stage.atEnd(() => socket.destroy());
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends the pieces one after the other, each in a write of its own. Latin-1. */
  async send(...pieces: readonly (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
      await new Promise<void>(sent => this.socket.write(bytes, () => sent()));
      await setImmediate();
    }
  }

  /** The next answer, 1xx included, as soon as it is complete. */
  async answer({ toHead = false, ms = 10_000 } = {}): Promise<Message> {
    const answer = this.#incoming.take((rest, ended) => {
      const read = firstMessage(rest, { ended, toHead });
      return read && { found: read.message, length: read.length };
    });
    const complete = await within(ms, 'a complete answer', answer);
    if (complete === undefined) throw new Error(`cut off after ${JSON.stringify(this.received)}`);
    return complete;
  }

  /** Waits until `text` has arrived; takes everything up to its end. */
  async until(text: string, ms = 10_000): Promise<string> {
    const found = this.#incoming.take(rest => {
      const at = rest.indexOf(text, 0, 'latin1');
      const length = at + Buffer.byteLength(text, 'latin1');
      return at < 0 ? undefined : { found: rest.toString('latin1', 0, length), length };
    });
    const before = await within(ms, `to read ${JSON.stringify(text)}`, found);
    if (before === undefined) throw new Error(`cut off after ${JSON.stringify(this.received)}`);
    return before;
  }

  /** Settles when the connection has ended, in order or not. */
  closed(ms = 10_000): Promise<void> {
    return within(ms, 'the connection is closed', this.#closed);
  }

  /** All that has ever arrived. */
  get received(): string {
    return this.#incoming.text;
  }

  /** Ends the connection in order. */
  end(): void {
    this.socket.end();
  }

  /** Breaks it: the other side gets a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Sends `request` on a connection of its own and reads the one answer. */
export async function ask(
  stage: Stage,
  reach: Reach,
  ...request: readonly (string | Buffer)[]
): Promise<Message> {
  const client = await RawClient.connect(stage, reach);
  await client.send(...request);
  const first = request[0]?.toString('latin1') ?? '';
  const answer = await client.answer({ toHead: first.startsWith('HEAD ') });
  client.socket.destroy();
  return answer;
}
