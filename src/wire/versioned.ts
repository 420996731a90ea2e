/**
 * How every message of ours is packed: an array in msgpack whose first item is the version of its
 * protocol, so that old and new processes can tell each other apart while Cutover itself is upgraded.
 */
// Not 'msgpackr' itself: that loads a native helper whose lengths overflow, and one malformed message
// would hang the process in it for ever. This is JavaScript, and as fast for what we send.
import { Packr, Unpackr } from 'msgpackr/pack';
import { CutoverError } from '../kernel/errors.js';

// Records would make one message depend on those before it; a message must stand alone.
const packer = new Packr({ useRecords: false });
const unpacker = new Unpackr({ useRecords: false });

export const pack = (message: readonly unknown[]): Buffer => packer.pack(message);

export interface Protocol {
  readonly version: number;
  /** What it is called in errors: "the … protocol". */
  readonly name: string;
  /** What a message is, in errors: "something that is no …". */
  readonly message: string;
}

/** What stands behind the version. Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export function unpack(packed: Uint8Array, protocol: Protocol): readonly unknown[] {
  const message = unpacked(packed, protocol);
  if (!Array.isArray(message) || message.length === 0) throw malformed(protocol);
  const [version, ...rest] = message as readonly unknown[];
  if (version === protocol.version) return rest;
  const theirs = Number.isSafeInteger(version) ? String(version) : 'unknown';
  throw new CutoverError(
    'ERR_WIRE_VERSION',
    `the peer speaks version ${theirs} of the ${protocol.name} protocol, we speak ${protocol.version}: ` +
      'run the same release of Cutover on both sides',
  );
}

function unpacked(packed: Uint8Array, protocol: Protocol): unknown {
  try {
    return unpacker.unpack(packed);
  } catch (cause) {
    throw malformed(protocol, cause);
  }
}

export const malformed = ({ message }: Protocol, cause?: unknown) =>
  new CutoverError('ERR_WIRE_MALFORMED', `the peer sent something that is no ${message}`, {
    cause,
  });
