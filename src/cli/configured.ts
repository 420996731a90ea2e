/** The configuration that a verb is about, with what the command line says beside it. */
import { hostPort, isBeyondLoopback } from '../config/address.js';
import type { Config } from '../config/config.js';
import { readConfigFile, type ConfigFile } from '../config/file.js';
import { overridden, type Overrides } from '../config/overrides.js';
import type { Problem } from '../config/problems.js';
import { unprotected } from '../config/security.js';
import { counted } from '../config/summary.js';
import type { Report } from '../kernel/events.js';
import { StartError } from '../kernel/start-error.js';
import { ControlClient } from '../operator/control-client.js';
import { fileProblems } from '../registry/etcd-files.js';
import { openKeyring, type Keyring } from '../security/keyring.js';
import type { Common } from './verb.js';

async function readOverridden(path: string, overrides: Overrides): Promise<ConfigFile> {
  const file = await readConfigFile(path);
  return file.ok ? { ...file, ...overridden(file.config, overrides) } : file;
}

/** With everything looked at that roles will read as well. */
export async function readForRoles(path: string, overrides: Overrides): Promise<ConfigFile> {
  const file = await readOverridden(path, overrides);
  if (!file.ok) return file;
  const opened = await openKeyring(file.config);
  const withKeys = opened.ok ? [] : [opened.problem];
  const problems = [...withKeys, ...(await fileProblems(file.config.registry))];
  return problems.length === 0 ? file : { ok: false, problems };
}

export async function configOf({ config: path, logLevel: level }: Common): Promise<Config> {
  return configIn(path, await readOverridden(path, { level }));
}

/** Throws all problems as one error for people. */
export function configIn(path: string, file: ConfigFile): Config {
  if (file.ok) return file.config;
  throw wrong(path, file.problems);
}

function wrong(path: string, problems: readonly Problem[]): StartError {
  const lines = problems.map(({ message }) => `  ${message}\n`);
  const message = `${path}: ${counted(lines.length, 'problem')}\n${lines.join('')}`.trimEnd();
  return new StartError(message, 2);
}

/** Throws StartError: a key file that cannot be used, or an address that nothing protects. */
export async function keyringFor(
  { config: path }: Common,
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

/** `timeout`: milliseconds for one call. Throws StartError if there is no control to ask. */
export async function clientOf(given: Common, timeout?: number): Promise<ControlClient> {
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
    ...(timeout === undefined ? {} : { timeout }),
  });
}
