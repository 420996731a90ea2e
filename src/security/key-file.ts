/** Files with one key pair each: written by `cutover keygen`, read by every role that links use keys for. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../kernel/errors.js';
import { newKeyPair, publicKeyOf, type KeyPair, type PublicKey } from './key-pair.js';

/** Far more than a key pair needs. */
const LARGEST = 4096;
const PRIVATE = 0o600;
const OTHERS = 0o077;

/** What is wrong with a key file, in words for people. Never has anything of its content. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** Writes a new pair to a file that only this user can read. Throws KeyFileError, also where there is one. */
export async function writeKeyFile(path: string): Promise<PublicKey> {
  const pair = newKeyPair();
  try {
    const file = await open(path, 'wx', PRIVATE);
    try {
      await file.writeFile(`${JSON.stringify(pair, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new KeyFileError(`cannot be written: ${reasonOf(cause)}`, { cause });
  }
  return pair.publicKey;
}

/** Throws KeyFileError: not to be read, readable by others, no key pair. */
export async function readKeyFile(path: string): Promise<KeyPair> {
  // Opened once, and asked about itself: what a path means may change between two looks. Whoever names a
  // pipe must not keep us waiting for its other end.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(unreadable);
  try {
    await checkPrivacy(file);
    return pairIn(await file.readFile('utf8').catch(unreadable));
  } finally {
    await file.close();
  }
}

async function checkPrivacy(file: FileHandle): Promise<void> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new KeyFileError('is no plain file');
  if (stat.size > LARGEST) throw new KeyFileError(NO_PAIR);
  if ((stat.mode & OTHERS) === 0) return;
  const mode = (stat.mode & 0o777).toString(8).padStart(3, '0');
  throw new KeyFileError(
    `can be read by others than its owner (mode ${mode}): chmod 600, and make new keys if others may have read it`,
  );
}

const NO_PAIR = 'is no key file as `cutover keygen` writes it';

function pairIn(text: string): KeyPair {
  const { publicKey, secretKey } = fieldsOf(text);
  if (typeof secretKey !== 'string' || typeof publicKey !== 'string') {
    throw new KeyFileError(NO_PAIR);
  }
  if (publicKeyOf(secretKey) !== publicKey) {
    throw new KeyFileError(`${NO_PAIR}: its keys do not belong together`);
  }
  return { publicKey, secretKey };
}

function fieldsOf(text: string): { readonly publicKey?: unknown; readonly secretKey?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    // Its message would show a part of the file.
    throw new KeyFileError(NO_PAIR);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EEXIST: 'there is a file already, and keys are never overwritten',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'no such file or folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENXIO: 'is no plain file',
};

const reasonOf = (cause: unknown): string => reasons[systemCodeOf(cause) ?? ''] ?? messageOf(cause);

function unreadable(cause: unknown): never {
  throw new KeyFileError(`cannot be read: ${reasonOf(cause)}`, { cause });
}
