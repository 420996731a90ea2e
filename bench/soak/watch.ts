/** Looks at the processes of Cutover from outside, and reads what the probe within them tells. */
import { readdir, readFile } from 'node:fs/promises';
import { processStat } from '../figures/process-stat.js';
import { fileOf, type Told } from './probe.js';
import type { Look } from './results.js';

const MIB = 1024 ** 2;

/** Those that have ended meanwhile are left out. */
export async function looksAt(
  roles: ReadonlyMap<string, number>,
  { folder, minute }: { readonly folder: string; readonly minute: number },
): Promise<readonly Look[]> {
  const looks = await Promise.all(
    [...roles].map(async ([role, pid]) => {
      const stat = processStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
      const open = await readdir(`/proc/${pid}/fd`).catch(() => undefined);
      if (stat === undefined || open === undefined) return [];
      const told = await toldBy(fileOf(folder, pid));
      const { handles, lag } = told ?? {};
      const memory = stat.memory / MIB;
      return [{ minute, role, pid, memory, descriptors: open.length, handles, lag }];
    }),
  );
  return looks.flat();
}

async function toldBy(file: string): Promise<Told | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Told);
}
