/** A moderate load for a long time: what grows, and whether the end is as fast as the start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startedCutover } from '../contenders/cutover.js';
import { percentile, slope } from '../figures/statistics.js';
import type { Curve } from '../figures/results.js';
import { openLoop, type Sample } from '../load/open-loop.js';
import { descriptorsOf, usageOf } from '../system/family.js';
import type { Running } from '../system/program.js';
import { startedFileServer } from '../system/server.js';
import { usual } from './asks.js';
import { spreads, warmUp, type Round } from './rounds.js';
import type { Bench, Outcome, Workload } from './workload.js';

const RATE = 300; // requests a second: moderate on any machine
const MOST_SLICES = 30; // the run is told in so many parts …
const SHORTEST_SLICE = 1000; // … if each of them is as long as this, in ms
/** Seconds of full load, not told: the heaps of four processes take 100,000 requests to find their size. */
const BEFORE = 20;
const WARM_UP = 1 / 3; // of the slices: memory is expected to grow until then

export interface Slice {
  /** Minutes since the load began. */
  readonly minute: number;
  /** MiB. */
  readonly memory: number;
  readonly descriptors: number;
  /** Milliseconds. */
  readonly p99: number;
}

export const saturation: Workload = {
  name: 'saturation',
  title: `${RATE} requests/s for a long time`,
  run,
};

async function run({ options, folder }: Bench): Promise<Outcome> {
  const server = await startedFileServer(folder);
  const running = await startedCutover({ server: server.port, folder }, { workers: 1 });
  try {
    await warmUp({ running, headers: {} }, folder, options.isQuick ? undefined : BEFORE);
    const { slices, errors } = await watched(running, options.saturation * 1000);
    const figures = spreads([{ ...growth(slices), errors }]);
    return {
      rows: [{ workload: saturation.name, contender: 'cutover', figures }],
      curves: curves(slices),
    };
  } finally {
    await running.stop();
    await server.stop();
  }
}

async function watched({ port, pids }: Running, during: number) {
  const slices: Slice[] = [];
  let times: number[] = [];
  let errors = 0;
  const onSample = ({ status, took }: Sample) => {
    if (status === 200) times.push(took);
    else errors += 1;
  };
  const asked = { port, path: usual.path, rate: RATE };
  const load = openLoop({ ...asked, during, onSample });
  const count = Math.ceil(Math.min(MOST_SLICES, during / SHORTEST_SLICE));
  for (let at = 1; at <= count; at += 1) {
    await sleep(during / count);
    const slice = times;
    times = [];
    const { memory } = await usageOf(pids);
    const descriptors = await descriptorsOf(pids);
    const minute = (at * during) / count / 60_000;
    slices.push({ minute, memory, descriptors, p99: percentile(slice, 0.99) });
  }
  await load;
  return { slices, errors };
}

/** What changed after the warm-up: its first third is the start, its last third the end. */
export function growth(slices: readonly Slice[]): Round {
  const warm = slices.slice(Math.floor(slices.length * WARM_UP));
  const third = Math.max(1, Math.floor(warm.length / 3));
  const p99s = warm.map(({ p99 }) => p99);
  const [start, end] = [p99s.slice(0, third), p99s.slice(-third)];
  return {
    memory: warm.at(-1)?.memory ?? NaN,
    memoryGrowth: slope(warm.map(({ minute, memory }) => [minute, memory])),
    descriptorGrowth: slope(warm.map(({ minute, descriptors }) => [minute, descriptors])),
    p99Start: percentile(start, 0.5),
    p99StartHighest: percentile(start, 1),
    p99End: percentile(end, 0.5),
  };
}

const curves = (slices: readonly Slice[]): readonly Curve[] =>
  (['memory', 'p99'] as const).map(measure => ({
    workload: saturation.name,
    measure,
    points: slices.map(slice => [slice.minute, slice[measure]]),
  }));
