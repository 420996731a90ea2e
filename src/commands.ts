import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { homedir, hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import type { z } from 'zod';
import { deviceAddress, hostPort, isBeyondLoopback } from './config/address.js';
import { counts, type Config, type LogLevel } from './config/config.js';
import { readConfigFile, type ConfigFile } from './config/file.js';
import { overridden, type Overrides } from './config/overrides.js';
import { counted, summary } from './config/summary.js';
import { shown, type Problem } from './config/problems.js';
import { unprotected } from './config/security.js';
import { logLevel, seconds, text } from './config/values.js';
import { systemClock, type Clock } from './kernel/clock.js';
import { messageOf } from './kernel/errors.js';
import type { Report } from './kernel/events.js';
import type { Role } from './kernel/role.js';
import { StartError } from './kernel/start-error.js';
import { reporter } from './log.js';
import { ControlClient, OperatorError, type Verb } from './operator/control-client.js';
import * as operator from './operator/verbs.js';
import { registryPlace, type StateFolders } from './registry/place.js';
import { KeyFileError, writeKeyFile } from './security/key-file.js';
import { openKeyring, type Keyring } from './security/keyring.js';
import { anyListens } from './sockets/listens.js';
import { takeInheritedDescriptors } from './sockets/listening-descriptor-inherited.js';
import { openNoMore } from './sockets/open-no-more.js';
import { spawnRole } from './supervisor/child-process.js';
import { isSupervised, runRole, tellSupervisor } from './supervisor/run-role.js';
import { meetingPlace, type Surroundings } from './supervisor/runtime-folder.js';
import { startSupervisor, type Supervisor } from './supervisor/supervisor.js';

/** The command line: a verb becomes a role or a check, an end becomes an exit code. */

/** What workers/main.ts exports: reached by its URL, because src imports nothing of workers. */
interface WorkersMain {
  readonly startWorker: (options: {
    readonly config: Config;
    readonly frontends: readonly string[];
    readonly control: string | undefined;
    readonly keyring: Keyring | undefined;
    readonly name: string;
    readonly clock: Clock;
    readonly report: Report;
  }) => Promise<Role>;
}

const workersMain = new URL('../workers/main.js', import.meta.url);
const entry = new URL('./cli.js', import.meta.url);

const stateFolders: StateFolders = {
  service: process.env['STATE_DIRECTORY'],
  user: process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'),
};

const surroundings: Surroundings = {
  base: process.env['XDG_RUNTIME_DIR'] ?? tmpdir(),
  uid: process.getuid?.() ?? 0,
};

interface Arguments {
  readonly config: string;
  readonly logLevel: LogLevel | undefined;
}
interface UpArguments extends Arguments {
  readonly workers: number | undefined;
  readonly frontends: number | undefined;
}
interface FrontendArguments extends Arguments {
  readonly device: string | undefined;
  readonly control: string | undefined;
  readonly name: string | undefined;
}
interface WorkerArguments extends Arguments {
  readonly frontend: readonly string[] | undefined;
  readonly control: string | undefined;
  readonly name: string | undefined;
}
interface ControlArguments extends Arguments {
  readonly announce: string | undefined;
  readonly registry: string | undefined;
  readonly name: string | undefined;
}
interface CheckArguments extends Arguments {
  readonly json: boolean;
}
interface StatusArguments extends CheckArguments {
  readonly watch: boolean;
}
interface DeployArguments extends CheckArguments {
  readonly file: string;
  readonly wait: boolean | undefined;
  readonly timeout: number | undefined;
}
interface VersionArguments extends CheckArguments {
  readonly id: string;
}

/** Milliseconds between two looks. */
const WATCH = 1000;

async function up({ config: path, logLevel: level, workers, frontends }: UpArguments) {
  const read = () => readForRoles(path, { level, workers, frontends });
  const report = reporterOf('supervisor', configIn(path, await read()));
  const inherited = takeInheritedDescriptors(process.env, process.pid);
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
      spawn: (launch, host) => spawnRole(fileURLToPath(entry), launch, host),
    });
    return supervisor;
  };
  process.on('SIGHUP', () => void supervisor?.reload());
  await runRole(process, {
    report,
    start,
    stopping: signal => report({ type: 'supervisor-stopping', signal }),
    atOnce: () => supervisor?.kill(),
  });
}

