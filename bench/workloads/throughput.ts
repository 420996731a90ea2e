/** How many requests a second, and what each costs. */
import type { Contender } from '../contenders/contender.js';
import type { Ask } from '../load/ask.js';
import { closedLoop } from '../load/closed-loop.js';
import { usageOf } from '../system/family.js';
import { withContest, type Entrant } from './contest.js';
import { WARM_UP, inTurns, rowsOf, type Round } from './rounds.js';
import type { Bench, Workload } from './workload.js';

const WATCH = 250; // ms between two looks at the memory

export function throughput(
  name: string,
  title: string,
  ask: Ask,
  contenders: readonly Contender[],
): Workload {
  return {
    name,
    title,
    run: bench =>
      withContest(bench, { workload: name, ask, contenders }, async ({ entrants, wrong }) => {
        const { isQuick, rounds: count, seconds } = bench.options;
        const lasting = (each: number) => (entrant: Entrant) => round(bench, entrant, ask, each);
        if (!isQuick) await inTurns(1, entrants, lasting(WARM_UP));
        const rounds = await inTurns(count, entrants, lasting(seconds));
        return { rows: rowsOf(name, rounds), wrong };
      }),
  };
}

async function round(
  { folder }: Bench,
  { running, headers }: Entrant,
  ask: Ask,
  seconds: number,
): Promise<Round> {
  const { pids, port } = running;
  const before = await usageOf(pids);
  let memory = before.memory;
  const watch = setInterval(() => {
    void usageOf(pids).then(usage => (memory = Math.max(memory, usage.memory)));
  }, WATCH);
  const load = await closedLoop({ ask, headers, port, seconds, folder });
  const { requests, rate, p50, p99, errors } = load;
  clearInterval(watch);
  const cpu = ((await usageOf(pids)).cpu - before.cpu) / requests;
  const own = pids.length === 0 ? {} : { cpu: cpu * 1e6, memory };
  const moved = ask.upload === undefined ? load.throughput : (rate * ask.upload) / 1e6;
  return { rate, throughput: moved, ...own, p50, p99, errors };
}
