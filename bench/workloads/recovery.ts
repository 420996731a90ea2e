/** How soon a version that goes bad is given up, and what clients notice of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { put, startedCutover } from '../contenders/cutover.js';
import type { Row } from '../figures/results.js';
import { openLoop } from '../load/open-loop.js';
import { LOOPBACK } from '../system/free-port.js';
import { namedServer, type NamedServer } from './named-server.js';
import { spreads, type Round } from './rounds.js';
import type { Bench, Outcome, Workload } from './workload.js';

const RATE = 100; // requests a second
const TYPICAL = 3000; // ms of load on the old version alone
const GOOD = 2000; // ms of load on the new version while it is well
const AFTERWARDS = 5000; // ms: a figure of so much means that it was not given up at all
const LOOK = 10; // ms between two looks at the state of the version

const faults: Readonly<Record<string, (server: NamedServer) => void>> = {
  crashed: server => server.crash(),
  'answers 503': server => (server.answer = undefined),
};

export const recovery: Workload = {
  name: 'recovery',
  title: `the new version goes bad, ${RATE} requests/s, INSTANT`,
  run,
};

async function run(bench: Bench): Promise<Outcome> {
  const rows: Row[] = [];
  for (const [name, fault] of Object.entries(faults)) {
    const rounds: Round[] = [];
    for (let turn = 0; turn < bench.options.rounds; turn += 1) {
      rounds.push(await recovered(bench, fault));
    }
    const contender = `cutover, ${name}`;
    rows.push({ workload: recovery.name, contender, figures: spreads(rounds) });
  }
  return { rows };
}

async function recovered({ folder }: Bench, fault: (server: NamedServer) => void): Promise<Round> {
  const old = await namedServer('old', () => undefined);
  const badTimes: number[] = [];
  const fresh = await namedServer('new', () => {
    if (fresh.answer === undefined) badTimes.push(performance.now());
  });
  const running = await startedCutover({ server: old.port, folder }, { workers: 2 });
  try {
    let errors = 0;
    const sentAt: number[] = [];
    const during = TYPICAL + GOOD + AFTERWARDS;
    const onSample = ({ status, at }: { status: number; at: number }) => {
      sentAt.push(at);
      if (status !== 200) errors += 1;
    };
    const load = openLoop({ port: running.port, path: '/', rate: RATE, during, onSample });
    await sleep(TYPICAL);
    const id = await put(running.control, fresh.port, '2', { mode: 'INSTANT' });
    await sleep(GOOD);
    const broke = performance.now();
    fault(fresh);
    const demoted = await demotion(running.control, id, broke + AFTERWARDS);
    await load;
    // Who has crashed sees no requests: then it lasts until the demotion, else until the last one.
    const first = badTimes[0] ?? broke;
    const last = badTimes.at(-1) ?? demoted;
    const badRequests = sentAt.filter(at => at >= first && at <= last).length;
    return { detection: last - first, badRequests, errors };
  } finally {
    await running.stop();
    old.crash();
    fresh.crash();
  }
}

/** When control had demoted the version, or when we gave up waiting for it. */
async function demotion(control: number, id: string, until: number): Promise<number> {
  while (performance.now() < until) {
    const answer = await fetch(`http://${LOOPBACK}:${control}/configuration/cluster/${id}`);
    if (isDemoted(await answer.text())) return performance.now();
    await sleep(LOOK);
  }
  return until;
}

export const isDemoted = (text: string): boolean => text.includes('"demoted"');
