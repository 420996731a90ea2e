/**
 * The session as the value of our cookie: `1.` and 72 characters of base64url, so the length is fixed
 * and every session has one spelling only. Any worker that has the key recognises it; unsigned it is
 * never believed.
 *
 *     bytes   0–15  session id
 *            16–31  version id, a uuid
 *            32–35  last seen, seconds since 1970, big-endian (until 2106)
 *            36–37  bucket, in 65,536ths
 *            38–53  the first half of HMAC-SHA256 over `1.` and all bytes before it
 */
import { timingSafeEqual } from 'node:crypto';
import { sessionId, versionId, type SessionId, type VersionId } from '../../src/kernel/ids.js';
import { HmacKey } from './hmac.js';
import type { Session } from './session.js';

export interface Key {
  readonly secret: Buffer;
}

/** A session that was signed by one of the keys. */
export interface Recognised {
  readonly session: Session;
  /** Whether it was the first one, which signs now: otherwise the cookie wants to be set anew. */
  readonly isCurrentKey: boolean;
}

export const COOKIE = 'cutover';

const FORMAT = '1.';
const ID_BYTES = 16;
const VERSION_AT = ID_BYTES;
const LAST_SEEN_AT = VERSION_AT + 16;
const BUCKET_AT = LAST_SEEN_AT + 4;
const MAC_AT = BUCKET_AT + 2;
/** 128 bits: nobody guesses them, and half the digest says nothing about the other half (RFC 2104 §5). */
const MAC_BYTES = 16;
const BYTES = MAC_AT + MAC_BYTES;
/** A multiple of three bytes fills its characters: no padding, and no bits that could vary unseen. */
const LENGTH = FORMAT.length + (BYTES / 3) * 4;

const SHAPE = /^1\.[\w-]+$/; // Buffer.from skips foreign characters, and takes + and / for - and _
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const BUCKETS = 2 ** 16;
/** 16 bytes in the one spelling that we write: the last character has four bits that must be zero. */
const ID = /^[\w-]{21}[AQgw]$/;

/** The id of a new session, from 16 random bytes. */
export function sessionIdOf(random: Uint8Array): SessionId {
  if (random.length !== ID_BYTES) throw new RangeError(`a session id has ${ID_BYTES} bytes`);
  return sessionId(Buffer.from(random).toString('base64url'));
}

/** The bucket that the cookie can carry, at or below this one: a client must not change its bucket. */
export const carriedBucket = (bucket: number): number => Math.floor(bucket * BUCKETS) / BUCKETS;

/** Whether the cookie can name it: REST makes no other ids. */
export const canName = (id: VersionId): boolean => UUID.test(id);

/** The value of the cookie. Throws if a field is none that this format can carry: that is our fault. */
export function signed(session: Session, keys: readonly Key[]): string {
  const [key] = keys;
  if (key === undefined) throw new RangeError('there is no key to sign with');
  const bytes = Buffer.allocUnsafe(BYTES); // every byte is written
  writeId(bytes, session.id);
  writeVersion(bytes, session.version);
  bytes.writeUInt32BE(session.lastSeen, LAST_SEEN_AT);
  bytes.writeUInt16BE(Math.floor(session.bucket * BUCKETS), BUCKET_AT);
  macOf(bytes.subarray(0, MAC_AT), key).copy(bytes, MAC_AT);
  return FORMAT + bytes.toString('base64url');
}

/** Undefined: not signed by us, or in no form that we write. Never throws. */
export function sessionIn(value: string, keys: readonly Key[]): Session | undefined {
  return recognised(value, keys)?.session;
}

/** The same, and whether it was signed by the key that signs now. */
export function recognised(value: string, keys: readonly Key[]): Recognised | undefined {
  if (value.length !== LENGTH || !SHAPE.test(value)) return undefined;
  const bytes = Buffer.from(value.slice(FORMAT.length), 'base64url');
  const [fields, mac] = [bytes.subarray(0, MAC_AT), bytes.subarray(MAC_AT)];
  const at = keys.findIndex(key => timingSafeEqual(macOf(fields, key), mac));
  return at < 0 ? undefined : { session: sessionOf(fields), isCurrentKey: at === 0 };
}

function sessionOf(fields: Buffer): Session {
  return {
    id: sessionIdOf(fields.subarray(0, VERSION_AT)),
    version: uuidOf(fields.toString('hex', VERSION_AT, LAST_SEEN_AT)),
    lastSeen: fields.readUInt32BE(LAST_SEEN_AT),
    bucket: fields.readUInt16BE(BUCKET_AT) / BUCKETS,
  };
}

const uuidOf = (hex: string): VersionId =>
  versionId(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));

function writeId(to: Buffer, id: SessionId): void {
  if (!ID.test(id)) throw new TypeError(`not a session id: ${id}`);
  to.write(id, 0, ID_BYTES, 'base64url');
}

function writeVersion(to: Buffer, id: VersionId): void {
  let bytes = versions.get(id);
  if (bytes === undefined) {
    if (!canName(id)) throw new TypeError(`not a uuid in lower case: ${id}`);
    bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
    if (versions.size >= MOST_VERSIONS) versions.clear();
    versions.set(id, bytes);
  }
  to.set(bytes, VERSION_AT);
}

/** As the cookie carries them: there are few, and each is written for every new session. */
const versions = new Map<VersionId, Buffer>();
const MOST_VERSIONS = 256;

/** Each is padded once. */
const hmacKeys = new WeakMap<Key, HmacKey>();

function hmacKeyOf(key: Key): HmacKey {
  const known = hmacKeys.get(key);
  if (known !== undefined) return known;
  const made = new HmacKey(key.secret);
  hmacKeys.set(key, made);
  return made;
}

/** What is signed, one at a time. */
const signedBytes = Buffer.concat([Buffer.from(FORMAT), Buffer.alloc(MAC_AT)]);

function macOf(fields: Buffer, key: Key): Buffer {
  signedBytes.set(fields, FORMAT.length);
  return Buffer.from(hmacKeyOf(key).sign(signedBytes).slice(0, MAC_BYTES), 'latin1');
}
