/**
 * Small file systems for one process and its children, in a mount namespace of their own: they can be filled
 * and made read-only without harm to anybody else, and are gone when the last of those processes is.
 */
import { execFile, execFileSync } from 'node:child_process';
import { open, readdir, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cli } from '../support/processes.js';
import { hasTool } from '../support/tools.js';
import { systemCodeOf } from '../../src/kernel/errors.js';

const run = promisify(execFile);

/** As mount(8) has it: some bodies at a time, or many registries. */
const SIZE = '8m';
const BALLAST = 'ballast';

/** Undefined: they can be made here; otherwise why not. */
export function whyNoSmallDisks(): string | undefined {
  const missing = ['unshare', 'nsenter', 'mount'].find(tool => !hasTool(tool));
  if (missing !== undefined) return `${missing} is not installed`;
  try {
    const mount = `mount -t tmpfs -o size=${SIZE} none /mnt`;
    execFileSync('unshare', ['--mount', 'sh', '-c', mount], { stdio: 'pipe' });
    return undefined;
  } catch {
    return 'this user may not mount in a namespace of its own';
  }
}

/** What stands before the arguments of Cutover so that it finds a small, empty disk at each of these folders. */
export function onSmallDisks(folders: readonly string[]): readonly [string, ...string[]] {
  const mounts = folders.map(each => `mount -t tmpfs -o mode=700,size=${SIZE} none '${each}'`);
  const script = [...mounts, 'exec "$@"'].join(' && ');
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', process.execPath, cli];
}

/** The disk that process `pid` finds at `folder`. */
export class SmallDisk {
  readonly #pid: number;
  readonly #folder: string;

  constructor(pid: number, folder: string) {
    this.#pid = pid;
    this.#folder = folder;
  }

  /** Where everybody else finds it: proc_pid_root(5). */
  get #path(): string {
    return `/proc/${this.#pid}/root${this.#folder}`;
  }

  /** To the last byte. */
  async fill(): Promise<void> {
    const file = await open(join(this.#path, BALLAST), 'a');
    try {
      for (let size = 65_536; size >= 1;) {
        const isFull = await file.write(Buffer.alloc(size)).then(
          () => false,
          (cause: unknown) => {
            if (systemCodeOf(cause) !== 'ENOSPC') throw cause;
            return true;
          },
        );
        if (isFull) size = Math.floor(size / 2);
      }
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await unlink(join(this.#path, BALLAST));
  }

  async makeReadOnly(): Promise<void> {
    await this.#remount('ro');
  }

  async makeWritable(): Promise<void> {
    await this.#remount('rw');
  }

  /** Bytes in use, whether or not they have a name. */
  async used(): Promise<number> {
    const { blocks, bfree, bsize } = await statfs(this.#path);
    return (blocks - bfree) * bsize;
  }

  async names(): Promise<readonly string[]> {
    return readdir(this.#path);
  }

  async #remount(how: 'ro' | 'rw'): Promise<void> {
    const options = `remount,${how},size=${SIZE}`;
    const mount = ['mount', '-o', options, this.#folder];
    await run('nsenter', ['--target', String(this.#pid), '--mount', ...mount]);
  }
}
