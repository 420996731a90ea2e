/**
 * Runs inside control during the bench (`node --import`), and tells what only the process itself knows: a line
 * for every half second in a file. It keeps no process alive.
 */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { sharedNow } from './shared-now.js';

export interface Told {
  /** By the clock that all processes share. */
  readonly at: number;
  /** Milliseconds by which timers came late. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Seconds of CPU of all threads since it began. */
  readonly cpu: number;
  /** The same, of the event loop's time: the part in which it was not idle. */
  readonly busy: number;
  /** MiB. */
  readonly memory: number;
  readonly heap: number;
}

/** Where to. */
export const FILE = 'CUTOVER_SCALE_FILE';

const EVERY = 500; // ms
const RESOLUTION = 5; // ms between two timers whose delay is looked at
const NANOSECONDS = 1e6; // in a millisecond
const MIB = 1024 ** 2;

function watch(file: string): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  const late = (ns: number) => Math.max(0, ns / NANOSECONDS - RESOLUTION);
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const told: Told = {
      at: sharedNow(),
      p50: late(delays.percentile(50)),
      p99: late(delays.percentile(99)),
      max: late(delays.max),
      cpu: (user + system) / 1e6,
      busy: performance.eventLoopUtilization().active / 1000,
      memory: process.memoryUsage.rss() / MIB,
      heap: getHeapStatistics().used_heap_size / MIB,
    };
    delays.reset();
    appendFileSync(file, `${JSON.stringify(told)}\n`);
  }, EVERY).unref();
}

const file = process.env[FILE];
if (isMainThread && file !== undefined) watch(file);
