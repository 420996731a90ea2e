/**
 * Files without a name: the kernel frees them when the process ends, however it ends.
 *
 * Source: open(2), O_TMPFILE.
 */
import { constants } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { systemCodeOf } from '../kernel/errors.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_RDWR, O_NOFOLLOW } = constants;

/** The same on every Linux that Node runs on; Node does not name it. */
const O_TMPFILE = 0o20000000 | O_DIRECTORY;

/** What open(2) says of a file system without such files, and of one that does not know the flag. */
const UNKNOWN = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL']);

/** To read and write, for this user only. Rejects like open(2). */
export async function openNameless(folder: string): Promise<FileHandle> {
  return (await openUnnamed(folder)) ?? (await openUnlinked(folder));
}

/** Undefined where the system or the file system of the folder has no such files. */
export async function openUnnamed(folder: string): Promise<FileHandle | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    return await open(folder, O_TMPFILE | O_EXCL | O_RDWR, 0o600);
  } catch (cause) {
    if (UNKNOWN.has(systemCodeOf(cause) ?? '')) return undefined;
    throw cause;
  }
}

/** Has a name for a moment: whoever is killed in it leaves an empty file behind. */
export async function openUnlinked(folder: string): Promise<FileHandle> {
  const path = join(folder, `cutover-body-${randomUUID()}`);
  const handle = await open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600);
  try {
    await unlink(path);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  return handle;
}
