/**
 * What control and its followers say to each other: one message each, `[version, message]` in msgpack.
 * A follower is asked who it is (`stranger`), says `follow`, gets the `table`, and acknowledges its edition.
 */
import { z } from 'zod';
import type { Share, VersionId } from '../kernel/ids.js';
import type { RoutingTable } from '../versions/routing-table.js';
import { tableSchema } from '../versions/table-schema.js';
import type { Measures } from './measures.js';
import { measuresSchema } from './measures-schema.js';
import { progressSchema, reportSchema, wireShare, wireVersionId } from './report-schema.js';
import { LONGEST_REPORT, REPORT, type Progress, type WorkerReport } from './report.js';
import type { Shared, Standing } from './shared.js';
import { sharedSchema, standingSchema } from './shared-schema.js';
import { malformed, pack, unpack, type Protocol } from './versioned.js';

export const CONTROL_WIRE_VERSION = 4;

const protocol: Protocol = {
  version: CONTROL_WIRE_VERSION,
  name: 'control',
  message: 'message of control or its followers',
};

export type FromFollower =
  | Follow
  | { readonly kind: 'acknowledge'; readonly edition: number }
  | { readonly kind: 'report'; readonly report: WorkerReport }
  | { readonly kind: 'measures'; readonly measures: Measures }
  | { readonly kind: 'standing'; readonly standing: Standing }
  | { readonly kind: 'beat' };

export interface Follow {
  readonly kind: 'follow';
  readonly role: FollowerRole;
  readonly name: string;
  /** Of the table that it has; 0: none. */
  readonly edition: number;
  /** How far it knows the upgrade under way to be: more, perhaps, than a control that was away. */
  readonly progress: { readonly version: VersionId; readonly share: Share } | undefined;
}

export type FollowerRole = 'worker' | 'frontend';

export type FromControl =
  | { readonly kind: 'stranger' }
  | TableMessage
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'shared'; readonly shared: Shared }
  | ControlBeat;

export interface ControlBeat {
  readonly kind: 'beat';
  /** Milliseconds between two reports of a worker, where the usual ones of all would be too many. */
  readonly every?: number | undefined;
}

export interface TableMessage {
  readonly kind: 'table';
  readonly table: RoutingTable;
  /** Base64; the first signs, all are believed. Under one edition they may change. */
  readonly keys: readonly string[];
}

/** As many keys as the configuration may list. */
const MOST_KEYS = 16;
/** 1024 bytes in base64, the longest that the configuration takes; padded or not. */
const KEY = /^[A-Za-z0-9+/]{1,1368}={0,2}$/;

const edition = z.int().min(0);
const beat = z.strictObject({ kind: z.literal('beat') });

const fromFollower: z.ZodType<FromFollower> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('follow'),
    role: z.enum(['worker', 'frontend']),
    name: z.string().regex(/^[\w.-]{1,128}$/),
    edition,
    progress: z.union([
      z.strictObject({ version: wireVersionId, share: wireShare }),
      z.undefined(),
    ]),
  }),
  z.strictObject({ kind: z.literal('acknowledge'), edition }),
  z.strictObject({ kind: z.literal('report'), report: reportSchema }),
  z.strictObject({ kind: z.literal('measures'), measures: measuresSchema }),
  z.strictObject({ kind: z.literal('standing'), standing: standingSchema }),
  beat,
]);

const fromControl: z.ZodType<FromControl> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stranger') }),
  z.strictObject({
    kind: z.literal('table'),
    table: tableSchema,
    keys: z.array(z.string().regex(KEY)).max(MOST_KEYS),
  }),
  z.strictObject({ kind: z.literal('progress'), progress: progressSchema }),
  z.strictObject({ kind: z.literal('shared'), shared: sharedSchema }),
  z.strictObject({
    kind: z.literal('beat'),
    every: z.int().min(REPORT).max(LONGEST_REPORT).optional(),
  }),
]);

export const encodeMessage = (message: FromFollower | FromControl): Buffer =>
  pack([CONTROL_WIRE_VERSION, message]);

/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export const decodeFromFollower = (packed: Uint8Array): FromFollower =>
  decoded(packed, fromFollower);

/** Throws ERR_WIRE_VERSION or ERR_WIRE_MALFORMED. */
export const decodeFromControl = (packed: Uint8Array): FromControl => decoded(packed, fromControl);

function decoded<Message>(packed: Uint8Array, schema: z.ZodType<Message>): Message {
  const [message, ...more] = unpack(packed, protocol);
  const { success, data } = schema.safeParse(message);
  if (!success || more.length > 0) throw malformed(protocol);
  return data;
}
