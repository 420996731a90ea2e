/** How much later answers come than directly, at a rate that none finds hard. */
import type { Contender } from '../contenders/contender.js';
import { percentile } from '../figures/statistics.js';
import { openLoop } from '../load/open-loop.js';
import { usual } from './asks.js';
import { withContest, type Entrant } from './contest.js';
import { rowsOf, warmUp, type Round } from './rounds.js';
import type { Workload } from './workload.js';

const RATE = 1000; // requests a second

export const latency = (name: string, title: string, who: readonly Contender[]): Workload => ({
  name,
  title,
  run: bench =>
    withContest(bench, { workload: name, ask: usual, contenders: who }, async contest => {
      const { entrants, wrong } = contest;
      const { isQuick, rounds: count, seconds } = bench.options;
      for (const entrant of isQuick ? [] : entrants) await warmUp(entrant, bench.folder);
      const rounds = new Map<string, Round[]>(entrants.map(each => [each.name, []]));
      for (let turn = 0; turn < count; turn += 1) {
        let without: Round = {};
        for (const entrant of entrants) {
          const round = await delays(entrant, seconds * 1000);
          if (entrant.name === 'direct') without = round;
          rounds.get(entrant.name)?.push({ ...round, ...added(round, without) });
        }
      }
      return { rows: rowsOf(name, rounds), wrong };
    }),
});

async function delays({ running: { port } }: Entrant, during: number): Promise<Round> {
  const times: number[] = [];
  let errors = 0;
  const onSample = ({ took, status }: { took: number; status: number }) => {
    if (status === 200) times.push(took);
    else errors += 1;
  };
  await openLoop({ port, path: usual.path, rate: RATE, during, onSample });
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map(share => percentile(times, share));
  return { p50: p50 ?? NaN, p99: p99 ?? NaN, p999: p999 ?? NaN, errors };
}

/** Over what it takes without anything between, in the same turn. */
export function added(round: Round, without: Round): Round {
  const over = (name: 'p50' | 'p99' | 'p999') => (round[name] ?? NaN) - (without[name] ?? NaN);
  return { addedP50: over('p50'), addedP99: over('p99'), addedP999: over('p999') };
}
