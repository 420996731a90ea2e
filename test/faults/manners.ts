/** What a container may do with a request: well, or in one of the ways in which applications fail. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The right answer, as soon as the request's body is whole; rejects if it never will be. */
  readonly answer: Promise<string>;
}

type Manner = (asked: Asked) => void | Promise<void>;

/** Milliseconds between two pieces of an answer that drips: it takes half a second. */
const DRIP_GAP = 20;
const DRIPS = 25;
/** Bytes of a piece of an answer without end, and milliseconds between two: the hold is full after 40 ms. */
const FLOOD = 16_384;
const FLOOD_GAP = 10;

export const manners = {
  async serve({ response, answer }) {
    response.end(await answer);
  },

  /** It hangs: nothing comes. */
  hang() {
    // nothing
  },

  async error({ response, answer }) {
    await answer;
    response.writeHead(500, { 'content-length': 5 }).end('sorry');
  },

  /** For one request in eight: few enough for all of them to be asked of another version. */
  async 'error at times'(asked) {
    const isBad = Number(/\d+$/.exec(String(asked.request.headers['x-id']))?.[0]) % 8 === 0;
    await (isBad ? manners.error(asked) : manners.serve(asked));
  },

  /** Ends the connection in order, without a word. */
  async close({ request, answer }) {
    await answer;
    request.socket.end();
  },

  async 'reset in the head'({ request, answer }) {
    await answer;
    const { socket } = request;
    socket.write('HTTP/1.1 200 OK\r\nContent-Le', () => socket.resetAndDestroy());
  },

  async 'reset in the body'({ request, answer }) {
    const text = await answer;
    const { socket } = request;
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`;
    socket.write(head + text.slice(0, text.length / 2), () => socket.resetAndDestroy());
  },

  /** The right answer, a little at a time. */
  async drip({ response, answer }) {
    const text = await answer;
    response.writeHead(200, { 'content-length': text.length });
    const size = Math.ceil(text.length / DRIPS);
    let sent = 0;
    const timer = setInterval(() => {
      response.write(text.slice(sent, sent + size));
      sent += size;
      if (sent < text.length) return;
      clearInterval(timer);
      response.end();
    }, DRIP_GAP);
    response.once('close', () => clearInterval(timer));
  },

  async garbage({ request, answer }) {
    const noise = createHash('sha512').update(await answer);
    request.socket.write(Buffer.concat([Buffer.from('\0\xff', 'latin1'), noise.digest()]));
  },

  async endless({ response, answer }) {
    await answer;
    response.writeHead(200);
    const piece = Buffer.alloc(FLOOD, 'x');
    const timer = setInterval(() => {
      if (!response.writableNeedDrain) response.write(piece);
    }, FLOOD_GAP);
    response.once('close', () => clearInterval(timer));
  },
} as const satisfies Record<string, Manner>;

export type MannerName = keyof typeof manners;

/** Of a body, short: what was sent and what has arrived must agree in it. */
export const markOf = (...pieces: readonly (Buffer | string)[]): string => {
  const hash = createHash('sha1');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex').slice(0, 12);
};

/**
 * What the container called `server` answers to a request with this id and mark of its body. The size follows
 * from the id, so that answers of many sizes are on their way together.
 */
export function answerTo(id: string, server: string, mark: string): string {
  const number = Number(/\d+$/.exec(id)?.[0] ?? 0);
  return `${id} ${server} ${mark} ${'.'.repeat((number * 7919) % 2_003)}`;
}