async function frontend(given: FrontendArguments) {
  const config = await configOf(given);
  const descriptors = takeInheritedDescriptors(process.env, process.pid);
  const [configured] = config.device.frontends;
  const device = given.device ?? configured ?? (await meetingPlace(surroundings, config.proxy));
  const control = given.control ?? config.device.control;
  const name = given.name ?? `${hostname()}-${process.pid}`;
  const report = reporterOf(given.name ?? 'frontend', config);
  const keyring = await keyringFor(given, config, { device: [device], control: [control] }, report);
  const { startFrontend } = await import('./frontend/frontend.js');
  const takeNoMore = descriptors.proxy === undefined ? undefined : openNoMore;
  const clock = systemClock;
  const options = {
    config,
    device,
    descriptors,
    control,
    keyring,
    name,
    takeNoMore,
    clock,
    report,
  };
  const start = () => startFrontend(options);
  await runRole(process, { report, start });
}

async function worker(given: WorkerArguments) {
  const config = await configOf(given);
  const name = given.name ?? `${hostname()}-${process.pid}`;
  const frontends = given.frontend ?? (await frontendsOf(config));
  const { report, ready } = whenJoined(reporterOf(given.name ?? 'worker', config));
  const { startWorker } = (await import(workersMain.href)) as WorkersMain;
  const control = given.control ?? config.device.control;
  const addresses = { frontend: frontends, control: [control] };
  const keyring = await keyringFor(given, config, addresses, report);
  const clock = systemClock;
  const start = () => startWorker({ config, frontends, control, keyring, name, clock, report });
  await runRole(process, { report, start, ready });
}

async function control(given: ControlArguments) {
  const configured = await configOf(given);
  const file = configured.registry.file ?? (await ownRegistry(given));
  const config: Config = { ...configured, registry: { ...configured.registry, file } };
  const announcements = given.announce ?? config.device.control;
  if (announcements === undefined) {
    throw new StartError('no address for announcements: set device.control or --announce', 2);
  }
  const report = reporterOf(given.name ?? 'control', config);
  const keyring = await keyringFor(given, config, { announce: [announcements] }, report);
  const { startControl } = await import('./control/control.js');
  const release = version();
  const start = () =>
    startControl({ config, announcements, keyring, release, clock: systemClock, report });
  await runRole(process, { report, start });
}

/** Its folder is ours, so it is made. */
async function ownRegistry({ config: path, registry }: ControlArguments): Promise<string> {
  const file = registry ?? registryPlace(path, stateFolders);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    const because = `${messageOf(cause)}: set registry.file to a path that can be written to`;
    throw new StartError(because, 1, { cause });
  });
  return file;
}

async function frontendsOf({ device, proxy }: Config): Promise<readonly string[]> {
  return device.frontends.length > 0 ? device.frontends : [await meetingPlace(surroundings, proxy)];
}

/** Throws StartError: a key file that cannot be used, or an address that nothing protects. */
async function keyringFor(
  { config: path }: Arguments,
  config: Config,
  byOption: Readonly<Record<string, readonly (string | undefined)[]>>,
  report: Report,
): Promise<Keyring | undefined> {
  const used = Object.entries(byOption).flatMap(([option, addresses]) =>
    addresses.filter(address => address !== undefined).map(address => ({ option, address })),
  );
  const [fault] = used.flatMap(
    ({ option, address }) => unprotected(`--${option}`, address, config) ?? [],
  );
  if (fault !== undefined) throw new StartError(fault.message, 2);
  const opened = await openKeyring(config);
  if (!opened.ok) throw wrong(path, [opened.problem]);
  const { keyring } = opened;
  const open = used.map(({ address }) => address).filter(isBeyondLoopback);
  if (keyring === undefined && open.length > 0) report({ type: 'links-insecure', addresses: open });
  return keyring;
}

