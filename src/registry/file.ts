/**
 * A registry in one file. It is never written in place: the new state goes into a file of its own that
 * takes the old one's place once it is on the disk, and the state before is kept beside it (`.previous`).
 */
import { basename, dirname } from 'node:path';
import type { Cancel } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import { checkedBytes, decoded, LARGEST_FILE, type Decoded } from './file-format.js';
import { nodeFiles, replace, type Files } from './files.js';
import { lock, systemProcesses, type Processes } from './lock.js';
import { RegistryError, type Damage, type Loaded, type Registry, type Stored } from './registry.js';

export interface FileRegistryOptions {
  readonly files?: Files;
  readonly processes?: Processes;
}

/** Copies of damaged files that are kept; an older one makes room. */
const COPIES = 5;

/** Rejects with a RegistryError if another process has the file, or its folder cannot be written to. */
export async function openFileRegistry(
  file: string,
  { files = nodeFiles, processes = systemProcesses }: FileRegistryOptions = {},
): Promise<Registry> {
  const unlock = await lock(file, files, processes).catch(unavailable(file));
  return new FileRegistry(file, files, unlock);
}

class FileRegistry implements Registry {
  readonly #file: string;
  readonly #previous: string;
  readonly #files: Files;
  readonly #unlock: () => Promise<void>;
  /** What the file held when it was last read or written here. */
  #known: Buffer | undefined;
  #isClosed = false;
  /** One call at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string, files: Files, unlock: () => Promise<void>) {
    this.#file = file;
    this.#previous = `${file}.previous`;
    this.#files = files;
    this.#unlock = unlock;
  }

  load(): Promise<Loaded> {
    return this.#inTurn(() => this.#load());
  }

  async save(state: Stored): Promise<void> {
    if (this.#isClosed) throw new RegistryError('unavailable', `${this.#file} is closed`);
    const bytes = checkedBytes(state);
    await this.#inTurn(() => this.#save(bytes));
  }

  watch(): Cancel {
    return () => undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#inTurn(() => this.#unlock());
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task).catch(unavailable(this.#file));
    this.#last = result.catch(() => undefined); // its caller hears of it
    return result;
  }

  async #load(): Promise<Loaded> {
    const bytes = await this.#read();
    this.#known = bytes;
    if (bytes === undefined) return this.#loadWithoutFile();
    const found = decoded(bytes);
    if (found.ok) return { kind: 'found', stored: found.stored };
    const damage = { file: this.#file, ...found.damage };
    return { ...(await this.#recovered(damage)), copy: await this.#keepAside(bytes) };
  }

  /** Every save leaves a file. So if there is only the one of before, somebody has removed it. */
  async #loadWithoutFile(): Promise<Loaded> {
    const damage = { file: this.#file, where: 'the whole file', what: 'missing' };
    const recovered = await this.#recovered(damage);
    const isNew = recovered.stored === undefined && recovered.previousDamage === undefined;
    return isNew ? { kind: 'empty' } : recovered;
  }

  async #recovered(damage: Damage) {
    const bytes = await this.#files.read(this.#previous, LARGEST_FILE + 1);
    const found: Decoded | undefined = bytes && decoded(bytes);
    return {
      kind: 'recovered',
      stored: found?.ok === true ? found.stored : undefined,
      damage,
      copy: undefined,
      previousDamage: found?.ok === false ? { file: this.#previous, ...found.damage } : undefined,
    } as const;
  }

  async #save(bytes: Buffer): Promise<void> {
    const now = await this.#read();
    if (!isSame(now, this.#known)) {
      const because = `${this.#file} is not what it was when it was last read or written here`;
      throw new RegistryError('conflict', because);
    }
    // A damaged file must not take the place of the last good state.
    if (now !== undefined && decoded(now).ok) await replace(this.#files, this.#previous, now);
    await replace(this.#files, this.#file, bytes);
    this.#known = bytes;
    await this.#files.syncFolder(dirname(this.#file));
  }

  /** Nothing of Cutover's is that large: the wrong file was named, and it must not be overwritten. */
  async #read(): Promise<Buffer | undefined> {
    const bytes = await this.#files.read(this.#file, LARGEST_FILE + 1);
    if (bytes === undefined || bytes.length <= LARGEST_FILE) return bytes;
    const because = `${this.#file} is no registry: it has more than ${LARGEST_FILE} bytes`;
    throw new RegistryError('refused', because);
  }

  /** Undefined if no copy could be made: a full disk must not keep control from starting. */
  async #keepAside(bytes: Buffer): Promise<string | undefined> {
    try {
      const numbers = await this.#copies();
      const newest = numbers[0] ?? 0;
      const before = await this.#files.read(this.#copy(newest), LARGEST_FILE + 1);
      if (isSame(before, bytes)) return this.#copy(newest); // it was started before
      for (const each of numbers.slice(COPIES - 1)) await this.#files.remove(this.#copy(each));
      await replace(this.#files, this.#copy(newest + 1), bytes);
      return this.#copy(newest + 1);
    } catch {
      return undefined;
    }
  }

  #copy(number: number): string {
    return `${this.#file}.damaged-${number}`;
  }

  /** Their numbers, newest first. */
  async #copies(): Promise<readonly number[]> {
    const prefix = `${basename(this.#file)}.damaged-`;
    const names = await this.#files.names(dirname(this.#file));
    const ends = names
      .filter(name => name.startsWith(prefix))
      .map(name => name.slice(prefix.length));
    return ends
      .filter(end => /^[1-9]\d{0,8}$/.test(end))
      .map(Number)
      .toSorted((a, b) => b - a);
  }
}

const isSame = (one: Buffer | undefined, other: Buffer | undefined) =>
  one === undefined || other === undefined ? one === other : one.equals(other);

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission for it, or for its folder',
  EPERM: 'no permission for it, or for its folder',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'a folder is there instead',
  EIO: 'the disk failed',
  EMFILE: 'this process has too many files open',
};

/** What the file system says becomes a sentence for people. */
const unavailable =
  (file: string) =>
  (cause: unknown): never => {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof RegistryError || code === undefined) throw cause;
    const because = reasons[code] ?? messageOf(cause);
    throw new RegistryError('unavailable', `${file} cannot be used: ${because}`, { cause });
  };
