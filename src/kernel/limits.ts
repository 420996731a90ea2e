import { readFileSync } from 'node:fs';
import { StartError } from './start-error.js';

/** Descriptors that are no client connections: the device, logs, libzmq's own, spooled bodies. */
const RESERVE = 100;

/** Few machines need more; the memory of libzmq's buffers grows with it. */
const MOST_BY_DEFAULT = 60_000;

/** The soft limit of open files of this process; undefined where the system does not tell (not Linux). */
export function openFilesLimit(read = () => readFileSync('/proc/self/limits', 'utf8')) {
  try {
    return parseOpenFilesLimit(read());
  } catch {
    return undefined;
  }
}

export function parseOpenFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Infinity : Number(soft);
}

/** How many client connections a frontend may take. `wanted` is limits.connections. */
export function connectionsWithin(limit: number | undefined, wanted: number | undefined): number {
  const room = (limit ?? Infinity) - RESERVE;
  const connections = wanted ?? Math.min(room, MOST_BY_DEFAULT);
  if (connections >= 1 && connections <= room) return connections;
  throw new StartError(tooLow(limit, wanted));
}

function tooLow(limit: number | undefined, wanted: number | undefined): string {
  const needed = (wanted ?? 1) + RESERVE;
  const who = wanted === undefined ? 'a frontend' : `limits.connections ${wanted}`;
  const or = wanted === undefined ? '' : ' or lower limits.connections';
  return (
    `the limit of open files is ${limit ?? 'unknown'}; ${who} needs ${needed}: ` +
    `raise it with ulimit -n, LimitNOFILE=${or}`
  );
}
