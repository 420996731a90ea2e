/**
 * Keeps two processes from having one registry. Each puts an empty file beside it whose name says who it
 * is, and only then looks who else is there: of two that come at once, one or none gets it, never both.
 * The file of a process that has ended counts for nothing, so nobody has to tidy up after kill -9. Who
 * lives is read from /proc: where that is missing nobody is kept out, and only the comparison before every
 * save is left.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCodeOf } from '../kernel/errors.js';
import type { Files } from './files.js';
import { RegistryError } from './registry.js';

export interface Processes {
  /** This process. */
  readonly pid: number;
  /**
   * When a process began, without white space: its id alone comes back after a while. Undefined: there is
   * no such process, or it has ended.
   */
  beginningOf(pid: number): Promise<string | undefined>;
}

export const systemProcesses: Processes = {
  pid: process.pid,
  async beginningOf(pid) {
    try {
      const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
      return beginningIn(await readFile(`/proc/${pid}/stat`, 'utf8'), boot.trim());
    } catch {
      return undefined;
    }
  },
};

/** From fields 3 and 22 of proc_pid_stat(5). The name in field 2 may hold spaces and brackets. */
export function beginningIn(stat: string, boot: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  const hasEnded = state === 'Z' || state === 'X'; // its parent has not asked for it yet
  return hasEnded || ticks === undefined ? undefined : `${ticks}-${boot}`;
}

/** Takes the lock of a registry file; what is returned lets go of it. */
export async function lock(
  file: string,
  files: Files,
  processes: Processes,
): Promise<() => Promise<void>> {
  const { pid } = processes;
  const beginning = await processes.beginningOf(pid);
  if (beginning === undefined) return () => Promise.resolve();
  const own = `${file}.lock-${pid}-${beginning}`;
  await create(own, files).catch((cause: unknown) => {
    throw systemCodeOf(cause) === 'EEXIST' ? held(file, pid, own) : cause;
  });
  try {
    await expectNobodyElse(file, own, files, processes);
  } catch (cause) {
    await files.remove(own).catch(() => undefined); // the first reason is the one that counts
    throw cause;
  }
  return () => files.remove(own);
}

async function create(path: string, files: Files): Promise<void> {
  const created = await files.create(path);
  await created.close();
}

async function expectNobodyElse(
  file: string,
  own: string,
  files: Files,
  processes: Processes,
): Promise<void> {
  const folder = dirname(file);
  const prefix = `${basename(file)}.lock-`;
  for (const name of await files.names(folder)) {
    const path = join(folder, name);
    const [, pid, beginning] = /^(\d+)-(.+)$/.exec(after(prefix, name)) ?? [];
    if (pid === undefined || name === basename(own)) continue;
    if ((await processes.beginningOf(Number(pid))) === beginning)
      throw held(file, Number(pid), path);
    await files.remove(path);
  }
}

const after = (prefix: string, name: string) =>
  name.startsWith(prefix) ? name.slice(prefix.length) : '';

const held = (file: string, pid: number, path: string) =>
  new RegistryError('locked', `${file} is in use by process ${pid}, as ${path} says`);
