/** What connections cost that are kept and do nothing. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../contenders/contender.js';
import { LOOPBACK } from '../system/free-port.js';
import { usageOf } from '../system/family.js';
import { usual } from './asks.js';
import { withContest, type Entrant } from './contest.js';
import { rowsOf, type Round } from './rounds.js';
import type { Workload } from './workload.js';

const CONNECTIONS = 5000;
const AT_A_TIME = 50;
const SETTLED = 1000; // ms
const PATIENCE = 10_000; // ms for one answer

export const idle = (name: string, title: string, who: readonly Contender[]): Workload => ({
  name,
  title,
  run: bench =>
    withContest(bench, { workload: name, ask: usual, contenders: who }, async contest => {
      const { entrants, wrong } = contest;
      const count = bench.options.isQuick ? CONNECTIONS / 10 : CONNECTIONS;
      const rounds = new Map<string, readonly Round[]>();
      // Once each: memory that a program has taken it seldom gives back.
      for (const entrant of entrants) rounds.set(entrant.name, [await held(entrant, count)]);
      return { rows: rowsOf(name, rounds), wrong };
    }),
});

async function held({ running: { pids, port } }: Entrant, count: number): Promise<Round> {
  const before = await usageOf(pids);
  const sockets: Socket[] = [];
  let errors = 0;
  try {
    while (sockets.length < count) {
      const some = Array.from({ length: AT_A_TIME }, () => connect(port, LOOPBACK));
      sockets.push(...some);
      const answered = await Promise.all(some.map(hasAnswered));
      errors += answered.filter(each => !each).length;
    }
    await sleep(SETTLED);
    const { memory } = await usageOf(pids);
    return { perConnection: ((memory - before.memory) * 1024) / count, memory, errors };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Asks once, as a client does before it idles. */
async function hasAnswered(socket: Socket): Promise<boolean> {
  socket.on('error', () => socket.destroy());
  socket.write(`GET ${usual.path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
  return once(socket, 'data', { signal: AbortSignal.timeout(PATIENCE) }).then(
    () => true,
    () => false,
  );
}
