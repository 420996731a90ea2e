/**
 * The chunked transfer coding, read: RFC 9112 §7.1. Data is handed out as it arrives, a chunk is
 * not waited for. Extensions are checked and dropped (§7.1.1 lets a recipient ignore them).
 */
import { CutoverError } from '../kernel/errors.js';
import { END, type BodyPart, type BodyReader } from './body-part.js';
import { malformed, type Faults } from './faults.js';
import { mayTrail } from './field-rules.js';
import { FieldsReader } from './head.js';
import type { AnswerLimits } from './message.js';
import type { ReceiveBuffer } from './receive-buffer.js';

export interface ChunkedRules {
  readonly faults: Faults;
  /** For the trailers. */
  readonly limits: AnswerLimits;
  /** Bytes of the body, chunk framing not counted. */
  readonly most: number;
  /** What Connection names: such fields end here in trailers as well. */
  readonly connection: readonly string[];
}

/** Bytes of a chunk's size and extensions: as in Go; Node takes 16 KiB (CVE-2024-22019). */
const LONGEST_LINE = 4096;

/**
 * Framing bytes beyond what honest chunks need, in one body. Without this a body of a few bytes may
 * cost 4 KiB each (CVE-2023-39326; Go's answer, with the same numbers, is in net/http/internal).
 */
const MOST_EXCESS = 16 * 1024;

// 15 digits stay exact. White space around the parts of an extension is "bad" but allowed, at the end it
// is not. Each extension is a name, perhaps with a token or a quoted string for its value: what else two
// readers made of it could differ (where quotes end, say).
const SIZE_LINE =
  /^([0-9A-Fa-f]{1,15})(?:[\t ]*;[\t ]*[-!#$%&'*+.^_`|~0-9A-Za-z]+(?:[\t ]*=[\t ]*(?:[-!#$%&'*+.^_`|~0-9A-Za-z]+|"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*\r\n$/;
const SIZE_BEGINS = /^[0-9A-Fa-f]{1,15}(?:[\t ;\r]|$)/;

const CR = 13;
const LF = 10;

export class ChunkedReader implements BodyReader {
  readonly endsWithConnection = false;
  readonly #rules: ChunkedRules;
  #at: 'size' | 'data' | 'gap' | 'trailers' = 'size';
  /** Bytes that the chunk still lacks. */
  #left = 0;
  /** Bytes of the chunks so far. */
  #size = 0;
  #excess = 0;
  readonly #trailers: FieldsReader;

  constructor(rules: ChunkedRules) {
    this.#rules = rules;
    this.#trailers = new FieldsReader(rules.limits, rules.faults);
  }

  next(from: ReceiveBuffer): BodyPart | undefined {
    while (from.waiting > 0) {
      if (this.#at === 'data') return this.#readData(from);
      if (this.#at === 'trailers') return this.#readTrailers(from);
      const isRead = this.#at === 'size' ? this.#readSize(from) : this.#readGap(from);
      if (!isRead) break;
    }
    return undefined;
  }

  #readSize(from: ReceiveBuffer): boolean {
    const length = from.lineEnd();
    if (length === 0) {
      this.#refuseUnfinished(from);
      return false;
    }
    if (length > LONGEST_LINE) throw this.#malformed('a chunk extension is too long');
    const [, digits] = SIZE_LINE.exec(from.takeText(length)) ?? [];
    if (digits === undefined) throw this.#malformed('a chunk size');
    this.#begin(Number.parseInt(digits, 16), length);
    return true;
  }

  #begin(size: number, length: number): void {
    this.#size += size;
    if (this.#size > this.#rules.most) {
      throw new CutoverError('ERR_BODY_TOO_LARGE', 'the chunks are over limits.body');
    }
    this.#excess = Math.max(0, this.#excess + length - 16 - 2 * size);
    if (this.#excess > MOST_EXCESS) throw this.#malformed('more extensions than content');
    this.#left = size;
    this.#at = size === 0 ? 'trailers' : 'data';
  }

  /** Looks at a bounded beginning only: this is asked again with every byte that arrives. */
  #refuseUnfinished(from: ReceiveBuffer): void {
    const begins = from.peek(16).toString('latin1');
    if (!SIZE_BEGINS.test(begins) || from.waiting >= LONGEST_LINE || from.isSpoiled()) {
      throw this.#malformed('a chunk size');
    }
  }

  #readData(from: ReceiveBuffer): BodyPart {
    const bytes = from.take(this.#left);
    this.#left -= bytes.length;
    if (this.#left === 0) this.#at = 'gap';
    return { kind: 'body', bytes };
  }

  /** CRLF behind the data, and nothing else: a size that lies shows here. */
  #readGap(from: ReceiveBuffer): boolean {
    const [first, second] = from.peek(2);
    if (first !== CR || (second !== undefined && second !== LF)) {
      throw this.#malformed('no line end behind a chunk');
    }
    if (second === undefined) return false;
    from.take(2);
    this.#at = 'size';
    return true;
  }

  #readTrailers(from: ReceiveBuffer): BodyPart | undefined {
    const fields = this.#trailers.next(from);
    if (fields === undefined) return undefined;
    if (fields.length === 0) return END;
    const { connection } = this.#rules;
    return {
      kind: 'end',
      trailers: fields.filter(([name]) => mayTrail(name.toLowerCase(), connection)),
    };
  }

  #malformed(what: string): CutoverError {
    return malformed(this.#rules.faults, what);
  }
}
