#!/usr/bin/env node
/**
 * The entry point. With very few descriptors Node cannot even load our modules, and says so in its own
 * words; so we look first, and load them afterwards.
 */
import { openFilesLimit } from './kernel/limits.js';

/** Descriptors that a process needs before it has opened anything of its own. */
const LEAST = 256;

const limit = openFilesLimit();

if (limit !== undefined && limit < LEAST) {
  process.stderr.write(
    `cutover: the limit of open files is ${limit}; at least ${LEAST} are needed: ` +
      'raise it with ulimit -n or LimitNOFILE=\n',
  );
  process.exitCode = 1;
} else {
  await import('./cli/main.js');
}
