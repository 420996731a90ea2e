/** The files that say who we are to etcd, and who it is. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.js';
import { problem, type Problem } from '../config/problems.js';
import { messageOf, systemCodeOf } from '../kernel/errors.js';
import { RegistryError } from './registry.js';

/** All that is wrong with those that the configuration names. */
export async function fileProblems({
  passwordFile,
  tls,
}: FilesConfig): Promise<readonly Problem[]> {
  const found = await Promise.all([
    problemWith('registry.passwordFile', passwordFile, passwordIn),
    problemWith('registry.tls.ca', tls?.ca),
    problemWith('registry.tls.cert', tls?.cert),
    problemWith('registry.tls.key', tls?.key),
  ]);
  return found.filter(each => each !== undefined);
}

type FilesConfig = Pick<Config['registry'], 'passwordFile' | 'tls'>;

async function problemWith(
  option: string,
  path: string | undefined,
  read: (path: string) => Promise<unknown> = each => bytesOf(option, each),
): Promise<Problem | undefined> {
  if (path === undefined) return undefined;
  try {
    await read(path);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    const found = problem(option, 'the path of a file that can be read', JSON.stringify(path));
    return { ...found, message: cause.because };
  }
}

/** Rejects with a RegistryError, as the next one. */
export async function passwordIn(path: string): Promise<string> {
  const file = await bytesOf('registry.passwordFile', path);
  const password = file.toString('utf8').replace(/\r?\n$/, '');
  if (password === '') throw unusable('registry.passwordFile', path, 'it is empty');
  return password;
}

/** Of a certificate, a key or a password. */
const LARGEST_FILE = 1024 * 1024;

export async function bytesOf(option: string, path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unusable(option, path, reasons[systemCodeOf(cause) ?? ''] ?? messageOf(cause));
  });
  if (bytes.length > LARGEST_FILE) throw unusable(option, path, 'it is far too large');
  return bytes;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'a directory',
};

const unusable = (option: string, path: string, because: string) =>
  new RegistryError('unavailable', `${option}: ${path} cannot be used: ${because}`);
