/** Reads what Linux tells of a process (proc_pid_stat(5), proc_net_tcp(5)). */

export interface ProcessStat {
  readonly parent: number;
  /** Seconds of CPU, of itself and of those of its children that have ended. */
  readonly cpu: number;
  /** Bytes that are in memory now. */
  readonly memory: number;
}

const TICKS_A_SECOND = 100; // USER_HZ, the same on every Linux
const PAGE = 4096; // bytes, on x86-64 and on most of arm64

/** The text of /proc/PID/stat. */
export function processStat(text: string): ProcessStat | undefined {
  // The name of the program is in parentheses and may itself hold spaces and parentheses.
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, parent] = fields;
  const ticks = fields.slice(11, 15); // utime, stime, cutime, cstime
  const pages = fields[21];
  if (parent === undefined || pages === undefined) return undefined;
  const cpu = ticks.reduce((sum, each) => sum + each, 0) / TICKS_A_SECOND;
  return { parent, cpu, memory: pages * PAGE };
}

/** The process itself and all that descend from it. */
export function familyOf(root: number, parents: ReadonlyMap<number, number>): readonly number[] {
  const children = [...parents].filter(([, parent]) => parent === root).map(([child]) => child);
  return [root, ...children.flatMap(child => familyOf(child, parents))];
}

/** The text of /proc/net/tcp: which socket (its inode) has which local port. */
export function socketsByPort(text: string): ReadonlyMap<number, string> {
  const lines = text.trim().split('\n').slice(1);
  return new Map(
    lines.map(line => {
      const [, local = '', , , , , , , , inode = ''] = line.trim().split(/\s+/);
      return [Number.parseInt(local.split(':')[1] ?? '', 16), inode];
    }),
  );
}
