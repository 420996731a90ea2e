/** Two answers to one request, made ready to be read side by side. */
import type { Excerpt, Pair } from '../../../src/control/live.js';
import { folded, rowsOf, wordParts, type LeftOut, type Part, type Row } from './diff.js';

export interface FieldRow {
  readonly name: string;
  /** Undefined: that answer has no such field. */
  readonly older: readonly Part[] | undefined;
  readonly newer: readonly Part[] | undefined;
  readonly differs: boolean;
}

export interface ComparedPair {
  readonly statusDiffers: boolean;
  /** By name; those that differ first. */
  readonly fields: readonly FieldRow[];
  /** Undefined: neither has text that could be shown. Older on the left. */
  readonly body: readonly (Row | LeftOut)[] | undefined;
}

export function compared({ older, newer }: Pair): ComparedPair {
  return {
    statusDiffers: older.status !== newer.status,
    fields: fieldRows(older, newer),
    body:
      older.body === undefined && newer.body === undefined
        ? undefined
        : folded(rowsOf(...readable(older, newer))),
  };
}

function fieldRows(older: Excerpt, newer: Excerpt): readonly FieldRow[] {
  const names = new Set([...older.fields, ...newer.fields].map(([name]) => name));
  return [...names]
    .map(name => fieldRow(name, valueOf(older, name), valueOf(newer, name)))
    .toSorted((a, b) => Number(b.differs) - Number(a.differs) || (a.name < b.name ? -1 : 1));
}

/** A field may come several times. */
function valueOf({ fields }: Excerpt, name: string): string | undefined {
  const values = fields.filter(([own]) => own === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

function fieldRow(name: string, older: string | undefined, newer: string | undefined): FieldRow {
  if (older === undefined || newer === undefined) {
    const all = (text: string | undefined) =>
      text === undefined ? undefined : [{ text, differs: true }];
    return { name, older: all(older), newer: all(newer), differs: true };
  }
  const { left, right } = wordParts(older, newer);
  return { name, older: left, newer: right, differs: older !== newer };
}

/** JSON is laid out, if both are whole JSON: of only one that would make differences that are none. */
function readable(older: Excerpt, newer: Excerpt): readonly [string, string] {
  const [left, right] = [laidOut(older), laidOut(newer)];
  if (left !== undefined && right !== undefined) return [left, right];
  return [older.body ?? '', newer.body ?? ''];
}

function laidOut({ body, skipped }: Excerpt): string | undefined {
  if (body === undefined || skipped > 0) return undefined;
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2);
  } catch {
    return undefined;
  }
}
