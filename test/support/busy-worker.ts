/**
 * A worker whose strategy takes its time: `node busy-worker.js CONFIG MILLISECONDS`. It stands still
 * for so long at each request, as one does that has to think, but leaves the processor to others:
 * so that several of them show how Cutover scales, however many cores there are.
 */
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/kernel/clock.js';
import { reporter } from '../../src/log.js';
import type { Strategy } from '../../workers/strategies/strategy.js';
import { startWorker } from '../../workers/main.js';
import { CutoverProcess, type Home } from './processes.js';
import type { Stage } from './stage.js';

/** Starts one that serves the frontends of the config, and waits until it is ready. */
export async function busyWorker(stage: Stage, home: Home, ms: number): Promise<CutoverProcess> {
  const command = [process.execPath, fileURLToPath(import.meta.url)] as const;
  const worker = new CutoverProcess(stage, [home.file, String(ms)], { ...home, command });
  await worker.logged('worker-ready');
  return worker;
}

async function work([file = '', ms = '0']: readonly string[]): Promise<void> {
  const parsed = parseConfig(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  const { config } = parsed;
  const still = new Int32Array(new SharedArrayBuffer(4));
  const strategy: Strategy = ({ versions: [version] }) => {
    Atomics.wait(still, 0, 0, Number(ms));
    return { kind: 'one', version };
  };
  const role = await startWorker({
    config,
    frontends: config.device.frontends,
    name: `busy-${process.pid}`,
    clock: systemClock,
    report: reporter({ role: 'worker', level: 'info', pretty: false }),
    strategy,
  });
  process.once('SIGTERM', () => void role.stop());
  await role.stopped;
}

if (argv[1] === fileURLToPath(import.meta.url)) await work(argv.slice(2));
