/** What has been read of an answer, in one value. */
import type { AnswerReader } from '../src/http/answer-reader.js';
import type { AnswerHead, AnswerPart } from '../src/http/message.js';

export interface Parts {
  readonly interim: readonly AnswerHead[];
  readonly head: Extract<AnswerPart, { kind: 'head' }> | undefined;
  readonly body: Buffer;
  readonly end: Extract<AnswerPart, { kind: 'end' }> | undefined;
}

const nothing = Buffer.alloc(0);
const noInterim: readonly AnswerHead[] = [];

/** All that can be read now: a small answer is whole at once, and travels in one envelope. */
export function partsOf(reader: AnswerReader): Parts {
  let interim: AnswerHead[] | undefined;
  const bodies: Buffer[] = [];
  let head: Parts['head'];
  let end: Parts['end'];
  for (let part = reader.next(); part !== undefined; part = reader.next()) {
    if (part.kind === 'body') bodies.push(part.bytes);
    else if (part.kind === 'head') head = part;
    else if (part.kind === 'interim') (interim ??= []).push(part.head);
    else {
      end = part;
      break;
    }
  }
  return { interim: interim ?? noInterim, head, body: whole(bodies), end };
}

/** What came later, behind what was there before. */
export const plus = (before: Parts, after: Parts): Parts => ({
  interim: after.interim.length === 0 ? before.interim : [...before.interim, ...after.interim],
  head: before.head ?? after.head,
  body: whole([before.body, after.body].filter(({ length }) => length > 0)),
  end: after.end,
});

function whole(pieces: readonly Buffer[]): Buffer {
  const [first, second] = pieces;
  if (first === undefined) return nothing;
  return second === undefined ? first : Buffer.concat(pieces);
}
