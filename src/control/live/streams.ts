/**
 * Server-sent events for those who look (WHATWG HTML §9.2): each event is everything that is shown, so one
 * that is missed does not matter. It is made once for all of them, and only while somebody looks.
 *
 * Who does not read gets nothing more until what was sent before is gone: at most one event waits for each.
 */
import type { Cancel, Clock } from '../../kernel/clock.js';
import type { Live } from '../live.js';

/** At a time. A dashboard in a browser takes one; REST has 256 connections for all. */
export const MOST_STREAMS = 32;
/** Milliseconds between two looks at what there is to say. */
const TICK = 1000;
/** Milliseconds of silence, after which a comment keeps proxies from taking the stream for dead. */
export const HEARTBEAT = 10_000;
/** Milliseconds for which what was sent may wait to be taken before the stream is cut. */
export const SLOWEST = 10_000;
/** Milliseconds until a browser comes again whose stream has ended. */
const RETRY = 2000;

/** What is asked of a response of Node's. */
export interface Sink {
  writeHead(status: number, fields: Readonly<Record<string, string>>): unknown;
  write(text: string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close' | 'error', listener: () => void): unknown;
  /** Bytes that the system has not taken yet. */
  readonly writableLength: number;
}

export interface StreamsHost {
  readonly clock: Pick<Clock, 'now' | 'every'>;
  live(): Live;
}

interface Stream {
  readonly sink: Sink;
  /** Which saying it has; 0: none. */
  said: number;
  /** Monotonic milliseconds: of the last thing that was sent, and since when that waits. */
  at: number;
  waitingSince: number | undefined;
}

/** The present state as an event; each that differs from the one before has the next number. */
interface Saying {
  readonly number: number;
  readonly content: string;
  readonly event: string;
  readonly at: number;
}

export class LiveStreams {
  readonly #host: StreamsHost;
  readonly #streams = new Set<Stream>();
  #saying: Saying | undefined;
  #ticking: Cancel | undefined;
  #isOver = false;

  constructor(host: StreamsHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Whether it may look: not where there are as many as may be, or control ends. */
  open(sink: Sink): boolean {
    if (this.#isOver || this.#streams.size >= MOST_STREAMS) return false;
    const stream: Stream = { sink, said: 0, at: this.#now, waitingSince: undefined };
    this.#streams.add(stream);
    sink.on('close', () => this.#gone(stream));
    sink.on('error', () => this.#cut(stream));
    sink.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no', // nginx would collect events
      // An ended stream must not leave an idle connection behind that would keep control from ending.
      connection: 'close',
    });
    sink.write(`retry: ${RETRY}\n\n`);
    this.#tell(stream, this.#said(TICK));
    this.#ticking ??= this.#host.clock.every(TICK, () => this.#tick());
    return true;
  }

  /** Ends them all; who has not read what was sent before is cut off. */
  close(): void {
    this.#isOver = true;
    for (const stream of this.#streams) {
      if (stream.sink.writableLength > 0) this.#cut(stream);
      else stream.sink.end();
    }
  }

  get #now(): number {
    return this.#host.clock.now();
  }

  #tick(): void {
    const saying = this.#said(0);
    for (const stream of this.#streams) this.#attend(stream, saying);
  }

  #attend(stream: Stream, saying: Saying): void {
    const now = this.#now;
    if (stream.sink.writableLength > 0) {
      stream.waitingSince ??= now;
      if (now - stream.waitingSince >= SLOWEST) this.#cut(stream);
      return;
    }
    stream.waitingSince = undefined;
    if (stream.said !== saying.number) this.#tell(stream, saying);
    else if (now - stream.at >= HEARTBEAT) this.#write(stream, ':\n\n');
  }

  #tell(stream: Stream, saying: Saying): void {
    stream.said = saying.number;
    this.#write(stream, saying.event);
  }

  #write(stream: Stream, text: string): void {
    stream.at = this.#now;
    stream.sink.write(text);
  }

  /** `fresh`: milliseconds. Many may come at once: what is fresh is not made again for each. */
  #said(fresh: number): Saying {
    const now = this.#now;
    const before = this.#saying;
    if (before !== undefined && now - before.at < fresh) return before;
    const { at, ...rest } = this.#host.live();
    const content = JSON.stringify(rest);
    this.#saying =
      before?.content === content
        ? { ...before, at: now }
        : { number: (before?.number ?? 0) + 1, content, event: eventOf(at, content), at: now };
    return this.#saying;
  }

  #cut(stream: Stream): void {
    this.#gone(stream);
    stream.sink.destroy();
  }

  #gone(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#ticking?.();
    this.#ticking = undefined;
    this.#saying = undefined;
  }
}

/** JSON has no line breaks, so one line of data is enough. */
const eventOf = (at: string, content: string): string =>
  `event: live\ndata: {"at":${JSON.stringify(at)},${content.slice(1)}\n\n`;
