import type { Config } from '../config/config.js';
import { problem, type Problem } from '../config/problems.js';
import { KeyFileError, readKeyFile } from './key-file.js';
import type { KeyPair, PublicKey } from './key-pair.js';

/** What one end of a link shows, and whose keys it takes for those of the other end. */
export interface Credentials {
  readonly own: KeyPair;
  /** One at least, each once. */
  readonly believed: readonly PublicKey[];
}

/** A process's credentials for each kind of link that it may have. */
export interface Keyring {
  /** A frontend's, for the workers that connect to its device. */
  readonly toWorkers: Credentials;
  /** A worker's, for the frontends to which it connects. */
  readonly toFrontends: Credentials;
  /** Control's, for the workers and frontends that follow it. */
  readonly toFollowers: Credentials;
  /** A follower's, for control. */
  readonly toControl: Credentials;
}

export type OpenedKeyring =
  | { readonly ok: true; readonly keyring: Keyring | undefined }
  | { readonly ok: false; readonly problem: Problem };

/** Undefined: `security.key` names no file, and links have no keys. */
export async function openKeyring({ security }: Pick<Config, 'security'>): Promise<OpenedKeyring> {
  if (security.key === undefined) return { ok: true, keyring: undefined };
  try {
    const own = await readKeyFile(security.key);
    return { ok: true, keyring: keyringOf(own, security) };
  } catch (cause) {
    if (!(cause instanceof KeyFileError)) throw cause;
    const expected = 'the path of a file of `cutover keygen` that only its owner can read';
    const found = problem('security.key', expected, JSON.stringify(security.key));
    const message = `security.key: ${security.key} ${cause.message}`;
    return { ok: false, problem: { ...found, message } };
  }
}

/** Where no keys are named for a role, it has the same as we. */
export function keyringOf(own: KeyPair, security: Omit<Config['security'], 'key'>): Keyring {
  const of = (...lists: readonly (readonly PublicKey[] | undefined)[]): Credentials => ({
    own,
    believed: [...new Set(lists.flatMap(list => list ?? [own.publicKey]))],
  });
  const { frontends, workers, control } = security;
  return {
    toWorkers: of(workers),
    toFrontends: of(frontends),
    toFollowers: of(workers, frontends),
    toControl: of(control),
  };
}
