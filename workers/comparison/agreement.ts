/**
 * Whether two answers to one request agree. A place is named `status`, `field:content-type`, `body`, or
 * `body` and a JSON Pointer (`body/name`): never with a value, because values can be secrets.
 */
import type { Comparable } from './comparable.js';
import { addDifferences, ignoredBy, type Ignored } from './json-differences.js';

export type Agreement =
  | { readonly kind: 'equal' }
  /** The first places, at most MOST_PLACES. */
  | { readonly kind: 'different'; readonly where: readonly string[] };

export const MOST_PLACES = 20;
export const MOST_NOISE = 256;

/** What the operator has declared to be no difference. */
export interface Declared {
  /** Names of fields, in any case. */
  readonly fields: readonly string[];
  /** JSON Pointers, RFC 6901, with `*` for every item of an array. */
  readonly pointers: readonly string[];
}

/**
 * Places where two servers of the stable version answered differently: a difference there is no
 * evidence. It belongs to one kind of request: on another route the same place may mean something.
 */
export type Noise = ReadonlySet<string>;

export const noNoise: Noise = new Set();

/** Declared and learned, made ready once for many comparisons. */
export interface Tolerance {
  readonly fields: ReadonlySet<string>;
  readonly body: Ignored;
}

export function tolerance(declared: Declared, noise: Noise = noNoise): Tolerance {
  const places = [...noise];
  return {
    fields: new Set([
      ...declared.fields.map(name => name.toLowerCase()),
      ...behind(places, 'field:'),
    ]),
    body: ignoredBy([...declared.pointers, ...behind(places, 'body')]),
  };
}

const behind = (places: readonly string[], start: string) =>
  places.filter(place => place.startsWith(start)).map(place => place.slice(start.length));

export function agreement(a: Comparable, b: Comparable, tolerated: Tolerance): Agreement {
  const where = [
    ...(a.status === b.status ? [] : ['status']),
    ...fieldDifferences(a, b, tolerated),
    ...bodyDifferences(a.body, b.body, tolerated.body),
  ].slice(0, MOST_PLACES);
  return where.length === 0 ? { kind: 'equal' } : { kind: 'different', where };
}

/**
 * Noise and what two servers of the stable version just disagreed about. Where their status differs one
 * of them failed: that an error page is another page must not make us blind to other pages.
 */
export function learned(noise: Noise, between: Agreement): Noise {
  if (between.kind === 'equal' || between.where.includes('status')) return noise;
  const added = between.where.filter(place => !noise.has(place));
  const room = MOST_NOISE - noise.size;
  return added.length === 0 || room <= 0 ? noise : new Set([...noise, ...added.slice(0, room)]);
}

function fieldDifferences(a: Comparable, b: Comparable, { fields }: Tolerance): readonly string[] {
  return [...new Set([...a.fields.keys(), ...b.fields.keys()])]
    .filter(name => !fields.has(name) && a.fields.get(name) !== b.fields.get(name))
    .toSorted()
    .map(name => `field:${name}`);
}

function bodyDifferences(
  a: Comparable['body'],
  b: Comparable['body'],
  ignored: Ignored,
): readonly string[] {
  if (ignored.isWhole || isSameBody(a, b)) return [];
  if (a.kind !== 'read' || b.kind !== 'read' || a.json === undefined || b.json === undefined) {
    return ['body'];
  }
  const found = new Set<string>();
  addDifferences([a.json, b.json], [ignored], { found, most: MOST_PLACES });
  return [...found].map(pointer => `body${pointer}`);
}

function isSameBody(a: Comparable['body'], b: Comparable['body']): boolean {
  if (a.kind === 'declared') return b.kind === 'declared' && a.bytes === b.bytes;
  return b.kind === 'read' && a.digest === b.digest;
}
