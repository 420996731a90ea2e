/** What is kept of an answer to compare it with another: never a large body. */
import { createHash } from 'node:crypto';
import { valuesOf } from '../../src/http/fields.js';
import type { AnswerFraming, AnswerHead } from '../../src/http/message.js';
import { parsedJson, type Json } from './json.js';
import { steadyFields } from './volatile-fields.js';

/** Bytes of a body that are looked at: a body that is longer is not buffered for comparison. */
export const COMPARED_BYTES = 65_536;

export interface Comparable {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body:
    /** All of a small body, or the first bytes of one whose length nobody declared. */
    | { readonly kind: 'read'; readonly digest: string; readonly json: Json | undefined }
    | { readonly kind: 'declared'; readonly bytes: number };
}

/** How many bytes of the body must be here before the answer can be compared; its end is enough. */
export function bytesToCompare(framing: AnswerFraming, limit = COMPARED_BYTES): number {
  switch (framing.kind) {
    case 'none':
    case 'tunnel':
      return 0;
    case 'length':
      return framing.bytes > limit ? 0 : framing.bytes;
    case 'chunked':
    case 'close':
      return limit;
  }
}

/** `received`: of the body, at least `bytesToCompare` or all of it. */
export function comparable(
  head: AnswerHead,
  framing: AnswerFraming,
  received: Buffer,
  limit = COMPARED_BYTES,
): Comparable {
  const fields = steadyFields(head, framing.kind === 'none');
  const { status } = head;
  if (framing.kind === 'length' && framing.bytes > limit) {
    return { status, fields, body: { kind: 'declared', bytes: framing.bytes } };
  }
  const bytes = received.subarray(0, limit);
  const digest = createHash('sha256').update(bytes).digest('base64');
  return { status, fields, body: { kind: 'read', digest, json: jsonOf(head, bytes) } };
}

export const JSON_TYPE = /^application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i;

/** Undefined also where only the beginning is here: a part of a JSON text is none. */
function jsonOf(head: AnswerHead, bytes: Buffer): Json | undefined {
  const isJson = JSON_TYPE.test(valuesOf(head, 'content-type')[0] ?? '');
  const isCoded = valuesOf(head, 'content-encoding').length > 0;
  return isJson && !isCoded ? parsedJson(bytes) : undefined;
}
