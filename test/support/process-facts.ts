import { readdir, readFile, readlink } from 'node:fs/promises';

/** What Linux knows of a process (proc(5)). */

/** Pids of the children that it has now. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map(thread => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')),
  );
  return lists.flatMap(list => list.split(' ').filter(Boolean).map(Number));
}

export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const children = await childrenOf(pid).catch(() => []);
  const below = await Promise.all(children.map(descendantsOf));
  return [...children, ...below.flat()];
}

export async function commandOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
}

export interface Memory {
  /** Bytes of physical memory. */
  readonly now: number;
  /** The most that it has ever had. */
  readonly peak: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** How many descriptors it has open. */
export async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Neither gone nor a zombie that waits for its parent. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Paths of the files that it has open; those without a name any more end in ` (deleted)`. */
export async function openFilesOf(pid: number): Promise<readonly string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return Promise.all(
    descriptors.map(each => readlink(`/proc/${pid}/fd/${each}`).catch(() => 'closed meanwhile')),
  );
}
