/** Verbs about files, for which nothing must run. */
import type { Config } from '../config/config.js';
import { summary } from '../config/summary.js';
import { StartError } from '../kernel/start-error.js';
import { registryPlace } from '../registry/place.js';
import { KeyFileError, writeKeyFile } from '../security/key-file.js';
import { configIn, readForRoles } from './configured.js';
import { stateFolders } from './surroundings.js';
import type { Common } from './verb.js';

export async function check({
  config: path,
  logLevel: level,
  json,
}: Common & { readonly json: boolean }): Promise<void> {
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

export async function keygen({ file }: { readonly file: string }): Promise<void> {
  try {
    const publicKey = await writeKeyFile(file);
    process.stdout.write(`${file}: a new key pair\npublic key: ${publicKey}\n`);
  } catch (cause) {
    if (!(cause instanceof KeyFileError)) throw cause;
    throw new StartError(`${file}: ${cause.message}`, 1, { cause });
  }
}
