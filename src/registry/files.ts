/** The file system, in the few steps that a registry takes: a test lets any of them fail. */
import { open, readdir, rename, unlink } from 'node:fs/promises';

export interface Files {
  /** The first `limit` bytes at most; undefined where there is no such file. */
  read(path: string, limit: number): Promise<Buffer | undefined>;
  /** Only this user can read it. Fails with EEXIST where something is already, even a link. */
  create(path: string): Promise<NewFile>;
  /** Takes the place of what is there, at once. */
  rename(from: string, to: string): Promise<void>;
  /** Does nothing where there is no such file. */
  remove(path: string): Promise<void>;
  /** Names in a folder. */
  names(folder: string): Promise<readonly string[]>;
  /** What was renamed in a folder survives a loss of power only after this. */
  syncFolder(folder: string): Promise<void>;
}

export interface NewFile {
  write(bytes: Buffer): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export const nodeFiles: Files = {
  async read(path, limit) {
    const handle = await open(path, 'r').catch(undefinedIfMissing);
    if (handle === undefined) return undefined;
    try {
      const chunks: Buffer[] = [];
      for (let left = limit; left > 0;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(left, CHUNK)));
        if (bytesRead === 0) break;
        chunks.push(buffer.subarray(0, bytesRead));
        left -= bytesRead;
      }
      return Buffer.concat(chunks);
    } finally {
      await handle.close();
    }
  },
  async create(path) {
    const handle = await open(path, 'wx', 0o600);
    return {
      write: bytes => handle.writeFile(bytes),
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },
  rename,
  remove: path => unlink(path).catch(undefinedIfMissing),
  names: folder => readdir(folder),
  async syncFolder(folder) {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Bytes that are read at once. */
const CHUNK = 64 * 1024;

function undefinedIfMissing(cause: unknown): undefined {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
}

/**
 * Puts `bytes` in the place of a file so that, whatever happens on the way, the old or the new content is
 * there, whole. It is durable once the folder is synced.
 */
export async function replace(files: Files, path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await files.remove(temporary); // of a process that died
    await writeNew(files, temporary, bytes);
    await files.rename(temporary, path);
  } catch (cause) {
    await files.remove(temporary).catch(() => undefined); // the first reason is the one that counts
    throw cause;
  }
}

async function writeNew(files: Files, path: string, bytes: Buffer): Promise<void> {
  const file = await files.create(path);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