async function keygen({ file }: { readonly file: string }): Promise<void> {
  try {
    const publicKey = await writeKeyFile(file);
    process.stdout.write(`${file}: a new key pair\npublic key: ${publicKey}\n`);
  } catch (cause) {
    if (!(cause instanceof KeyFileError)) throw cause;
    throw new StartError(`${file}: ${cause.message}`, 1, { cause });
  }
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

async function clientOf(given: Arguments): Promise<ControlClient> {
  const { configService, registry } = await configOf(given);
  if (registry.kind === 'none') {
    throw new StartError(
      `${given.config}: registry.kind is none, so there is no control to ask`,
      2,
    );
  }
  return new ControlClient({
    url: `http://${hostPort(configService)}`,
    token: configService.token,
  });
}

async function status(given: StatusArguments): Promise<void> {
  const client = await clientOf(given);
  process.stdout.write(await operator.status(client, given));
  while (given.watch) {
    await new Promise<void>(resolve => void systemClock.after(WATCH, resolve));
    process.stdout.write(`\n${await operator.status(client, given).catch(awayFor)}`);
  }
}

/** Control may be back at the next look. */
function awayFor(cause: unknown): string {
  if (cause instanceof OperatorError && cause.failure === 'unreachable')
    return `${cause.message}\n`;
  throw cause;
}

async function deploy(given: DeployArguments): Promise<void> {
  const client = await clientOf(given);
  const body = await jsonOf(given.file);
  if (given.wait !== true) {
    process.stdout.write(await operator.deploy(client, body, given));
    return;
  }
  await operator.deployAndWait(client, body, {
    ...given,
    clock: systemClock,
    terminal: process.stderr,
    print: text => process.stdout.write(text),
  });
}

async function jsonOf(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (cause) {
    throw new StartError(`${path}: ${messageOf(cause)}`, 2, { cause });
  }
}

/** A verb that asks once and prints what it is told. */
const asking =
  <Given extends CheckArguments>(verb: (client: ControlClient, given: Given) => Promise<string>) =>
  async (given: Given) => {
    process.stdout.write(await verb(await clientOf(given), given));
  };

const happened = asking<CheckArguments>(operator.events);
const rotateKeys = asking<CheckArguments>(operator.rotateKeys);

const explain = asking((client, given: VersionArguments) => operator.why(client, given.id, given));

const remove = asking((client, given: VersionArguments) =>
  operator.remove(client, given.id, given),
);

const tell = (verb: Verb) =>
  asking((client, given: VersionArguments) =>
    operator.tell(client, { verb, name: given.id }, given),
  );

async function check({ config: path, logLevel: level, json }: CheckArguments): Promise<void> {
  const file = await readForRoles(path, { level });
  if (json) {
    const shown = file.ok ? { ok: true, config: withoutSecrets(file.config) } : file;
    process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    process.exitCode = file.ok ? 0 : 2;
    return;
  }
  process.stdout.write(
    `${path}: no problems\n${summary(configIn(path, file), registryPlace(path, stateFolders))}`,
  );
}

function withoutSecrets(config: Config): Config {
  const { configService, session } = config;
  const { token } = configService;
  const { keys } = session;
  return {
    ...config,
    configService: { ...configService, ...(token !== undefined && { token: '(set)' }) },
    session: { ...session, ...(keys !== undefined && { keys: keys.map(() => '(set)') }) },
  };
}

async function readOverridden(path: string, overrides: Overrides): Promise<ConfigFile> {
  const file = await readConfigFile(path);
  return file.ok ? { ...file, ...overridden(file.config, overrides) } : file;
}

/** With everything looked at that roles will read as well. */
async function readForRoles(path: string, overrides: Overrides): Promise<ConfigFile> {
  const file = await readOverridden(path, overrides);
  if (!file.ok) return file;
  const opened = await openKeyring(file.config);
  return opened.ok ? file : { ok: false, problems: [opened.problem] };
}

async function configOf({ config: path, logLevel: level }: Arguments): Promise<Config> {
  return configIn(path, await readOverridden(path, { level }));
}

/** Throws all problems as one error for people. */
function configIn(path: string, file: ConfigFile): Config {
  if (file.ok) return file.config;
  throw wrong(path, file.problems);
}

function wrong(path: string, problems: readonly Problem[]): StartError {
  const lines = problems.map(({ message }) => `  ${message}\n`);
  const message = `${path}: ${counted(lines.length, 'problem')}\n${lines.join('')}`.trimEnd();
  return new StartError(message, 2);
}

const reporterOf = (role: string, { log }: Config): Report =>
  reporter({ role, level: log.level, pretty: process.stdout.isTTY });

/** An argument that must be what the configuration file, too, would take. */
function checked<Value>(option: string, schema: z.ZodType<Value>, given: unknown): Value {
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const [expected] = error.issues.map(({ message }) => message);
  throw new StartError(`--${option}: expected ${String(expected)}, given ${shown(given)}`, 2);
}

const version = (): string => {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

function once<Value>(option: string, schema: z.ZodType<Value>) {
  return (given: unknown): Value | undefined =>
    given === undefined ? undefined : checked(option, schema, given);
}

type Plain = Argv<{ config: string | undefined } & { 'log-level': LogLevel | undefined }>;

/** Of all verbs that are about a configuration. */
const fileOption = (plain: Plain) => plain.demandOption('config');

const name = {
  type: 'string',
  requiresArg: true,
  describe: 'what the process is called in logs',
  coerce: once('name', text('a name', /^[\w.-]{1,64}$/)),
} as const;

const upOptions = (plain: Plain) =>
  fileOption(plain)
    .option('workers', {
      type: 'number',
      requiresArg: true,
      describe: 'how many workers',
      defaultDescription: 'workers.count',
      coerce: once('workers', counts.workers),
    })
    .option('frontends', {
      type: 'number',
      requiresArg: true,
      describe: 'how many frontends',
      defaultDescription: 'frontends.count',
      coerce: once('frontends', counts.frontends),
    });

const controlOption = {
  type: 'string',
  requiresArg: true,
  describe: 'the address at which control tells of versions',
  defaultDescription: 'device.control',
  coerce: once('control', deviceAddress()),
} as const;

const frontendOptions = (plain: Plain) =>
  fileOption(plain)
    .option('name', name)
    .option('device', {
      type: 'string',
      requiresArg: true,
      describe: 'the address at which workers find it',
      defaultDescription: 'the first of device.frontends',
      coerce: once('device', deviceAddress()),
    })
    .option('control', controlOption);

const workerOptions = (plain: Plain) =>
  fileOption(plain)
    .option('name', name)
    .option('frontend', {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'the address of the device of a frontend; may be repeated',
      defaultDescription: 'device.frontends',
      coerce: once('frontend', deviceAddress().array()),
    })
    .option('control', controlOption);

const controlOptions = (plain: Plain) =>
  fileOption(plain)
    .option('name', name)
    .option('announce', {
      type: 'string',
      requiresArg: true,
      describe: 'the address at which workers hear of versions',
      defaultDescription: 'device.control',
      coerce: once('announce', deviceAddress()),
    })
    .option('registry', {
      type: 'string',
      requiresArg: true,
      describe: 'the file of versions, if registry.file does not say it; its folder is made',
      coerce: once('registry', text('one path', /./)),
    });

const checkOptions = (plain: Plain) =>
  fileOption(plain).option('json', { type: 'boolean', default: false, describe: 'for machines' });

const deployOptions = (plain: Plain) =>
  checkOptions(plain)
    .positional('file', {
      type: 'string',
      demandOption: true,
      describe: 'JSON: what PUT /configuration/cluster takes',
    })
    .option('wait', {
      type: 'boolean', // a default would count as given, for what implies it
      describe: 'until the upgrade is complete or healthy, or fails: then it ends with 1',
    })
    .option('timeout', {
      type: 'number',
      requiresArg: true,
      implies: 'wait',
      describe: 'seconds; then it ends with 1 and leaves the upgrade as it is',
      defaultDescription: 'as long as it takes',
      coerce: once('timeout', seconds()),
    });

const statusOptions = (plain: Plain) =>
  checkOptions(plain).option('watch', {
    type: 'boolean',
    default: false,
    describe: 'again every second',
  });

const versionOptions = (plain: Plain) =>
  checkOptions(plain).positional('id', {
    // As it was typed: 1.10 is no number.
    type: 'string',
    demandOption: true,
    describe: 'of the version: its id, the beginning of it, or its number',
  });

const keygenOptions = (plain: Plain) =>
  plain.positional('file', {
    type: 'string',
    demandOption: true,
    describe: 'where to; it must not be there yet',
    coerce: (given: unknown) => checked('file', text('one path', /./), given),
  });

const commands = yargs()
  .scriptName('cutover')
  .usage('$0 VERB -c FILE\n\nReplaces a running HTTP application with its next version.')
  .option('config', {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: 'the configuration file (JSON); every verb but keygen needs it',
    coerce: once('config', text('one path', /./)),
  })
  .option('log-level', {
    type: 'string',
    requiresArg: true,
    describe: 'the least urgent log lines that are written',
    defaultDescription: 'log.level',
    coerce: once('log-level', logLevel()),
  })
  .command('up', 'start all roles on this machine and keep them alive', upOptions, up)
  .command('frontend', 'start a frontend: it takes clients', frontendOptions, frontend)
  .command('worker', 'start a worker: it asks the servers', workerOptions, worker)
  .command('control', 'start control: it keeps the versions', controlOptions, control)
  .command('check', 'say what is wrong with a configuration', checkOptions, check)
  .command('status', 'show all versions', statusOptions, status)
  .command('deploy <file>', 'add a version', deployOptions, deploy)
  .command('why <id>', 'what is known of it, and what was concluded', versionOptions, explain)
  .command('events', 'what happened to versions', checkOptions, happened)
  .command('pause <id>', 'nobody new moves to it', versionOptions, tell('pause'))
  .command('resume <id>', 'go on with its upgrade', versionOptions, tell('resume'))
  .command('promote <id>', 'everybody moves to it now', versionOptions, tell('promote'))
  .command('abort <id>', 'take everybody back', versionOptions, tell('abort'))
  .command('remove <id>', 'remove it', versionOptions, remove)
  .command('rotate-keys', 'sign sessions with a new key', checkOptions, rotateKeys)
  .command('keygen <file>', 'make keys for tcp:// links', keygenOptions, keygen)
  .demandCommand(1, 1, 'which verb?', 'one verb, please')
  .strict()
  .version(version())
  .help()
  .alias({ help: 'h' })
  .wrap(null)
  .exitProcess(false)
  .fail((message: string | null, cause: Error | undefined, usage) => {
    if (message === null && cause !== undefined) throw cause; // of a verb, not of its usage
    usage.showHelp('error');
    throw new StartError(message ?? 'wrong usage', 2);
  });

try {
  await commands.parseAsync(hideBin(process.argv));
} catch (cause) {
  await fail(cause);
}

/** For people: no stack where the message says all. A supervisor is told instead, and tells them. */
async function fail(cause: unknown): Promise<void> {
  const expected = cause instanceof StartError || cause instanceof OperatorError;
  process.exitCode = cause instanceof StartError ? cause.exitCode : 1;
  const because = expected ? cause.message : String((cause as Error).stack ?? cause);
  if (isSupervised(process)) await tellSupervisor(process, { type: 'failed', because });
  else process.stderr.write(`cutover: ${because}\n`);
}
