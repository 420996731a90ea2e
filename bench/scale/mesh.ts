/** What each role costs for each request, in systems of several sizes, and what an idle link costs. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startedCutover } from '../contenders/cutover.js';
import { processStat } from '../figures/process-stat.js';
import { closedLoop } from '../load/closed-loop.js';
import { writeKeyFile } from '../../src/security/key-file.js';
import { freePort, LOOPBACK } from '../system/free-port.js';
import { started } from '../system/program.js';
import { usual } from '../workloads/asks.js';
import { Quota } from './quota.js';

export interface Cores {
  readonly frontend: number;
  readonly worker: number;
}

export interface LoadSetting {
  readonly frontends: number;
  readonly workers: number;
  /** Of each process; undefined: as many as there are. */
  readonly cores: Cores | undefined;
  readonly seconds: number;
  readonly rounds: number;
  readonly folder: string;
  /** The port of the server behind. */
  readonly server: number;
}

/** Of one round. */
export interface Loaded {
  /** Requests a second. */
  readonly rate: number;
  readonly errors: number;
  /** Microseconds of CPU a request, of all processes of the role together. */
  readonly frontend: number;
  readonly worker: number;
  readonly control: number;
}

const roles = ['frontend', 'worker', 'control'] as const;
type RoleName = (typeof roles)[number];
type Pids = Readonly<Record<RoleName, readonly number[]>>;

const WARM_UP = 3; // s
const MIB = 1024 ** 2;

/** Undefined: processes can be given no part of a core here. */
export async function loaded(setting: LoadSetting): Promise<readonly Loaded[] | undefined> {
  const { frontends, workers, cores, seconds, rounds, folder, server } = setting;
  const sections = { frontends: { count: frontends } };
  const running = await startedCutover({ server, folder }, { workers, sections });
  const quotas: (Quota | undefined)[] = [];
  try {
    const pids = await rolesOf(running.pids[0] ?? 0);
    const ask = { ask: usual, headers: {}, port: running.port, folder };
    // Compilers first: with a part of a core they would take minutes.
    await closedLoop({ ...ask, seconds: WARM_UP });
    if (cores !== undefined) {
      for (const pid of pids.frontend) quotas.push(Quota.of(pid, cores.frontend));
      for (const pid of pids.worker) quotas.push(Quota.of(pid, cores.worker));
      if (quotas.includes(undefined)) return undefined;
      await closedLoop({ ...ask, seconds: 1 });
    }
    const all: Loaded[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const before = await cpuOf(pids);
      const { requests, rate, errors } = await closedLoop({ ...ask, seconds });
      const after = await cpuOf(pids);
      const each = (role: RoleName) => ((after[role] - before[role]) * 1e6) / requests;
      all.push({
        rate,
        errors,
        frontend: each('frontend'),
        worker: each('worker'),
        control: each('control'),
      });
    }
    return all;
  } finally {
    await running.stop();
    for (const quota of quotas) quota?.remove();
  }
}

/** What `cutover up` has started. */
async function rolesOf(supervisor: number): Promise<Pids> {
  const found: Record<RoleName, number[]> = { frontend: [], worker: [], control: [] };
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = processStat(await readFile(`/proc/${name}/stat`, 'utf8').catch(() => ''));
    if (stat?.parent !== supervisor) continue;
    const args = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const role = roles.find(each => args.includes(each));
    if (role !== undefined) found[role].push(Number(name));
  }
  return found;
}

async function cpuOf(pids: Pids): Promise<Readonly<Record<RoleName, number>>> {
  const sum = async (role: RoleName) => {
    const all = await Promise.all(pids[role].map(statOf));
    return all.reduce((total, { cpu }) => total + cpu, 0);
  };
  return {
    frontend: await sum('frontend'),
    worker: await sum('worker'),
    control: await sum('control'),
  };
}

async function statOf(pid: number) {
  const stat = processStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) throw new Error(`process ${pid} has ended`);
  return stat;
}

export interface IdleSetting {
  readonly links: number;
  /** Over TCP with keys, as between machines; else over `ipc://`. */
  readonly isCurve: boolean;
  readonly seconds: number;
  readonly folder: string;
}

export interface End {
  /** MiB. */
  readonly memory: number;
  /** Cores. */
  readonly cpu: number;
}

export interface Idle {
  readonly frontend: End;
  /** One process with all links: what a worker would have that has so many frontends. */
  readonly worker: End;
}

const linksProgram = fileURLToPath(new URL('./links-main.js', import.meta.url));
const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const SETTLE = 2000; // ms

/** A frontend with so many links, of which none has anything to do. */
export async function idle({ links, isCurve, seconds, folder }: IdleSetting): Promise<Idle> {
  const port = await freePort();
  const device = isCurve
    ? `tcp://${LOOPBACK}:${await freePort()}`
    : `ipc://${folder}/device-${port}`;
  const key = isCurve ? `${folder}/key-${port}.json` : undefined;
  if (key !== undefined) await writeKeyFile(key);
  const config = `${folder}/frontend-${port}.json`;
  await writeFile(
    config,
    JSON.stringify({
      proxy: { ip: LOOPBACK, port },
      configService: { ip: LOOPBACK, port: await freePort() },
      cluster: { servers: [{ ip: LOOPBACK, port: 9 }], version: '1' },
      registry: { kind: 'none' },
      ...(key !== undefined && { security: { key } }),
      log: { level: 'error' },
    }),
  );
  const args = [cli, 'frontend', '-c', config, '--device', device];
  const running = await started({ command: process.execPath, args, port, folder });
  const more = key === undefined ? [] : [key];
  const child = fork(linksProgram, [device, String(links), ...more]);
  try {
    if (links > 0) await once(child, 'message');
    await sleep(SETTLE);
    const [frontend = 0] = running.pids;
    const worker = child.pid ?? 0;
    const [f, w] = [await statOf(frontend), await statOf(worker)];
    await sleep(seconds * 1000);
    const [g, x] = [await statOf(frontend), await statOf(worker)];
    const end = (a: typeof f, b: typeof f): End => ({
      memory: b.memory / MIB,
      cpu: (b.cpu - a.cpu) / seconds,
    });
    return { frontend: end(f, g), worker: end(w, x) };
  } finally {
    child.kill('SIGKILL');
    await running.stop();
  }
}
