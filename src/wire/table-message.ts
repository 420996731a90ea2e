/**
 * What control and its followers say to each other: one message each, `[version, kind, …]` in msgpack.
 * A follower is asked who it is (`stranger`), says `follow`, gets the `table`, and acknowledges its edition.
 */
// Not 'msgpackr' itself: see batch.ts.
import { Packr, Unpackr } from 'msgpackr/pack';
import { CutoverError } from '../kernel/errors.js';
import type { RoutingTable } from '../versions/routing-table.js';
import { tableSchema } from '../versions/table-schema.js';

export const TABLE_WIRE_VERSION = 1;

/** `edition`: of the table that the follower has; 0: none that control has given it. */
export type FromFollower =
  | { readonly kind: 'follow'; readonly name: string; readonly edition: number }
  | { readonly kind: 'acknowledge'; readonly edition: number }
  | { readonly kind: 'beat' };

export type FromControl =
  | { readonly kind: 'stranger' }
  | { readonly kind: 'table'; readonly table: RoutingTable }
  | { readonly kind: 'beat' };

const packer = new Packr({ useRecords: false });
const unpacker = new Unpackr({ useRecords: false });

export const encodeMessage = (message: FromFollower | FromControl): Buffer =>
  packer.pack([TABLE_WIRE_VERSION, message.kind, ...fieldsOf(message)]);

function fieldsOf(message: FromFollower | FromControl): readonly unknown[] {
  switch (message.kind) {
    case 'follow':
      return [message.name, message.edition];
    case 'acknowledge':
      return [message.edition];
    case 'table':
      return [message.table];
    case 'stranger':
    case 'beat':
      return [];
  }
}

/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export function decodeFromFollower(packed: Uint8Array): FromFollower {
  const [kind, first, second, ...more] = fields(packed);
  if (more.length > 0) throw malformed();
  if (kind === 'beat' && first === undefined) return { kind };
  if (kind === 'acknowledge' && isEdition(first) && second === undefined) {
    return { kind, edition: first };
  }
  if (kind === 'follow' && isName(first) && isEdition(second)) {
    return { kind, name: first, edition: second };
  }
  throw malformed();
}

/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export function decodeFromControl(packed: Uint8Array): FromControl {
  const [kind, value, ...more] = fields(packed);
  if (more.length > 0) throw malformed();
  if ((kind === 'stranger' || kind === 'beat') && value === undefined) return { kind };
  if (kind !== 'table') throw malformed();
  const { success, data } = tableSchema.safeParse(value);
  if (!success) throw malformed();
  return { kind, table: data };
}

const isEdition = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.-]{1,128}$/.test(value);

function fields(packed: Uint8Array): readonly unknown[] {
  const message = unpacked(packed);
  if (!Array.isArray(message)) throw malformed();
  const [version, ...rest] = message as readonly unknown[];
  if (version === TABLE_WIRE_VERSION) return rest;
  const theirs = Number.isSafeInteger(version) ? String(version) : 'unknown';
  throw new CutoverError(
    'ERR_WIRE_VERSION',
    `the peer speaks version ${theirs} of control's protocol, we speak ${TABLE_WIRE_VERSION}: ` +
      'run the same release of Cutover on both sides',
  );
}

function unpacked(packed: Uint8Array): unknown {
  try {
    return unpacker.unpack(packed);
  } catch (cause) {
    throw malformed(cause);
  }
}

const malformed = (cause?: unknown) =>
  new CutoverError('ERR_WIRE_MALFORMED', "the peer sent something that is not control's protocol", {
    cause,
  });
