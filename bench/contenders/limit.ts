import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../system/free-port.js';
import { isInstalled, started } from '../system/program.js';
import type { Contender, Setting } from './contender.js';

/** Beside the project: from `dist/bench/contenders` it is four folders up, or wherever is said. */
const folder =
  process.env['CUTOVER_BENCH_LIMIT'] ??
  fileURLToPath(new URL('../../../../shared/limit', import.meta.url));

const CONNECTED = 500; // ms: the worker has its connections

/**
 * The same shape of two processes in C on the same library: what it costs by itself. It parses no
 * HTTP, and is for small requests on at most 128 kept connections only, of which none may leave early.
 */
export const limit: Contender = {
  name: 'limit (C)',
  missing: whyMissing(),
  start: startedLimit,
  isFragile: true,
};

function whyMissing(): string | undefined {
  if (!existsSync(join(folder, 'frontend.c'))) return 'the programs of the limit are not here';
  if (!isInstalled('cc', '--version')) return 'no C compiler is installed';
  if (!existsSync('/usr/include/zmq.h')) return 'libzmq3-dev is not installed';
  return undefined;
}

async function startedLimit({ server, folder: own }: Setting) {
  for (const name of ['frontend', 'worker']) compile(name, own);
  const port = await freePort();
  const device = `ipc://${own}/limit-${port}.ipc`;
  const frontend = await started({
    command: join(own, 'limit-frontend'),
    args: [String(port), device],
    port,
    folder: own,
  });
  const worker = await started({
    command: join(own, 'limit-worker'),
    args: [device, String(server)],
    port: server, // it listens nowhere: ready as soon as the server is
    folder: own,
  });
  await sleep(CONNECTED); // until then its frontend forgets what it is asked
  const stop = async () => {
    await Promise.all([frontend.stop(), worker.stop()]);
  };
  return { pids: [...frontend.pids, ...worker.pids], port, stop };
}

function compile(name: string, into: string): void {
  const program = join(into, `limit-${name}`);
  if (existsSync(program)) return;
  const args = ['-O2', '-o', program, join(folder, `${name}.c`), '-lzmq'];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the limit does not compile: ${stderr}`);
}
