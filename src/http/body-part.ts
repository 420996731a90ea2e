/** What a body is read into, whatever its framing. */
import type { RequestPart } from './message.js';
import type { ReceiveBuffer } from './receive-buffer.js';

export type BodyPart = Exclude<RequestPart, { readonly kind: 'head' }>;

export interface BodyReader {
  /** What has arrived, and `end` behind it; undefined: more bytes are needed. */
  next(from: ReceiveBuffer): BodyPart | undefined;
  /** The end of the connection is the end of the body, not a cut. */
  readonly endsWithConnection: boolean;
}

export const END: BodyPart = { kind: 'end', trailers: [] };
