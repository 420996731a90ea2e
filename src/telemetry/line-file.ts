/**
 * Lines on their way into a file, written behind the back of whoever gives them. What a slow disk does not
 * take is dropped and counted: neither memory nor clients pay for a log. Several processes may share a
 * file: every write appends whole lines.
 */
import { constants, write, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { messageOf } from '../kernel/errors.js';

export interface LineFileHost {
  /** Something could not be written; said again only after it went well in between. */
  failed(because: string): void;
}

export interface LineFileOptions {
  /** The path of the file, or `-` for standard output. */
  readonly path: string;
  /** Bytes that may wait; default: 4 MiB. */
  readonly most?: number;
}

const MOST_WAITING = 4 * 1024 * 1024;
/** Bytes of one write to a file. */
const MOST_WRITE = 64 * 1024;
/** Of one write to a pipe, which others may write to: so much is not torn apart (pipe(7), PIPE_BUF). */
const MOST_PIPE_WRITE = 4096;
/** Milliseconds that a line waits for others: each write wakes a thread, which costs more than ten lines. */
const GATHER = 50;
const STANDARD_OUTPUT = 1;
/** Nobody may block us: neither a FIFO that nobody reads, nor a terminal. */
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;
/** Others may not read what users do. */
const MODE = 0o640;

/** Lines for one write, as bytes: as text they would be many small things that live for long. */
interface Batch {
  readonly bytes: Buffer;
  used: number;
  lines: number;
}

export class LineFile {
  readonly #path: string;
  readonly #most: number;
  readonly #mostWrite: number;
  readonly #host: LineFileHost;
  #handle: FileHandle | undefined;
  /** The last one still has room, perhaps. */
  #waiting: Batch[] = [];
  #bytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  /** A write, or a look at the file, is under way. */
  #isBusy = false;
  #isFailing = false;
  #isClosed = false;
  /** Called when nothing is on its way any more. */
  #settled: (() => void) | undefined;

  private constructor(
    options: LineFileOptions,
    handle: FileHandle | undefined,
    host: LineFileHost,
  ) {
    this.#path = options.path;
    this.#most = options.most ?? MOST_WAITING;
    this.#mostWrite = handle === undefined ? MOST_PIPE_WRITE : MOST_WRITE;
    this.#handle = handle;
    this.#host = host;
  }

  /** Rejects if the file cannot be opened. */
  static async open(options: LineFileOptions, host: LineFileHost): Promise<LineFile> {
    const handle = options.path === '-' ? undefined : await opened(options.path);
    return new LineFile(options, handle, host);
  }

  /** Lines that were not written, since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  /** One line, with its end, in ASCII. Returns at once. */
  write(line: string): void {
    if (this.#isClosed || this.#bytes + line.length > this.#most) {
      this.#dropped += 1;
      return;
    }
    const batch = this.#batchFor(line.length);
    batch.used += batch.bytes.write(line, batch.used, 'latin1');
    batch.lines += 1;
    this.#bytes += line.length;
    if (!this.#isBusy) this.#gather();
  }

  /**
   * To be called now and then. Writes what could not be written, and looks whether the path still leads to our
   * file: who rotates logs moves it away, and expects that we open a new one.
   */
  async look(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    this.#stopGathering();
    try {
      if (await this.#isMoved()) await this.#reopen();
    } catch (cause) {
      this.#failed(cause);
    }
    this.#next();
  }

  /** Settles when what waits is written, or cannot be. Nothing is taken any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const settled = new Promise<void>(resolve => (this.#settled = resolve));
    if (!this.#isBusy) this.#next();
    await settled;
    this.abandon();
    await this.#handle?.close();
  }

  /** What still waits is given up. */
  abandon(): void {
    for (const { lines } of this.#waiting.splice(0)) this.#dropped += lines;
    this.#bytes = 0;
  }

  #gather(): void {
    if (this.#isClosed || this.#waiting.length > 1) return this.#next();
    if (this.#waiting.length === 0) return;
    this.#timer ??= setTimeout(() => this.#next(), GATHER);
  }

  #stopGathering(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #next(): void {
    this.#stopGathering();
    const [batch] = this.#waiting;
    this.#isBusy = batch !== undefined;
    if (batch !== undefined) return this.#send(batch, 0);
    if (this.#isClosed) this.#settled?.();
  }

  /** Nothing is added any more to what is on its way. */
  #batchFor(bytes: number): Batch {
    const last = this.#waiting.at(-1);
    const isOpen = last !== undefined && !(this.#isBusy && this.#waiting.length === 1);
    if (isOpen && last.used + bytes <= last.bytes.length) return last;
    const size = Math.max(bytes, this.#mostWrite);
    const batch = { bytes: Buffer.allocUnsafe(size), used: 0, lines: 0 };
    this.#waiting.push(batch);
    return batch;
  }

  /** `from`: of a line that was begun the rest is written, or the next one would be glued to it. */
  #send(batch: Batch, from: number): void {
    const fd = this.#handle?.fd ?? STANDARD_OUTPUT;
    write(fd, batch.bytes, from, batch.used - from, null, (cause, written) => {
      if (cause?.code === 'EAGAIN') return this.#rest(batch, from); // nobody reads: later
      if (cause === null && from + written < batch.used) return this.#send(batch, from + written);
      this.#sent(batch, cause);
    });
  }

  #sent(batch: Batch, cause: unknown): void {
    if (this.#waiting[0] === batch) this.#waiting.shift(); // not, if it was given up meanwhile
    this.#bytes -= batch.used;
    if (cause === null) this.#isFailing = false;
    else {
      this.#dropped += batch.lines;
      this.#failed(cause);
    }
    this.#isBusy = false;
    this.#gather();
  }

  /** What waits has no taker now; at the end there is no time to wait for one. */
  #rest(batch: Batch, from: number): void {
    batch.bytes.copyWithin(0, from, batch.used);
    batch.used -= from;
    this.#bytes -= from;
    this.#isBusy = false;
    if (this.#isClosed) this.#settled?.();
  }

  async #isMoved(): Promise<boolean> {
    if (this.#handle === undefined) return false;
    const ours = await this.#handle.stat();
    const named = await stat(this.#path).catch((cause: unknown) => {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw cause;
    });
    return named === undefined || !isSame(ours, named);
  }

  async #reopen(): Promise<void> {
    const before = this.#handle;
    this.#handle = await opened(this.#path);
    await before?.close();
  }

  #failed(cause: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#host.failed(messageOf(cause));
  }
}

const opened = (path: string) => open(path, FLAGS, MODE);

const isSame = (a: Stats, b: Stats) => a.ino === b.ino && a.dev === b.dev;
