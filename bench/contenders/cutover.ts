import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StrategyName, UpgradeTransition } from '../../src/config/cluster.js';
import { LOOPBACK, freePort } from '../system/free-port.js';
import { started, type Running } from '../system/program.js';
import type { Contender, Setting } from './contender.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

const READY_WITHIN = 15_000; // ms
const LOOK = 20; // ms

export interface CutoverOptions {
  readonly workers: number;
  /** Sections of the configuration file besides those that the benchmark sets. */
  readonly sections?: object;
}

export interface RunningCutover extends Running {
  /** The port of control's REST API. */
  readonly control: number;
}

/** As a user would start it: control with its registry in a file, sessions on, one frontend. */
export async function startedCutover(
  { server, folder }: Setting,
  { workers, sections }: CutoverOptions,
): Promise<RunningCutover> {
  const [port, control] = [await freePort(), await freePort()];
  const file = join(folder, `cutover-${port}.json`);
  const config = {
    proxy: { port },
    configService: { port: control },
    cluster: { servers: [{ ip: LOOPBACK, port: server }], version: '1' },
    registry: { file: join(folder, `registry-${port}.json`) },
    log: { level: 'warn' },
    ...sections,
  };
  await writeFile(file, JSON.stringify(config));
  const args = [cli, 'up', '-c', file, '--workers', String(workers)];
  const running = await started({ command: process.execPath, args, port, folder });
  await isReady(control, performance.now() + READY_WITHIN);
  return { ...running, control };
}

/** Its port takes connections before a worker is there; a load would only fill the queue. */
async function isReady(control: number, until: number): Promise<void> {
  const url = `http://${LOOPBACK}:${control}/readyz`;
  for (;;) {
    const status = await fetch(url).then(
      answer => answer.status,
      () => 0, // it does not listen yet
    );
    if (status === 200) return;
    if (performance.now() > until) throw new Error(`cutover is not ready: ${status}`);
    await sleep(LOOK);
  }
}

export const cutover: Contender = {
  name: 'cutover',
  missing: undefined,
  start: setting => startedCutover(setting, { workers: 1 }),
};

export const cutoverWithWorkers = (workers: number): Contender => ({
  name: `cutover, ${workers} workers`,
  missing: undefined,
  start: setting => startedCutover(setting, { workers }),
});

/** Each upgrade goes on for longer than any measurement. */
const transitions: Readonly<Record<StrategyName, UpgradeTransition>> = {
  INSTANT: { mode: 'INSTANT' },
  SESSION: { mode: 'SESSION', sessionTimeout: 1800 },
  GRADUAL: { mode: 'GRADUAL', duration: '1d' },
  CONCURRENT: { mode: 'CONCURRENT' },
};

/** In the middle of an upgrade. Both versions run on the same server, so that nothing else differs. */
export const cutoverInUpgrade = (mode: StrategyName): Contender => ({
  name: `cutover, ${mode}`,
  missing: undefined,
  async start(setting) {
    const running = await startedCutover(setting, { workers: 1 });
    await put(running.control, setting.server, '2', transitions[mode]);
    return running;
  },
});

/** Adds a version, and yields its id. */
export async function put(
  control: number,
  server: number,
  version: string,
  upgradeTransition: UpgradeTransition,
): Promise<string> {
  const cluster = { servers: [{ ip: LOOPBACK, port: server }], version, upgradeTransition };
  const answer = await fetch(`http://${LOOPBACK}:${control}/configuration/cluster`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cluster }),
  });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`PUT: ${answer.status} ${text}`);
  return (JSON.parse(text) as { readonly id: string }).id;
}
