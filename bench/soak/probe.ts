/**
 * Runs inside every process of Cutover during a soak (`node --import`), and tells what only the process
 * itself knows: into a file of its own, replaced whole at each look. It keeps no process alive.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { systemCodeOf } from '../../src/kernel/errors.js';

export interface Told {
  readonly handles: number;
  /** Milliseconds by which timers came late. */
  readonly lag: number;
}

/** Where to, and how often in milliseconds. */
export const FOLDER = 'CUTOVER_SOAK_FOLDER';
export const EVERY = 'CUTOVER_SOAK_EVERY';

export const fileOf = (folder: string, pid: number) => join(folder, `${pid}.json`);

const RESOLUTION = 10; // ms between two timers whose delay is looked at
const NANOSECONDS = 1e6; // in a millisecond

function watch(folder: string, every: number): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  const file = fileOf(folder, process.pid);
  // Else it would ask for the names of our peers. Not in the types of Node 20 yet.
  Object.assign(process.report, { excludeNetwork: true });
  delays.enable();
  setInterval(() => {
    const lag = Math.max(0, delays.percentile(99) / NANOSECONDS - RESOLUTION);
    delays.disable(); // what follows takes some milliseconds itself
    const told: Told = { handles: handles(), lag };
    write(file, JSON.stringify(told));
    delays.enable();
    delays.reset();
  }, every).unref();
}

/** A frontend that ends may open nothing more in its last moment (sockets/open-no-more): what it told last stays. */
function write(file: string, text: string): void {
  try {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EMFILE') throw cause;
  }
}

/** All that libuv has, also those of native modules; Node's own list lacks the sockets of ZeroMQ. */
const handles = (): number =>
  (process.report.getReport() as { readonly libuv: readonly unknown[] }).libuv.length;

const folder = process.env[FOLDER];
if (isMainThread && folder !== undefined) watch(folder, Number(process.env[EVERY]));
