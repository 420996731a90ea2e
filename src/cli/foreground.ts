/** Whether the terminal is ours to paint on. */
import { readFileSync } from 'node:fs';

/**
 * False for a job in the background (`cutover up … &`), whose shell and its user are at work on the same
 * terminal. By proc(5), `pgrp` and `tpgid`; true where there is no such file.
 */
export function isForeground(): boolean {
  try {
    return isForegroundIn(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return true;
  }
}

/** `stat`: as proc(5) writes it. The command in it may have any characters, but it ends with the last bracket. */
export function isForegroundIn(stat: string): boolean {
  const [, , pgrp, , , tpgid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return pgrp !== undefined && pgrp === tpgid;
}
