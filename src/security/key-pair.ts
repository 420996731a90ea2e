import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { fromZ85, toZ85 } from './z85.js';

/** A key of CURVE that everybody may see: 40 characters of Z85. */
export type PublicKey = string;

/** A long-term key pair of CURVE (ZeroMQ RFC 26), both in Z85. */
export interface KeyPair {
  readonly publicKey: PublicKey;
  /** Whoever has it is believed to be us. */
  readonly secretKey: string;
}

/** 32 bytes in Z85. */
export const KEY_CHARACTERS = 40;
const KEY_BYTES = 32;

/** What stands before the 32 bytes of an X25519 secret key in PKCS #8 (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** CURVE keys are points of Curve25519, so Node can make them. */
export function newKeyPair(): KeyPair {
  const { privateKey } = generateKeyPairSync('x25519');
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-KEY_BYTES);
  return { publicKey: publicOf(privateKey), secretKey: toZ85(secret) };
}

/** The public key that belongs to a secret one; undefined: that is no key. */
export function publicKeyOf(secretKey: string): PublicKey | undefined {
  const secret = fromZ85(secretKey);
  if (secret?.length !== KEY_BYTES) return undefined;
  const key = Buffer.concat([PKCS8_PREFIX, secret]);
  return publicOf(createPrivateKey({ key, type: 'pkcs8', format: 'der' }));
}

function publicOf(privateKey: KeyObject): PublicKey {
  const whole = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return toZ85(whole.subarray(-KEY_BYTES));
}

export const isPublicKey = (value: unknown): value is PublicKey =>
  typeof value === 'string' && value.length === KEY_CHARACTERS && fromZ85(value) !== undefined;
