import { execFile } from 'node:child_process';

/** [edge] How a process stops taking connections, though libzmq cannot. */

/**
 * The numbers of the standard streams, which are all open: whatever is new would have a higher one. Not 0:
 * poll(2) refuses to look at more descriptors than the limit says, and libzmq ends the process then.
 */
const LEAST = 3;

/**
 * libzmq cannot stop listening without cutting the connections that it has. But a process that may open no
 * more descriptors takes no connections either: accept fails with EMFILE, and whoever comes waits in the
 * listening socket's backlog, for others who have it as well. What is open goes on.
 *
 * For the rest of this process's life. False: prlimit(1) is not there, so nothing has changed.
 */
export const openNoMore = (): Promise<boolean> =>
  new Promise(resolve => {
    const args = ['--pid', String(process.pid), `--nofile=${LEAST}:`];
    execFile('prlimit', args, cause => resolve(cause === null));
  });
