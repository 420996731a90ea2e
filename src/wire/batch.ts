/**
 * Envelopes that become ready together travel in one ZeroMQ message: `[version, [envelope, …]]`,
 * packed by msgpack. The version comes first, so that old and new processes can tell each other
 * apart, and refuse each other, while Cutover itself is being upgraded.
 */
// Not 'msgpackr' itself: that loads a native helper whose lengths overflow, and one malformed message
// would hang the process in it for ever. This is JavaScript, and as fast for what we send.
import { Packr, Unpackr } from 'msgpackr/pack';
import { CutoverError } from '../kernel/errors.js';
import {
  isFromFrontend,
  isFromWorker,
  type Envelope,
  type FromFrontend,
  type FromWorker,
} from './envelope.js';

export const WIRE_VERSION = 1;

/** Bytes of one ZeroMQ message on the device, at most; a peer that sends more is cut off. */
export const MOST_MESSAGE_BYTES = 8 * 1024 * 1024;

/** A batch is closed once it holds so many bytes of bodies and heads. */
const ENOUGH_BYTES = 256 * 1024;

// Records would make one message depend on those before it; a message must stand alone.
const packer = new Packr({ useRecords: false });
const unpacker = new Unpackr({ useRecords: false });

export const encode = (batch: readonly Envelope[]): Buffer => packer.pack([WIRE_VERSION, batch]);

/** As few messages as the size of what they carry allows, in order. */
export function encodeAll(envelopes: readonly Envelope[]): Buffer[] {
  const messages: Buffer[] = [];
  let begin = 0;
  let size = 0;
  for (let at = 0; at < envelopes.length; at++) {
    size += weight(envelopes[at]);
    if (size < ENOUGH_BYTES) continue;
    messages.push(encode(envelopes.slice(begin, at + 1)));
    begin = at + 1;
    size = 0;
  }
  if (begin === 0) return envelopes.length > 0 ? [encode(envelopes)] : [];
  if (begin < envelopes.length) messages.push(encode(envelopes.slice(begin)));
  return messages;
}

/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export const decodeFromWorker = (packed: Uint8Array): readonly FromWorker[] =>
  decoded(packed, isFromWorker);
/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export const decodeFromFrontend = (packed: Uint8Array): readonly FromFrontend[] =>
  decoded(packed, isFromFrontend);

function decoded<Kind extends Envelope>(
  packed: Uint8Array,
  isOurs: (value: unknown) => value is Kind,
): readonly Kind[] {
  const message = unpacked(packed);
  if (!Array.isArray(message) || message.length !== 2) throw malformed();
  const [version, batch] = message as unknown[];
  if (version !== WIRE_VERSION) {
    const theirs = Number.isSafeInteger(version) ? String(version) : 'unknown';
    throw new CutoverError(
      'ERR_WIRE_VERSION',
      `the peer speaks version ${theirs} of the device protocol, we speak ${WIRE_VERSION}: ` +
        'run the same release of Cutover on both sides',
    );
  }
  if (Array.isArray(batch) && batch.every(isOurs)) return batch;
  throw malformed();
}

function unpacked(packed: Uint8Array): unknown {
  try {
    return unpacker.unpack(packed);
  } catch (cause) {
    throw malformed(cause);
  }
}

const malformed = (cause?: unknown) =>
  new CutoverError('ERR_WIRE_MALFORMED', 'the peer sent something that is no batch of envelopes', {
    cause,
  });

/** About how many bytes an envelope takes. */
function weight(envelope: Envelope | undefined): number {
  let sum = 16;
  for (const field of envelope ?? []) {
    if (typeof field === 'string' || field instanceof Uint8Array) sum += field.length;
  }
  return sum;
}
