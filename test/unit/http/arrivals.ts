/**
 * The ways in which one message can arrive. TCP keeps the order of bytes and nothing else, so that
 * every reader must read the same from all of them.
 */
import { codeOf } from '../../../src/kernel/errors.js';
import { AnswerReader } from '../../../src/http/answer-reader.js';
import type {
  AnswerLimits,
  AnswerPart,
  RequestLimits,
  RequestPart,
} from '../../../src/http/message.js';
import { RequestReader } from '../../../src/http/request-reader.js';

export const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** At once, byte by byte, and cut at every position. */
export function* arrivals(text: string): Generator<readonly Buffer[]> {
  const bytes = latin1(text);
  yield [bytes];
  yield Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for (let at = 1; at < bytes.length; at += 1) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** The same bytes, cut at these positions (in any order, repeated or not). */
export function cutAt(bytes: Buffer, positions: readonly number[]): readonly Buffer[] {
  const cuts = [...new Set([0, ...positions.filter(at => at < bytes.length), bytes.length])];
  cuts.sort((a, b) => a - b);
  return cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end));
}

type Part = RequestPart | AnswerPart;

/** A part with its body as text. */
export type Told<Of extends Part = Part> = Of extends { readonly kind: 'body' }
  ? { readonly kind: 'body'; readonly text: string }
  : Of;

/** What a reader said: how a body was cut is forgotten, what was refused is there as its code. */
export interface Outcome<Of extends Part = Part> {
  readonly parts: readonly Told<Of>[];
  readonly refused: string | undefined;
}

export interface Reader<Of extends Part> {
  push(bytes: Buffer): void;
  next(): Of | undefined;
}

/** Pushes each piece and reads as far as possible, like the loops that own a reader. */
export function readAll<Of extends Part>(
  reader: Reader<Of>,
  pieces: readonly Buffer[],
): Outcome<Of> {
  const parts: Of[] = [];
  try {
    for (const piece of pieces) {
      reader.push(piece);
      for (let part = reader.next(); part !== undefined; part = reader.next()) parts.push(part);
    }
  } catch (cause) {
    return { parts: joined(parts), refused: codeOf(cause) };
  }
  return { parts: joined(parts), refused: undefined };
}

/** Bodies that follow each other become one. */
export function joined<Of extends Part>(parts: readonly Of[]): readonly Told<Of>[] {
  const told: Part[] = [];
  for (const part of parts) {
    const last = told.at(-1);
    if (part.kind === 'body' && last?.kind === 'body') {
      told[told.length - 1] = { kind: 'body', bytes: Buffer.concat([last.bytes, part.bytes]) };
    } else {
      told.push(part);
    }
  }
  return told.map(part =>
    part.kind === 'body' ? { kind: 'body', text: part.bytes.toString('latin1') } : part,
  ) as unknown as readonly Told<Of>[]; // the same kinds as went in
}

export const limits: RequestLimits = { head: 1000, target: 200, fields: 20, body: 1000 };

export const readRequests = (
  pieces: readonly Buffer[],
  within: RequestLimits = limits,
): Outcome<RequestPart> => readAll(new RequestReader(within), pieces);

export interface Asking {
  readonly method?: string;
  readonly upgrade?: boolean;
  /** The server closes behind the last piece. */
  readonly closes?: boolean;
  readonly within?: AnswerLimits;
}

/** One answer, to what was asked. */
export function readAnswer(
  pieces: readonly Buffer[],
  { method = 'GET', upgrade = false, closes = false, within = limits }: Asking = {},
): Outcome<AnswerPart> {
  const reader = new AnswerReader(within);
  reader.expect(method, { upgrade });
  const before = readAll(reader, pieces);
  if (!closes || before.refused !== undefined) return before;
  reader.closed();
  const after = readAll(reader, [Buffer.alloc(0)]);
  return { parts: [...before.parts, ...after.parts], refused: after.refused };
}
