/**
 * Large bodies go to a temporary file, because a STREAM socket cannot stop reading one connection
 * without stopping all of them.
 */
import type { FileHandle } from 'node:fs/promises';
import { CutoverError, messageOf } from '../kernel/errors.js';
import { StartError } from '../kernel/start-error.js';
import { bodyInMemory, noBody, type Body } from './body.js';
import { openNameless } from './nameless-file.js';

/** Bytes that may wait for the disk, over all bodies, before nothing more is read from anybody. */
const MOST_WAITING = 32 * 1024 * 1024;

export interface SpoolOptions {
  /** Bytes of a body that stay in memory. */
  readonly memory: number;
  /** Bytes of all bodies on disk together. */
  readonly disk: number;
  /** The folder for temporary files. */
  readonly folder: string;
}

/** Throws StartError where bodies could not be kept. */
export async function checkSpool(folder: string): Promise<void> {
  try {
    const handle = await openNameless(folder);
    await handle.close();
  } catch (cause) {
    const because = messageOf(cause);
    throw new StartError(`limits.spool: no file can be made in ${folder}: ${because}`, 1, {
      cause,
    });
  }
}

/** What all bodies of a frontend share: where they go, and how far the disk is behind. */
export class Spool {
  readonly options: SpoolOptions;
  #waiting = 0;
  #onDisk = 0;
  /** Temporary files that are open. */
  files = 0;
  #wakes: (() => void)[] = [];
  /** Open, and used by no body yet. */
  #spare: FileHandle[] = [];

  constructor(options: SpoolOptions) {
    this.options = options;
  }

  /** Opens files for so many bodies, for a time in which nothing can be opened. Rejects like open(2). */
  async reserve(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) {
      this.#spare.push(await openNameless(this.options.folder));
    }
  }

  /** What was reserved and not used is not needed any more. */
  async releaseSpare(): Promise<void> {
    await Promise.all(this.#spare.splice(0).map(each => each.close()));
  }

  /** A file for one body, which closes it. */
  open(): Promise<FileHandle> {
    const spare = this.#spare.pop();
    return spare === undefined ? openNameless(this.options.folder) : Promise.resolve(spare);
  }

  /** Undefined while the disk keeps up; otherwise wait for it before reading on. */
  get pressure(): Promise<void> | undefined {
    if (this.#waiting <= MOST_WAITING) return undefined;
    return new Promise(resolve => void this.#wakes.push(resolve));
  }

  /** So many bytes wait for the disk now (negative: fewer). */
  waits(bytes: number): void {
    this.#waiting += bytes;
    if (this.#waiting > MOST_WAITING / 2) return;
    for (const wake of this.#wakes.splice(0)) wake();
  }

  /** Room for so many bytes more on disk (negative: fewer); false, if there is none. */
  takes(bytes: number): boolean {
    if (bytes > 0 && this.#onDisk + bytes > this.options.disk) return false;
    this.#onDisk += bytes;
    return true;
  }

  collector(): BodyCollector {
    return new BodyCollector(this);
  }
}

/** Takes a body piece by piece; in memory first, then to a file. */
export class BodyCollector {
  readonly #spool: Spool;
  #pieces: Buffer[] = [];
  #size = 0;
  #file: SpoolFile | undefined;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  get size(): number {
    return this.#size;
  }

  /** Why it cannot be kept, as soon as that is known: the rest need not come. */
  get failure(): CutoverError | undefined {
    return this.#file?.failure;
  }

  add(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#file !== undefined) return this.#file.write([piece]);
    this.#pieces.push(piece);
    if (this.#size <= this.#spool.options.memory) return;
    this.#file = new SpoolFile(this.#spool);
    this.#file.write(this.#pieces);
    this.#pieces = [];
  }

  /** Rejects with ERR_SPOOL when the disk did not take it. In memory it is there at once. */
  end(): Body | Promise<Body> {
    if (this.#file !== undefined) return this.#file.finished();
    if (this.#size === 0) return noBody;
    const [first] = this.#pieces;
    const single = this.#pieces.length === 1 && first !== undefined;
    return bodyInMemory(single ? first : Buffer.concat(this.#pieces));
  }

  discard(): void {
    this.#pieces = [];
    this.#file?.discard();
  }
}

class SpoolFile {
  readonly #spool: Spool;
  readonly #handle: Promise<FileHandle>;
  #pieces: Buffer[] = [];
  #written = 0;
  #reserved = 0;
  #writing: Promise<void> | undefined;
  failure: CutoverError | undefined;
  #discarded = false;

  constructor(spool: Spool) {
    this.#spool = spool;
    spool.files += 1;
    this.#handle = spool.open();
    this.#handle.catch((cause: unknown) => (this.failure ??= this.#unkept(cause)));
  }

  write(pieces: readonly Buffer[]): void {
    if (this.failure !== undefined || this.#discarded) return;
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    if (!this.#spool.takes(size)) {
      this.failure = this.#unkept(new Error('limits.spooled bytes are there already'));
      return;
    }
    this.#reserved += size;
    this.#spool.waits(size);
    this.#pieces.push(...pieces);
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#pieces.length > 0) {
      const pieces = this.#pieces;
      this.#pieces = [];
      const size = pieces.reduce((sum, { length }) => sum + length, 0);
      try {
        if (this.failure === undefined) await this.#append(pieces);
      } catch (cause) {
        this.failure = this.#unkept(cause);
      } finally {
        this.#spool.waits(-size);
      }
    }
    this.#writing = undefined;
  }

  async #append(pieces: readonly Buffer[]): Promise<void> {
    const handle = await this.#handle;
    const bytes = Buffer.concat(pieces);
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, this.#written);
      done += bytesWritten;
      this.#written += bytesWritten;
    }
  }

  async finished(): Promise<Body> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.failure !== undefined) {
      this.discard();
      throw this.failure;
    }
    const handle = await this.#handle;
    return {
      size: this.#written,
      whole: undefined,
      discard: () => this.discard(),
      async read(offset, most) {
        const buffer = Buffer.allocUnsafe(most);
        const { bytesRead } = await handle.read(buffer, 0, most, offset);
        return buffer.subarray(0, bytesRead);
      },
    };
  }

  #unkept(cause: unknown): CutoverError {
    const because = messageOf(cause);
    return new CutoverError('ERR_SPOOL', `${this.#spool.options.folder}: ${because}`, { cause });
  }

  discard(): void {
    if (this.#discarded) return;
    this.#discarded = true;
    void this.#close();
  }

  async #close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#handle.then(handle => handle.close()).catch(() => undefined);
    this.#spool.files -= 1;
    this.#spool.takes(-this.#reserved);
  }
}
