/** What happens to processes while an upgrade runs, and how a test waits until it is over. */
import { join } from 'node:path';
import { configFor, CutoverProcess, homeFor, type Home } from './processes.js';
import type { ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';
import { apiOf, neverSlowOrOdd, type Upgradable } from './upgradable.js';
import { Visitor } from './visitor.js';
import { eventually } from './within.js';

/** Of a role such as `control` or `worker-1`: the process that it has now. */
export function pidOf({ cutover }: Upgradable, role: string): number {
  const started = cutover.all('role-started').filter(line => line.role === role);
  const pid = started.at(-1)?.pid;
  if (pid === undefined) throw new Error(`no process for ${role}`);
  return pid;
}

/** Kills control, and waits until another one is there and knows both workers. */
export async function killControl(at: Upgradable): Promise<Upgradable> {
  const since = at.cutover.lines.length;
  process.kill(pidOf(at, 'control'), 'SIGKILL');
  await at.cutover.logged('control-listening', { since });
  for (const name of ['worker-1', 'worker-2']) {
    await at.cutover.logged('follower-joined', { since, where: line => line.name === name });
  }
  return { ...at, api: apiOf(at.cutover, since) };
}

/** Kills a worker, and waits until its successor has a routing table and serves. */
export async function killWorker(at: Upgradable, role: string): Promise<void> {
  const since = at.cutover.lines.length;
  process.kill(pidOf(at, role), 'SIGKILL');
  await at.cutover.logged('role-ready', { since, where: line => line.role === role });
  await at.cutover.logged('table-taken', { since, where: line => line['process'] === role });
}

/** The progress that REST shows of the newest version, in percent. */
export async function shownProgress({ api }: Upgradable): Promise<number> {
  const [newest] = await api.versions();
  if (newest?.progress === undefined) throw new Error('the newest version shows no progress');
  return newest.progress;
}

/** The same, once it is as large as that: what was counted last may still be on its way. */
export async function progressFrom(at: Upgradable, percent: number): Promise<number> {
  let shown = 0;
  const isReached = async () => {
    shown = await shownProgress(at);
    return shown >= percent;
  };
  await eventually(`${percent} % are reached`, isReached).catch((cause: unknown) => {
    throw new Error(`${String(cause)}: ${shown} % are shown`, { cause });
  });
  return shown;
}

/** The same client at another address, as after a restart on another port. */
export function moved({ cookie }: Visitor, port: number): Visitor {
  const visitor = new Visitor(port);
  visitor.cookie = cookie;
  return visitor;
}

/** Reloads what `upgradable` began with, but for the number of workers, and waits until that is done. */
export async function withWorkers(
  { cutover, home }: Upgradable,
  servers: readonly ServerAddress[],
  count: number,
): Promise<void> {
  const since = cutover.lines.length;
  const file = join(home.folder, 'registry.json');
  const sections = { registry: { file }, ...neverSlowOrOdd, workers: { count } };
  await home.write(configFor(servers, sections));
  cutover.signal('SIGHUP');
  await cutover.logged('supervisor-reloaded', { since });
}

/** A control of its own, and a home for others that find it by the addresses of the configuration. */
export async function separately(
  stage: Stage,
  server: ServerAddress,
): Promise<{ readonly home: Home; readonly control: CutoverProcess }> {
  const home = await homeFor(stage, {});
  const registry = { file: join(home.folder, 'registry.json') };
  const device = {
    frontends: [`ipc://${home.folder}/device`],
    control: `ipc://${home.folder}/control`,
  };
  await home.write(configFor([server], { registry, device, ...neverSlowOrOdd }));
  const control = new CutoverProcess(stage, ['control', '-c', home.file], home);
  await control.logged('control-listening');
  return { home, control };
}
