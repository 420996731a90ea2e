/** What this process takes of its machine, and how late its event loop is. The only place that asks Node. */
import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../kernel/clock.js';
import type { ProcessMeasures } from '../wire/measures.js';

/** Milliseconds between two looks at the event loop; a delay below it is seen as well. */
const RESOLUTION = 20;

/** Percentiles. */
const MEDIAN = 50;
const LATE = 99;

const OUT_OF_FILES: readonly string[] = ['EMFILE', 'ENFILE'];

export class OwnProcess {
  readonly #clock: Clock;
  /** Seconds since 1970. */
  readonly #startedAt: number;
  /**
   * Two, of which the older one is read and begins anew: Node's monitor misses what happens between its
   * beginning and its first look, which may be the very stall that is looked for.
   */
  #monitors: readonly [IntervalHistogram, IntervalHistogram];
  #lastRead: number;
  #lastCpu: number;
  #lastMemory = 0;
  #loop = performance.eventLoopUtilization();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = (clock.wall() - process.uptime() * 1000) / 1000;
    this.#monitors = [monitor(), monitor()];
    this.#lastRead = clock.now();
    this.#lastCpu = cpuSeconds();
  }

  /** The part of the time since the last call, or since it began, in which the event loop was not idle. */
  busy(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#loop);
    this.#loop = now;
    return utilization;
  }

  /** Since the reading before; of the event loop, since the one before that. */
  read(): ProcessMeasures {
    const now = this.#clock.now();
    const cpu = cpuSeconds();
    const period = Math.max(0, now - this.#lastRead);
    const load = period > 0 ? Math.max(0, cpu - this.#lastCpu) / (period / 1000) : 0;
    this.#lastRead = now;
    this.#lastCpu = cpu;
    return {
      period,
      startedAt: this.#startedAt,
      cpu,
      load,
      memory: this.#memory(),
      heap: getHeapStatistics().used_heap_size,
      eventLoopDelay: this.#delay(),
    };
  }

  /** The system tells it in a file: a frontend at its very end may open none, and says what it was before. */
  #memory(): number {
    try {
      this.#lastMemory = process.memoryUsage.rss();
    } catch (cause) {
      if (!OUT_OF_FILES.includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    }
    return this.#lastMemory;
  }

  close(): void {
    for (const each of this.#monitors) each.disable();
  }

  #delay(): ProcessMeasures['eventLoopDelay'] {
    const [older, younger] = this.#monitors;
    const delay = {
      p50: late(older.percentile(MEDIAN)),
      p99: late(older.percentile(LATE)),
      max: late(older.max),
    };
    older.reset();
    this.#monitors = [younger, older];
    return delay;
  }
}

function monitor(): IntervalHistogram {
  const made = monitorEventLoopDelay({ resolution: RESOLUTION });
  made.enable();
  return made;
}

/** Seconds beyond the interval itself, from nanoseconds between two looks. */
const late = (ns: number): number => Math.max(0, ns / 1e9 - RESOLUTION / 1000);

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
