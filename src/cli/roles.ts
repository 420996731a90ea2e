/** The verbs that start roles, and stay. */
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.js';
import { controlsIn } from '../config/device.js';
import type { Finder } from '../discovery/finder.js';
import { machine } from '../config/values.js';
import { systemClock, type Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import type { Place } from '../kernel/place.js';
import type { Role } from '../kernel/role.js';
import { StartError } from '../kernel/start-error.js';
import { reporter } from '../log.js';
import type { View } from '../operator/live/view.js';
import { registryPlace } from '../registry/place.js';
import type { Keyring } from '../security/keyring.js';
import { anyListens } from '../sockets/listens.js';
import { takeInheritedDescriptors } from '../sockets/listening-descriptor-inherited.js';
import { openNoMore } from '../sockets/open-no-more.js';
import { spawnRole } from '../supervisor/child-process.js';
import { runRole } from '../supervisor/run-role.js';
import { meetingPlace } from '../supervisor/runtime-folder.js';
import { startSupervisor, type Supervisor } from '../supervisor/supervisor.js';
import { configIn, configOf, keyringFor, readForRoles } from './configured.js';
import { discoveryFor, foundAt, registered, withDirectory } from './discovery.js';
import { entry, release, stateFolders, surroundings, workersMain } from './surroundings.js';
import type { Common } from './verb.js';

/** What workers/main.ts exports: reached by its URL, because src imports nothing of workers. */
interface WorkersMain {
  readonly startWorker: (options: {
    readonly config: Config;
    readonly frontends: readonly string[];
    readonly control: readonly string[] | undefined;
    readonly finder: Finder;
    readonly keyring: Keyring | undefined;
    readonly name: string;
    readonly place: Place;
    readonly clock: Clock;
    readonly report: Report;
  }) => Promise<Role>;
}

interface Up extends Common {
  readonly workers: number | undefined;
  readonly frontends: number | undefined;
  readonly plain: boolean;
}
interface Named extends Common {
  readonly name: string | undefined;
}
interface Placed extends Named {
  readonly host: string | undefined;
  readonly zone: string | undefined;
}
interface Frontend extends Placed {
  readonly device: string | undefined;
  readonly control: readonly string[] | undefined;
  readonly advertise: string | undefined;
}
interface Worker extends Placed {
  readonly frontend: readonly string[] | undefined;
  readonly control: readonly string[] | undefined;
}
interface Control extends Named {
  readonly announce: string | undefined;
  readonly advertise: string | undefined;
  readonly registry: string | undefined;
}

export async function up({ config: path, logLevel: level, workers, frontends, plain }: Up) {
  const read = () => readForRoles(path, { level, workers, frontends });
  const config = configIn(path, await read());
  const view = plain ? undefined : await viewOf(config);
  const write = reporterOf('supervisor', config, view);
  const report: Report = event => {
    view?.hear(event);
    write(event);
  };
  const inherited = takeInheritedDescriptors(process.env, process.pid);
  const log = view === undefined ? undefined : (line: string) => view.log(line);
  let supervisor: Supervisor | undefined;
  const start = async () => {
    supervisor = await startSupervisor({
      read,
      inherited,
      surroundings,
      report,
      env: process.env,
      anyListens,
      clock: systemClock,
      chance: () => randomInt(2 ** 32) / 2 ** 32,
      registryFile: registryPlace(path, stateFolders),
      spawn: (launch, host) => spawnRole(fileURLToPath(entry), launch, host, log),
    });
    return supervisor;
  };
  process.on('SIGHUP', () => void supervisor?.reload());
  try {
    await runRole(process, {
      report,
      start,
      stopping: signal => {
        view?.end();
        report({ type: 'supervisor-stopping', signal });
      },
      atOnce: () => {
        view?.end();
        supervisor?.kill();
      },
    });
  } finally {
    view?.end();
  }
}

/** Loaded only where there may be somebody who looks. */
async function viewOf(config: Config): Promise<View | undefined> {
  if (!process.stdout.isTTY) return undefined;
  return (await import('./live-view.js')).viewFor(config);
}

export async function frontend(given: Frontend) {
  const config = await configOf(given);
  const descriptors = takeInheritedDescriptors(process.env, process.pid);
  const [configured] = config.device.frontends;
  const device = given.device ?? configured ?? (await meetingPlace(surroundings, config.proxy));
  const control = controlsFor(given, config);
  const name = given.name ?? `${hostname()}-${process.pid}`;
  const report = reporterOf(given.name ?? 'frontend', config);
  const keyring = await keyringFor(given, config, { device: [device], control }, report);
  const { finder, directory } = await discoveryFor(config, report);
  const { startFrontend } = await import('../frontend/frontend.js');
  const takeNoMore = descriptors.proxy === undefined ? undefined : openNoMore;
  const clock = systemClock;
  const options = {
    config,
    device,
    descriptors,
    control: control.length > 0 || finder.discovers ? control : undefined,
    finder,
    keyring,
    name,
    place: placeOf(given, config),
    takeNoMore,
    clock,
    report,
  };
  const start = async () => {
    const role = await startFrontend(options);
    const at = foundAt({ bound: device, advertise: given.advertise }, config, report);
    const about = { sought: 'frontends', name, at, place: options.place } as const;
    return withDirectory(registered(role, directory, about), directory);
  };
  await runRole(process, { report, start });
}

export async function worker(given: Worker) {
  const config = await configOf(given);
  const name = given.name ?? `${hostname()}-${process.pid}`;
  const frontends = given.frontend ?? (await frontendsOf(config));
  const { report, ready } = whenJoined(reporterOf(given.name ?? 'worker', config));
  const { startWorker } = (await import(workersMain.href)) as WorkersMain;
  const controls = controlsFor(given, config);
  const keyring = await keyringFor(
    given,
    config,
    { frontend: frontends, control: controls },
    report,
  );
  const { finder, directory } = await discoveryFor(config, report);
  const control = controls.length > 0 || finder.discovers ? controls : undefined;
  const place = placeOf(given, config);
  const clock = systemClock;
  const options = { config, frontends, control, finder, keyring, name, place, clock, report };
  const start = async () => withDirectory(await startWorker(options), directory);
  await runRole(process, { report, start, ready });
}

export async function control(given: Control) {
  const configured = await configOf(given);
  const config = await withRegistry(configured, given);
  const announcements = given.announce ?? controlsIn(config.device)[0];
  if (announcements === undefined) {
    throw new StartError('no address for announcements: set device.control or --announce', 2);
  }
  const report = reporterOf(given.name ?? 'control', config);
  const keyring = await keyringFor(given, config, { announce: [announcements] }, report);
  const { startControl } = await import('../control/control.js');
  const start = () =>
    startControl({
      config,
      announcements,
      reachedAt: foundAt({ bound: announcements, advertise: given.advertise }, config, report),
      keyring,
      name: nameOfControl(given),
      release: release(),
      clock: systemClock,
      report,
    });
  await runRole(process, { report, start });
}

async function withRegistry(config: Config, given: Control): Promise<Config> {
  const { registry } = config;
  if (registry.kind === 'etcd' || registry.file !== undefined) return config;
  return { ...config, registry: { ...registry, file: await ownRegistry(given) } };
}

/** The supervisor calls its own just so, on every machine. */
const nameOfControl = ({ name = 'control' }: Control): string =>
  name === 'control' ? `${hostname()}-${process.pid}` : name;

/** Its folder is ours, so it is made. */
async function ownRegistry({ config: path, registry }: Control): Promise<string> {
  const file = registry ?? registryPlace(path, stateFolders);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    const because = `${messageOf(cause)}: set registry.file to a path that can be written to`;
    throw new StartError(because, 1, { cause });
  });
  return file;
}

