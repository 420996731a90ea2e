/** How long it takes from a PUT until every worker sends requests to the new version. */
import { setTimeout as sleep } from 'node:timers/promises';
import { put, startedCutover, type RunningCutover } from '../contenders/cutover.js';
import { openLoop } from '../load/open-loop.js';
import { ownersOfPorts } from '../system/family.js';
import { namedServer, type NamedServer } from './named-server.js';
import { spreads, warmUp, type Round } from './rounds.js';
import type { Bench, Outcome, Workload } from './workload.js';

const WORKERS = 4;
const RATE = 1000; // requests a second: what is measured cannot be finer than its gaps
const BEFORE = 500; // ms of load before the PUT
const AFTER = 500; // ms
const UPDATES = 10;
const QUICK_UPDATES = 2;

export const updateSpeed: Workload = {
  name: 'update-speed',
  title: `from PUT to each of ${WORKERS} workers' first request on the new version, ${RATE} requests/s`,
  run,
};

async function run({ options, folder }: Bench): Promise<Outcome> {
  const first = await namedServer('1', () => undefined);
  const servers = [first]; // older versions stay, and must be there
  const running = await startedCutover({ server: first.port, folder }, { workers: WORKERS });
  try {
    await warmUp({ running, headers: {} }, folder);
    const rounds: Round[] = [];
    const count = options.isQuick ? QUICK_UPDATES : UPDATES;
    for (let at = 0; at < count; at += 1) {
      rounds.push(await update(running, String(at + 2), servers));
    }
    const figures = spreads(rounds);
    return { rows: [{ workload: updateSpeed.name, contender: 'cutover', figures }] };
  } finally {
    await running.stop();
    for (const server of servers) server.crash();
  }
}

/** Requests that were answered otherwise than they must be. */
async function loaded({ port }: RunningCutover, during: number): Promise<number> {
  let lost = 0;
  const onSample = ({ status }: { status: number }) => {
    if (status !== 200) lost += 1;
  };
  await openLoop({ port, path: '/', rate: RATE, during, onSample });
  return lost;
}

async function update(
  running: RunningCutover,
  version: string,
  servers: NamedServer[],
): Promise<Round> {
  /** When each connection to the new server (by its port at the worker) brought its first request. */
  const firsts = new Map<number, number>();
  const server = await namedServer(version, ({ socket: { remotePort = 0 } }) => {
    if (!firsts.has(remotePort)) firsts.set(remotePort, performance.now());
  });
  servers.push(server);
  const load = loaded(running, BEFORE + AFTER);
  await sleep(BEFORE);
  const asked = performance.now();
  await put(running.control, server.port, version, { mode: 'INSTANT' });
  const answered = performance.now();
  const errors = await load;
  const arrivals = firstOfEach(firsts, await ownersOfPorts(running.pids, [...firsts.keys()]));
  if (arrivals.length < WORKERS) return { errors }; // somebody was never asked: nothing is known
  const [first, last] = [Math.min(...arrivals), Math.max(...arrivals)];
  return {
    firstWorker: first - asked,
    lastWorker: last - asked,
    // A worker may be told before the operator is: that is no time at all.
    lastAfterAnswer: Math.max(0, last - answered),
    errors,
  };
}

/** The earliest time of each process. */
export function firstOfEach(
  times: ReadonlyMap<number, number>,
  owners: ReadonlyMap<number, number>,
): readonly number[] {
  const earliest = new Map<number, number>();
  for (const [port, time] of times) {
    const owner = owners.get(port);
    if (owner === undefined) continue;
    earliest.set(owner, Math.min(time, earliest.get(owner) ?? Infinity));
  }
  return [...earliest.values()];
}
