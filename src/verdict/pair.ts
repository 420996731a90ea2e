/** Two answers to one request that differed, as far as they are kept to be looked at. Bounded in all of its parts. */

/** Of an example of `answers`. */
export interface Pair {
  /** JSON pointers, names of fields, `status` or `body`: what differed. At most 16. */
  readonly where: readonly string[];
  readonly newer: Excerpt;
  readonly older: Excerpt;
}

/** Without values that look like secrets. */
export interface Excerpt {
  readonly status: number;
  /** Names in lower case, and values. At most 24, those that differ first of all. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /**
   * At most 2,048 characters around the first difference; undefined: no text. JSON is laid out anew, a member
   * a line.
   */
  readonly body?: string | undefined;
  /** Characters before `body`. */
  readonly skipped: number;
  /** Bytes of the whole body, or of what is known of it. */
  readonly bytes: number;
}

export const MOST_PLACES_KEPT = 16;
export const MOST_FIELDS_KEPT = 24;
/** Characters: of a body's excerpt, of a place, of a field's name, and of its value. */
export const LONGEST_BODY = 2048;
export const LONGEST_PLACE = 300;
export const LONGEST_NAME = 64;
export const LONGEST_VALUE = 160;
