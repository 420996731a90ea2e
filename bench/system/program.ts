/** Programs that the benchmark starts, waits for, and ends by their id. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOPBACK } from './free-port.js';

export interface Running {
  /** The processes that were started; what these start themselves belongs to them. */
  readonly pids: readonly number[];
  /** Where it answers. */
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  /** A folder of its own: its output is written there. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const READY_WITHIN = 15_000; // ms: Node programs start slowly on a busy machine
const GONE_WITHIN = 5000; // ms
const LOOK = 20; // ms

/** Debian keeps servers where only root's PATH looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

export const isInstalled = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { env: { ...process.env, PATH }, stdio: 'ignore' }).error === undefined;

const children = new Set<ChildProcess>();

/** However the benchmark ends, nothing of it stays behind. */
export function endWithUs(): void {
  process.on('exit', () => {
    for (const child of children) child.kill('SIGTERM');
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      process.exit(1);
    });
  }
}

export async function started(program: Program): Promise<Running> {
  const { command, args, port, folder, environment } = program;
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(join(folder, `log-${port}.txt`));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  child.once('close', () => log.end());
  children.add(child);
  const gone = once(child, 'exit').finally(() => children.delete(child));
  const pids = child.pid === undefined ? [] : [child.pid];
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killed = setTimeout(() => child.kill('SIGKILL'), GONE_WITHIN);
    await gone;
    clearTimeout(killed);
  };
  const answered = answers(port, READY_WITHIN).then(ready => (ready ? 'ready' : 'silent'));
  const outcome = await Promise.race([answered, gone.then(() => 'ended')]);
  if (outcome === 'ready') return { pids, port, stop };
  await stop();
  throw new Error(`${command} did not start (${outcome}): see ${folder}/log-${port}.txt`);
}

async function answers(port: number, within: number): Promise<boolean> {
  const end = performance.now() + within;
  while (performance.now() < end) {
    if (await connects(port)) return true;
    await sleep(LOOK);
  }
  return false;
}

function connects(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, LOOPBACK);
    const settle = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
