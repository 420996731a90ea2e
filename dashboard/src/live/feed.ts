/**
 * What control tells, as long as the page is open: `GET /live/events`, by the `eventsource` package rather than
 * the browser's own, which cannot send a token.
 */
import { EventSource, type ErrorEvent, type FetchLike } from 'eventsource';
import type { Live } from '../../../src/control/live.js';
import { apiAddress } from './address.js';
import { authorization } from './token.js';

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `because`: as control or the browser said it. */
  | { readonly kind: 'reconnecting'; readonly because: string }
  /** `isWrong`: one was shown, and not believed. */
  | { readonly kind: 'token-wanted'; readonly isWrong: boolean };

export interface FeedHost {
  told(live: Live): void;
  connection(connection: Connection): void;
}

/** Milliseconds. Control sends something every ten seconds at least; a network may die without a word. */
const LONGEST_SILENCE = 25_000;
/** Milliseconds between two tries where control refused: the package itself only repeats what broke. */
const PAUSE = 2_000;

export class Feed {
  readonly #host: FeedHost;
  #source: EventSource | undefined;
  #silence: number | undefined;
  #again: number | undefined;

  constructor(host: FeedHost) {
    this.#host = host;
  }

  /** Connects, or connects anew: with another token, or because nothing was heard any more. */
  start(): void {
    this.stop();
    const source = new EventSource(apiAddress('live/events'), {
      fetch: (url, init) => this.#fetch(url, init),
    });
    this.#source = source;
    source.addEventListener('open', () => this.#host.connection({ kind: 'live' }));
    source.addEventListener('error', event => this.#failed(source, event));
    source.addEventListener('live', ({ data }) => {
      this.#host.connection({ kind: 'live' });
      this.#host.told(JSON.parse(String(data)) as Live);
    });
    this.#heard();
  }

  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    window.clearTimeout(this.#silence);
    window.clearTimeout(this.#again);
  }

  /** Control's heartbeats are comments, which the package swallows: so they are heard here. */
  async #fetch(url: string | URL, init: Parameters<FetchLike>[1]) {
    const headers = { ...init.headers, ...authorization() };
    const answer = await fetch(url, { ...init, headers, credentials: 'same-origin' });
    const heard = () => this.#heard();
    const body = answer.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, out) {
          heard();
          out.enqueue(piece);
        },
      }),
    );
    const { url: final, status, redirected } = answer;
    return { body: body ?? null, url: final, status, redirected, headers: answer.headers };
  }

  #heard(): void {
    window.clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => {
      this.#host.connection({ kind: 'reconnecting', because: 'control says nothing any more' });
      this.start();
    }, LONGEST_SILENCE);
  }

  #failed(source: EventSource, { code, message }: ErrorEvent): void {
    if (source !== this.#source) return;
    if (code === 401) {
      const isWrong = 'authorization' in authorization();
      this.stop();
      this.#host.connection({ kind: 'token-wanted', isWrong });
      return;
    }
    const status = code === undefined ? undefined : `control answers with ${String(code)}`;
    const because = status ?? message ?? 'the connection to control is lost';
    this.#host.connection({ kind: 'reconnecting', because });
    if (source.readyState !== EventSource.CLOSED) return;
    window.clearTimeout(this.#again);
    this.#again = window.setTimeout(() => this.start(), PAUSE);
  }
}
