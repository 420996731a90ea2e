/** What is kept of two answers that differed, for somebody to look at: a little, and without secrets. */
import { isHopByHop } from '../../src/http/field-rules.js';
import { valuesOf } from '../../src/http/fields.js';
import type { AnswerFraming, AnswerHead } from '../../src/http/message.js';
import {
  LONGEST_BODY,
  LONGEST_NAME,
  LONGEST_PLACE,
  LONGEST_VALUE,
  MOST_FIELDS_KEPT,
  MOST_PLACES_KEPT,
  type Excerpt,
  type Pair,
} from '../../src/verdict/pair.js';
import { COMPARED_BYTES, JSON_TYPE } from './comparable.js';
import { parsedJson } from './json.js';
import {
  fieldWithoutSecrets,
  jsonWithoutSecrets,
  placeWithoutSecrets,
  textWithoutSecrets,
} from './secrets.js';

/** An answer as far as it has been read. */
export interface Read {
  readonly head: AnswerHead;
  readonly framing: AnswerFraming;
  readonly body: Buffer;
}

/** Characters that are shown before the first difference. */
const BEFORE = 512;
/** Characters: JSON that is laid out anew may become much longer than it was. */
const LONGEST_LAYOUT = 4 * COMPARED_BYTES;

/** `where`: as `agreement` names places. */
export function pairOf(newer: Read, older: Read, where: readonly string[]): Pair {
  const [text, other] = [textOf(newer), textOf(older)];
  const begin = beginOf(text ?? '', other ?? '', text !== undefined && other !== undefined);
  const differing = new Set(where.filter(isField).map(place => place.slice(FIELD.length)));
  return {
    where: [...new Set(where.map(placeShown))].slice(0, MOST_PLACES_KEPT),
    newer: excerpt(newer, differing, text, begin),
    older: excerpt(older, differing, other, begin),
  };
}

const FIELD = 'field:';
const isField = (place: string) => place.startsWith(FIELD);

/** `field:content-type` as `content-type`, and `body/name` as `/name`. */
function placeShown(place: string): string {
  const shown = isField(place) ? place.slice(FIELD.length) : place.replace(/^body(?=\/)/, '');
  const named = shown.startsWith('/') ? placeWithoutSecrets(shown) : shown;
  return whole(named.slice(0, LONGEST_PLACE));
}

function excerpt(
  { head, framing, body }: Read,
  differing: ReadonlySet<string>,
  text: string | undefined,
  begin: number,
): Excerpt {
  return {
    status: head.status,
    fields: fieldsOf(head, differing),
    ...(text !== undefined && { body: whole(text.slice(begin, begin + LONGEST_BODY)) }),
    skipped: Math.min(begin, text?.length ?? 0),
    bytes: framing.kind === 'length' ? framing.bytes : body.length,
  };
}

/** In their order; where there are too many, those that differ stay. */
function fieldsOf({ fields }: AnswerHead, differing: ReadonlySet<string>): Excerpt['fields'] {
  const lines = fields
    .filter(([name]) => !isHopByHop(name))
    .map(([name, value], at) => ({ name: name.toLowerCase(), value, at }));
  return lines
    .toSorted(
      (a, b) => Number(differing.has(b.name)) - Number(differing.has(a.name)) || a.at - b.at,
    )
    .slice(0, MOST_FIELDS_KEPT)
    .toSorted((a, b) => a.at - b.at)
    .map(({ name, value }) => [
      name.slice(0, LONGEST_NAME),
      whole(fieldWithoutSecrets(name, value).slice(0, LONGEST_VALUE)),
    ]);
}

const TEXT =
  /^(?:text\/|[a-z]+\/(?:[^;\s/]+\+)?(?:json|xml)\b|application\/(?:x-)?(?:javascript|yaml|graphql|www-form-urlencoded)\b)/i;

/** Undefined: it is none, or we cannot read it. */
function textOf({ head, body }: Read): string | undefined {
  const [type = ''] = valuesOf(head, 'content-type');
  if (!TEXT.test(type) || valuesOf(head, 'content-encoding').length > 0) return undefined;
  const bytes = body.subarray(0, COMPARED_BYTES);
  const json = JSON_TYPE.test(type) ? parsedJson(bytes) : undefined;
  if (json !== undefined) return jsonWithoutSecrets(json, LONGEST_LAYOUT);
  const text = decoded(bytes, /charset\s*=\s*"?([\w-]{1,40})/i.exec(type)?.[1]);
  return text === undefined ? undefined : textWithoutSecrets(text);
}

/** Undefined: nobody knows these characters. */
function decoded(bytes: Uint8Array, charset = 'utf-8'): string | undefined {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

/** Where both excerpts begin: before it there is no difference. At a line's beginning, if one is near. */
function beginOf(a: string, b: string, isBoth: boolean): number {
  if (!isBoth) return 0;
  let first = 0;
  while (first < a.length && a[first] === b[first]) first += 1;
  if (first === a.length && first === b.length) return 0; // they differ elsewhere
  const least = Math.max(0, first - BEFORE);
  if (least === 0) return 0;
  const line = a.indexOf('\n', least - 1) + 1;
  return line > 0 && line <= first ? line : least;
}

/** Not cut in the middle of a character that takes two. */
const whole = (text: string): string =>
  text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '\ufffd');
