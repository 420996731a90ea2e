import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { firstMessage, type Message } from './http-message.js';
import { Incoming } from './incoming.js';
import type { Stage } from './stage.js';
import { within } from './within.js';

/** As `cluster.servers` of a config has it. */
export interface ServerAddress {
  readonly ip: string;
  readonly port: number;
}

/** One request of a container's connection, from the moment its head is complete. */
export interface Exchange {
  readonly method: string;
  readonly target: string;
  /** The head as it was on the wire, with the blank line. */
  readonly head: string;
  readonly socket: Socket;
  /** The request with its body; undefined if the connection ends before. */
  readonly whole: Promise<Message | undefined>;
  /** The connection has ended, from whichever side. */
  readonly gone: Promise<void>;
  readonly write: (...pieces: readonly (string | Buffer)[]) => void;
}

/** What a container does with a request. */
export type Script = (exchange: Exchange) => void | Promise<void>;

/** A container that plays a script for each target, byte by byte, and remembers what it got. */
export class ScriptedContainer {
  readonly address: ServerAddress;
  /** Complete requests, in the order in which they were complete. */
  readonly requests: Message[] = [];
  readonly heads: string[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #incoming: Incoming[] = [];
  readonly #scripts = new Map<string, Script>();
  #others: Script = answering(404);
  readonly #waiting = new Map<string, PromiseWithResolve<Exchange>>();

  private constructor(server: Server) {
    this.#server = server;
    this.address = addressOf(server);
    server.on('connection', (socket: Socket) => void this.#converse(socket));
  }

  static async start(stage: Stage, at: Partial<ServerAddress> = {}): Promise<ScriptedContainer> {
    return new ScriptedContainer(await listening(stage, createServer(), at));
  }

  /** Plays `script` for every target without a script of its own. */
  serveOthers(script: Script): this {
    this.#others = script;
    return this;
  }

  /** Plays `script` whenever `target` is asked for. */
  serve(target: string, script: Script): this {
    this.#scripts.set(target, script);
    return this;
  }

  /** The next (or first) request for `target`, as soon as its head has arrived. */
  asked(target: string): Promise<Exchange> {
    const waiting = this.#waiting.get(target) ?? promiseWithResolve<Exchange>();
    this.#waiting.set(target, waiting);
    return within(10_000, `the container is asked for ${target}`, waiting.promise);
  }

  /** Connections that it has at the moment. */
  get open(): number {
    return open.get(this.#server)?.size ?? 0;
  }

  /** Everything that any connection has brought. Latin-1. */
  get received(): string {
    return this.#incoming.map(({ text }) => text).join('');
  }

  /** How many requests for `target` have begun. */
  times(target: string): number {
    return this.heads.filter(head => head.split(' ')[1] === target).length;
  }

  /** Takes no more connections, and cuts those that are open. */
  async close(): Promise<void> {
    await closed(this.#server);
  }

  async #converse(socket: Socket): Promise<void> {
    socket.setNoDelay().on('error', () => undefined); // a broken connection ends: that is enough
    this.connections += 1;
    const gone = new Promise<void>(resolve => socket.once('close', () => resolve()));
    const incoming = new Incoming(socket);
    this.#incoming.push(incoming);
    for (;;) {
      const head = await incoming.take(rest => {
        const end = rest.indexOf('\r\n\r\n');
        // Only looked at: the whole message is taken below.
        return end < 0 ? undefined : { found: rest.toString('latin1', 0, end + 4), length: 0 };
      });
      if (head === undefined) return;
      const whole = incoming.take((rest, ended) => {
        const first = firstMessage(rest, { ended });
        return first && { found: first.message, length: first.length };
      });
      this.#play(head, whole, socket, gone);
      const request = await whole;
      if (request === undefined) return;
      this.requests.push(request);
    }
  }

  #play(head: string, whole: Exchange['whole'], socket: Socket, gone: Promise<void>): void {
    this.heads.push(head);
    const [method = '', target = ''] = head.split(' ');
    const write = (...pieces: readonly (string | Buffer)[]) => {
      for (const piece of pieces) socket.write(piece, 'latin1');
    };
    const exchange: Exchange = { method, target, head, socket, whole, gone, write };
    this.#waiting.get(target)?.resolve(exchange);
    this.#waiting.delete(target);
    void (this.#scripts.get(target) ?? this.#others)(exchange);
  }
}

/** Answers with a declared length once the request is complete. */
export function answering(
  status: number,
  body = '',
  fields: readonly (readonly [string, string])[] = [],
): Script {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
  return playing(`HTTP/1.1 ${status} Scripted\r\n${lines}${length}\r\n`, body);
}

/** Writes exactly these bytes once the request is complete, and keeps the connection. */
export const playing =
  (...pieces: readonly (string | Buffer)[]): Script =>
  async exchange => {
    await exchange.whole;
    exchange.write(...pieces);
  };

/** Writes these bytes as soon as the head is there: the body may still be on its way. */
export const playingEarly =
  (...pieces: readonly (string | Buffer)[]): Script =>
  exchange =>
    exchange.write(...pieces);

/** Writes these bytes, then ends the connection in order. */
export const playingToTheEnd =
  (...pieces: readonly (string | Buffer)[]): Script =>
  async exchange => {
    await playing(...pieces)(exchange);
    exchange.socket.end();
  };

/** Writes these bytes, and breaks the connection when they have been sent. */
export const playingThenReset =
  (...pieces: readonly (string | Buffer)[]): Script =>
  async ({ whole, socket }) => {
    await whole;
    const bytes = Buffer.concat(pieces.map(each => Buffer.from(each as string, 'latin1')));
    socket.write(bytes, () => socket.resetAndDestroy());
  };

/** Writes a piece every `gap` milliseconds. */
export const playingSlowly =
  (gap: number, ...pieces: readonly (string | Buffer)[]): Script =>
  async exchange => {
    await exchange.whole;
    for (const piece of pieces) {
      exchange.write(piece);
      await setTimeout(gap);
    }
  };

/** Answers with the request's target, but not before `opened`. */
export const answeringWhen =
  (opened: Promise<void>): Script =>
  async exchange => {
    await opened;
    await answering(200, exchange.target)(exchange);
  };

/** Never answers. */
export const hanging: Script = () => undefined;

/** Answers in chunks, with trailers. */
export const answeringInChunks = (
  chunks: readonly string[],
  trailers: readonly (readonly [string, string])[] = [],
): Script =>
  playing(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ...chunks.map(each => `${each.length.toString(16)}\r\n${each}\r\n`),
    `0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
  );

/** Answers without a length: the end of the connection is the end of the body. */
export const answeringUntilClose = (body: string): Script =>
  playingToTheEnd(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${body}`);

/**
 * An address where nobody listens, and where nobody else can begin to: its port is taken on the
 * neighbouring address.
 */
export async function refusing(stage: Stage): Promise<ServerAddress> {
  const { port } = addressOf(await listening(stage, createServer()));
  return { ip: '127.0.0.77', port };
}

/**
 * For what cannot be told to choose a port itself: one that is free on an address of the loopback
 * network that belongs to this process, so that nobody takes it in between.
 */
export async function freePort(): Promise<ServerAddress> {
  const ip = `127.${1 + (process.pid % 250)}.${(process.pid >> 8) % 250}.7`;
  const server = createServer().listen(0, ip);
  await once(server, 'listening');
  const address = addressOf(server);
  await closed(server);
  return address;
}

/** Starts a server on a free port; the stage closes it and cuts its connections. */
export async function listening<Listener extends Server>(
  stage: Stage,
  server: Listener,
  { ip = '127.0.0.1', port = 0 }: Partial<ServerAddress> = {},
): Promise<Listener> {
  server.on('connection', (socket: Socket) => {
    const sockets = open.get(server) ?? new Set<Socket>();
    open.set(server, sockets.add(socket));
    socket.once('close', () => sockets.delete(socket));
  });
  // Node's 511 would let a thousand connections at once wait for seconds (SYN sent again).
  server.listen({ port, host: ip, backlog: 4_096 });
  await once(server, 'listening');
  stage.atEnd(() => closed(server));
  return server;
}

const open = new WeakMap<Server, Set<Socket>>();

export async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  for (const socket of open.get(server) ?? []) socket.destroy();
  await once(server, 'close');
}

export function addressOf(server: Server): ServerAddress {
  const { address, port } = server.address() as AddressInfo;
  return { ip: address, port };
}

interface PromiseWithResolve<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function promiseWithResolve<T>(): PromiseWithResolve<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>(each => (resolve = each));
  return { promise, resolve };
}
