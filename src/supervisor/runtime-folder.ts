import { lstat, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { LONGEST_IPC_PATH, type HostPort } from '../config/address.js';
import { StartError } from '../kernel/start-error.js';

/** Private folders, for addresses that only this user's processes may reach. */

/** Where to put them: XDG_RUNTIME_DIR or the system's folder for temporary files. */
export interface Surroundings {
  readonly base: string;
  readonly uid: number;
}

export interface RuntimeFolder {
  device(name: string): string;
  /** Writes a file that only this user can read, and returns its path. */
  keep(name: string, text: string): Promise<string>;
  /** With all that is in it. Synchronous, so that it can be the last thing that a process does. */
  remove(): void;
}

/** A new folder, for one supervisor. */
export async function makeRuntimeFolder({ base, uid }: Surroundings): Promise<RuntimeFolder> {
  const path = await mkdtemp(join(base, `cutover-${uid}-`)).catch(cannotMake(base));
  return {
    device: name => deviceIn(path, name),
    async keep(name, text) {
      const file = join(path, name);
      await writeFile(file, text, { mode: 0o600, flush: true });
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/**
 * Where frontend and workers meet that are started one by one without device.frontends: known
 * beforehand, so the folder is believed only if nobody else can write to it.
 */
export async function meetingPlace({ base, uid }: Surroundings, proxy: HostPort): Promise<string> {
  const path = join(base, `cutover-${uid}`);
  await mkdir(path, { mode: 0o700 }).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') cannotMake(path)(cause);
  });
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new StartError(
      `${path} is not a folder of this user alone: remove it, or set device.frontends`,
    );
  }
  return deviceIn(path, `frontend-${proxy.host.replaceAll(':', '_')}-${proxy.port}`);
}

function deviceIn(folder: string, name: string): string {
  const path = join(folder, `${name}.ipc`);
  if (Buffer.byteLength(path) <= LONGEST_IPC_PATH) return `ipc://${path}`;
  throw new StartError(
    `${path} is too long for a socket (${LONGEST_IPC_PATH} bytes): set XDG_RUNTIME_DIR to a shorter path`,
  );
}

const cannotMake =
  (path: string) =>
  (cause: unknown): never => {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    throw new StartError(
      `cannot make a private folder in ${path} (${code}): set XDG_RUNTIME_DIR to a folder that can be written to`,
      1,
      { cause },
    );
  };
