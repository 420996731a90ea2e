/** What the operating system accounts of a process and all that descend from it. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { familyOf, processStat, socketsByPort, type ProcessStat } from '../figures/process-stat.js';

export interface Usage {
  /** Seconds of CPU since they began. */
  readonly cpu: number;
  /** MiB in memory now; what processes share counts once for each. */
  readonly memory: number;
}

const MIB = 1024 ** 2;

export async function usageOf(roots: readonly number[]): Promise<Usage> {
  const stats = await family(roots);
  const sum = (of: (stat: ProcessStat) => number) =>
    [...stats.values()].reduce((total, stat) => total + of(stat), 0);
  return { cpu: sum(({ cpu }) => cpu), memory: sum(({ memory }) => memory) / MIB };
}

/** How many descriptors they have open. */
export async function descriptorsOf(roots: readonly number[]): Promise<number> {
  const ids = [...(await family(roots)).keys()];
  const lists = await Promise.all(ids.map(id => readdir(`/proc/${id}/fd`).catch(() => [])));
  return lists.reduce((sum, list) => sum + list.length, 0);
}

/** Which process of the family has each of these local ports of TCP. */
export async function ownersOfPorts(
  roots: readonly number[],
  ports: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const sockets = socketsByPort(await readFile('/proc/net/tcp', 'utf8'));
  const owners = new Map<string, number>();
  for (const id of (await family(roots)).keys()) {
    for (const link of await linksOf(id)) owners.set(link, id);
  }
  return new Map(
    ports.flatMap(port => {
      const owner = owners.get(`socket:[${sockets.get(port) ?? ''}]`);
      return owner === undefined ? [] : [[port, owner] as const];
    }),
  );
}

async function linksOf(id: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${id}/fd`).catch(() => []);
  return Promise.all(names.map(name => readlink(`/proc/${id}/fd/${name}`).catch(() => '')));
}

async function family(roots: readonly number[]): Promise<ReadonlyMap<number, ProcessStat>> {
  const stats = new Map<number, ProcessStat>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end while we read.
    const stat = processStat(await readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''));
    if (stat !== undefined) stats.set(Number(name), stat);
  }
  const parents = new Map([...stats].map(([id, { parent }]) => [id, parent]));
  const members = new Set(roots.flatMap(root => familyOf(root, parents)));
  return new Map([...stats].filter(([id]) => members.has(id)));
}
