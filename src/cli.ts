#!/usr/bin/env node
/**
 * The entry point. With very few descriptors Node cannot even load our modules, and says so in its own
 * words; so we look first, and load them afterwards.
 */
import { readFileSync } from 'node:fs';

/** Descriptors that a process needs before it has opened anything of its own. */
const LEAST = 256;

if (openFiles() < LEAST) {
  process.stderr.write(
    `cutover: the limit of open files is ${openFiles()}; at least ${LEAST} are needed: ` +
      'raise it with ulimit -n or LimitNOFILE=\n',
  );
  process.exitCode = 1;
} else {
  await import('./commands.js');
}

/** The soft limit; where the system does not tell, it is hoped to be enough. */
function openFiles(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
