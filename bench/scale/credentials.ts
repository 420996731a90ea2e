import { readFileSync } from 'node:fs';
import type { KeyPair } from '../../src/security/key-pair.js';
import type { Credentials } from '../../src/security/keyring.js';

/** Of a key file that all processes of the bench share. */
export function credentialsIn(file: string): Credentials {
  const own = JSON.parse(readFileSync(file, 'utf8')) as KeyPair;
  return { own, believed: [own.publicKey] };
}