const controlsFor = (
  { control: given }: Pick<Worker, 'control'>,
  { device }: Config,
): readonly string[] => given ?? controlsIn(device);

/** A hostname that is no name for others to compare is as good as none. */
const placeOf = ({ host, zone }: Placed, { place }: Config): Place => ({
  host: host ?? place.host ?? machine().safeParse(hostname()).data ?? '',
  zone: zone ?? place.zone ?? '',
});

async function frontendsOf({ device, proxy, registry }: Config): Promise<readonly string[]> {
  if (device.frontends.length > 0 || registry.kind === 'etcd') return device.frontends;
  return [await meetingPlace(surroundings, proxy)];
}

/** A worker is of use once a frontend knows it. */
function whenJoined(report: Report): { report: Report; ready: Promise<void> } {
  let joined: () => void = () => undefined;
  const ready = new Promise<void>(resolve => {
    joined = resolve;
  });
  return {
    ready,
    report: event => {
      report(event);
      if (event.type === 'frontend-joined') joined();
    },
  };
}

function reporterOf(role: string, { log: { level } }: Config, view?: View): Report {
  if (view === undefined) return reporter({ role, level, pretty: process.stdout.isTTY });
  const destination = { write: (line: string) => view.log(line) };
  return reporter({ role, level, pretty: false }, destination);
}
