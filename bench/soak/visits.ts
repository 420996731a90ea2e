/** The load of a soak: mostly small requests, of sessions and of strangers; some large ones, some given up. */
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { cookieOf } from '../load/ask.js';
import { LOOPBACK } from '../system/free-port.js';
import { greeting, LARGE } from './application.js';
import type { Chance } from './plan.js';
import type { Traffic } from './results.js';

const UPLOAD = Buffer.alloc(100_000, 'u'); // over limits.memory: it waits on the disk
const VISITORS = 50;
/** Of all requests, those that bring the cookie of a visitor. */
const KNOWN = 0.5;
const PATIENCE = 30_000; // ms for one answer

type Kind = 'small' | 'large' | 'upload' | 'abandoned' | 'one-shot';

/** Shares of all requests; what is left is small. */
const MIX: readonly (readonly [Kind, number])[] = [
  ['large', 0.05],
  ['upload', 0.05],
  ['abandoned', 0.03],
  ['one-shot', 0.1],
];

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly cookie: string | undefined;
}

/** The connection ended before the answer was whole. */
class Cut extends Error {
  override readonly name = 'Cut';
}

export class Visits {
  readonly #chance: Chance;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });
  readonly #cookies: (string | undefined)[] = Array.from({ length: VISITORS }, () => undefined);
  readonly #lost = new Map<string, number>();
  #sent = 0;
  #answered = 0;
  #abandoned = 0;
  readonly #repeated = new Map<string, number>();
  /** Milliseconds of small answers since they were taken last. */
  #times: number[] = [];

  constructor(port: number, chance: Chance) {
    this.#port = port;
    this.#chance = chance;
  }

  get traffic(): Traffic {
    return {
      sent: this.#sent,
      answered: this.#answered,
      abandoned: this.#abandoned,
      repeated: Object.fromEntries(this.#repeated),
      lost: Object.fromEntries(this.#lost),
    };
  }

  takeTimes(): readonly number[] {
    const times = this.#times;
    this.#times = [];
    return times;
  }

  /** Sends one request, and settles when it was answered or lost. */
  async one(): Promise<void> {
    this.#sent += 1;
    const id = `soak-${this.#sent}`;
    const kind = this.#kind();
    const visitor = this.#chance() < KNOWN ? Math.floor(this.#chance() * VISITORS) : undefined;
    const cookie = visitor === undefined ? undefined : this.#cookies[visitor];
    const began = performance.now();
    try {
      if (kind === 'abandoned') await this.#abandon(id);
      else {
        const answer = await this.#askedTwiceAtMost(kind, id, cookie);
        if (visitor !== undefined) this.#cookies[visitor] = answer.cookie ?? cookie;
        const fault = faultOf(kind, id, answer);
        if (fault === undefined) this.#answer(kind, performance.now() - began);
        else this.#lose(fault);
      }
    } catch (cause) {
      this.#lose(cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** It was due, and could not even be sent. */
  unsent(): void {
    this.#sent += 1;
    this.#lose('not sent: too many wait for an answer');
  }

  end(): void {
    this.#agent.destroy();
  }

  #kind(): Kind {
    let left = this.#chance();
    for (const [kind, share] of MIX) {
      left -= share;
      if (left < 0) return kind;
    }
    return 'small';
  }

  #answer(kind: Kind, took: number): void {
    this.#answered += 1;
    if (kind === 'small') this.#times.push(took);
  }

  #lose(how: string): void {
    count(this.#lost, how);
  }

  /**
   * As browsers do with what is safe to repeat (RFC 9112 §9.3.1). Nobody can save who connects in the last
   * moment of a frontend, nor a large answer whose server or worker is killed (docs/not-supported.md).
   */
  async #askedTwiceAtMost(kind: Kind, id: string, cookie: string | undefined): Promise<Answer> {
    try {
      return await answerOf(this.#request(kind, id, cookie));
    } catch (cause) {
      if (!(cause instanceof Cut)) throw cause;
      count(this.#repeated, cause.message);
      return answerOf(this.#request(kind, id, cookie));
    }
  }

  #request(kind: Kind, id: string, cookie: string | undefined): ClientRequest {
    const outgoing = request({
      host: LOOPBACK,
      port: this.#port,
      method: kind === 'upload' ? 'PUT' : 'GET',
      path: kind === 'large' || kind === 'abandoned' ? '/large' : '/',
      agent: kind === 'one-shot' ? false : this.#agent,
      timeout: PATIENCE,
      headers: {
        'x-id': id,
        ...(cookie !== undefined && { cookie }),
        ...(kind === 'upload' && { 'content-length': UPLOAD.length }),
      },
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.end(kind === 'upload' ? UPLOAD : undefined);
    return outgoing;
  }

  /** Asks for a large answer and goes away in the middle of it, or before. */
  async #abandon(id: string): Promise<void> {
    const outgoing = this.#request('abandoned', id, undefined);
    await new Promise<void>(resolve => {
      outgoing.once('response', (answer: IncomingMessage) => {
        answer.once('data', () => outgoing.destroy());
        answer.on('error', () => undefined); // we have gone ourselves
      });
      outgoing.once('error', () => undefined).once('close', resolve);
    });
    this.#abandoned += 1;
  }
}

const count = (counts: Map<string, number>, what: string) =>
  counts.set(what, (counts.get(what) ?? 0) + 1);

function answerOf(outgoing: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once('error', ({ message }: Error) =>
      reject(
        /hang up|ECONNRESET|EPIPE/.test(message) ? new Cut('before an answer') : new Error(message),
      ),
    );
    outgoing.once('response', (answer: IncomingMessage) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('error', () => reject(new Cut('in the middle of an answer')));
      answer.once('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(pieces),
          cookie: cookieOf(answer.headers['set-cookie']?.[0]),
        }),
      );
    });
  });
}

/** What is wrong with it; undefined: nothing. */
export function faultOf(
  kind: Kind,
  id: string,
  { status, body }: Omit<Answer, 'cookie'>,
): string | undefined {
  if (status !== 200) return `status ${status}`;
  if (kind === 'large') return body.length === LARGE ? undefined : 'a large answer cut short';
  const expected = kind === 'upload' ? String(UPLOAD.length) : greeting(id);
  return body.toString() === expected ? undefined : "somebody else's answer";
}
