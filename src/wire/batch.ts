/**
 * Envelopes that become ready together travel in one ZeroMQ message: `[version, [envelope, …]]`,
 * packed by msgpack. The version comes first, so that old and new processes can tell each other
 * apart, and refuse each other, while Cutover itself is being upgraded.
 */
import { CONTROL_WIRE_VERSION } from './control-message.js';
import {
  isFromFrontend,
  isFromWorker,
  type Envelope,
  type FromFrontend,
  type FromWorker,
} from './envelope.js';
import { malformed, pack, unpack, type Protocol } from './versioned.js';

/** Of the envelopes alone. */
const ENVELOPES_VERSION = 4;

/**
 * The device carries control's tables as they are, so whoever cannot read these is refused as well: it
 * would serve the versions of its configuration file, while others follow control.
 */
export const WIRE_VERSION = 100 * ENVELOPES_VERSION + CONTROL_WIRE_VERSION;

const protocol: Protocol = {
  version: WIRE_VERSION,
  name: 'device',
  message: 'batch of envelopes',
};

/** Bytes of one ZeroMQ message on the device, at most; a peer that sends more is cut off. */
export const MOST_MESSAGE_BYTES = 8 * 1024 * 1024;

/** A batch is closed once it holds so many bytes of bodies and heads. */
const ENOUGH_BYTES = 256 * 1024;

export const encode = (batch: readonly Envelope[]): Buffer => pack([WIRE_VERSION, batch]);

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
  const [batch, ...more] = unpack(packed, protocol);
  if (Array.isArray(batch) && batch.every(isOurs) && more.length === 0) return batch;
  throw malformed(protocol);
}

/** About how many bytes an envelope takes. */
function weight(envelope: Envelope | undefined): number {
  let sum = 16;
  for (const field of envelope ?? []) {
    if (typeof field === 'string' || field instanceof Uint8Array) sum += field.length;
  }
  return sum;
}
