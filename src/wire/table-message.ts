/**
 * What control and its followers say to each other: one message each, `[version, kind, …]` in msgpack.
 * A follower is asked who it is (`stranger`), says `follow`, gets the `table`, and acknowledges its edition.
 */
import type { RoutingTable } from '../versions/routing-table.js';
import { tableSchema } from '../versions/table-schema.js';
import { malformed, pack, unpack, type Protocol } from './versioned.js';

export const TABLE_WIRE_VERSION = 1;

const protocol: Protocol = {
  version: TABLE_WIRE_VERSION,
  name: 'control',
  message: 'message of control or its followers',
};

/** `edition`: of the table that the follower has; 0: none that control has given it. */
export type FromFollower =
  | { readonly kind: 'follow'; readonly name: string; readonly edition: number }
  | { readonly kind: 'acknowledge'; readonly edition: number }
  | { readonly kind: 'beat' };

export type FromControl =
  | { readonly kind: 'stranger' }
  | { readonly kind: 'table'; readonly table: RoutingTable }
  | { readonly kind: 'beat' };

export const encodeMessage = (message: FromFollower | FromControl): Buffer =>
  pack([TABLE_WIRE_VERSION, message.kind, ...fieldsOf(message)]);

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
  const [kind, first, second, ...more] = unpack(packed, protocol);
  if (more.length > 0) throw malformed(protocol);
  if (kind === 'beat' && first === undefined) return { kind };
  if (kind === 'acknowledge' && isEdition(first) && second === undefined) {
    return { kind, edition: first };
  }
  if (kind === 'follow' && isName(first) && isEdition(second)) {
    return { kind, name: first, edition: second };
  }
  throw malformed(protocol);
}

/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export function decodeFromControl(packed: Uint8Array): FromControl {
  const [kind, value, ...more] = unpack(packed, protocol);
  if (more.length > 0) throw malformed(protocol);
  if ((kind === 'stranger' || kind === 'beat') && value === undefined) return { kind };
  if (kind !== 'table') throw malformed(protocol);
  const { success, data } = tableSchema.safeParse(value);
  if (!success) throw malformed(protocol);
  return { kind, table: data };
}

const isEdition = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w.-]{1,128}$/.test(value);
