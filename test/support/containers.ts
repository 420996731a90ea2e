import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { WebSocketServer } from 'ws';
import { deterministicBytes, Digest } from './bytes.js';
import { addressOf, listening, type ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';

/** A well-behaved container made with node:http. Scripted ones are in scripted-container.ts. */
export async function httpContainer(
  stage: Stage,
  listener: RequestListener,
  at: Partial<ServerAddress> = {},
): Promise<ServerAddress> {
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, listener);
  return addressOf(await listening(stage, server, at));
}

export interface CountingOptions {
  /** Told to the client in each answer. */
  readonly name: string;
  /** Milliseconds until it answers. */
  readonly delay?: number;
  /** Awaited before it answers; called as soon as the head has arrived. */
  readonly before?: (arrival: Arrival) => unknown;
}

export interface Arrival {
  readonly id: string;
  readonly method: string;
}

/**
 * Answers each request with its `x-id`, and counts how often each id has come. The answer's size
 * follows from the id, so that answers of many sizes are on their way together.
 */
export function counting({ name, delay = 0, before }: CountingOptions) {
  const times = new Map<string, number>();
  const listener: RequestListener = (request, response) => void answer(request, response);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = String(request.headers['x-id']);
    times.set(id, (times.get(id) ?? 0) + 1);
    const read = drained(request);
    await before?.({ id, method: request.method ?? '' });
    await read;
    const text = expectedAnswer(id, name);
    const send = () => response.writeHead(200, { 'content-length': text.length }).end(text);
    if (delay > 0) setTimeout(send, delay);
    else send();
  }

  return { listener, times };
}

/** What a counting container called `name` answers to `id`. */
export const expectedAnswer = (id: string, name: string): string => {
  const number = Number(/\d+$/.exec(id)?.[0] ?? 0);
  return `${id} ${name} ${'.'.repeat((number * 7919) % 2_003)}`;
};

async function drained(request: IncomingMessage): Promise<void> {
  request.resume();
  if (!request.complete) await once(request, 'end').catch(() => undefined);
}

/**
 * `GET /?bytes=N` yields N deterministic bytes, as fast as they are taken; every other request
 * gets the digest of its body. `written` is what the container has been able to write.
 */
export function bulk() {
  const progress = { written: 0, read: 0, cut: 0 };
  const listener: RequestListener = (request, response) =>
    void (request.method === 'GET' ? download(request, response) : upload(request, response));

  async function download(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = Number(new URL(request.url ?? '', 'http://container').searchParams.get('bytes'));
    response.writeHead(200, { 'content-length': bytes });
    const gone = once(response, 'close');
    for (const piece of deterministicBytes(bytes)) {
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), gone]);
      if (response.destroyed) {
        progress.cut += 1;
        return;
      }
      progress.written += piece.length;
    }
    response.end();
  }

  async function upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const digest = new Digest();
    try {
      for await (const piece of request as AsyncIterable<Buffer>) {
        digest.update(piece);
        progress.read += piece.length;
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(digest.result()));
    } catch {
      progress.cut += 1;
    }
  }

  return { listener, progress };
}

/** Sends server-sent events on command, to everyone who has asked. */
export function serverSentEvents() {
  const listeners = new Set<ServerResponse>();
  let joined: (() => void) | undefined;
  let left: (() => void) | undefined;
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    listeners.add(response);
    joined?.();
    response.once('close', () => {
      listeners.delete(response);
      left?.();
    });
  };
  return {
    listener,
    /** Settles when the next client has asked. */
    joins: () => new Promise<void>(resolve => (joined = resolve)),
    /** Settles when the next client has gone. */
    leaves: () => new Promise<void>(resolve => (left = resolve)),
    send(data: string) {
      for (const each of listeners) each.write(`data: ${data}\n\n`);
    },
    end() {
      for (const each of listeners) each.end();
    },
  };
}

/** Sends every message back. It closes with 4001 when it is told `close`. */
export async function webSocketEcho(stage: Stage): Promise<ServerAddress> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, maxPayload: 64 * 1024 * 1024 });
  sockets.on('connection', socket => {
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary && data.toString() === 'close') socket.close(4001, 'as you wish');
      else socket.send(data, { binary: isBinary });
    });
    socket.on('error', () => socket.terminate());
  });
  return addressOf(await listening(stage, server));
}
