/**
 * What must hold of any bytes that a client sends: they are refused in order or read, the same however they
 * are cut; llhttp reads the same from them; and what goes on to a server is one request, the one that was read.
 */
import { expect } from 'chai';
import { isDeepStrictEqual } from 'node:util';
import { Incoming, type Arrival } from '../../../src/frontend/incoming.js';
import { Spool } from '../../../src/frontend/spool.js';
import { asksUpgrade, keepsAlive, lastChunk, valuesOf } from '../../../src/http/fields.js';
import type { RequestHead, RequestLimits } from '../../../src/http/message.js';
import { RequestReader } from '../../../src/http/request-reader.js';
import { absoluteTarget, originTarget } from '../../../src/http/target.js';
import { kindOf, type ErrorCode } from '../../../src/kernel/errors.js';
import { takenFrom } from '../../../workers/sessions/request-cookie.js';
import { knowsMethod, llhttpRequests, type Read, type ReadMessage } from '../../support/llhttp.js';
import { cutAt, readRequests, type Outcome } from './arrivals.js';

/** Large enough that llhttp's own limits (16 KiB) come first. */
export const judgeLimits: RequestLimits = { head: 12_000, target: 8192, fields: 100, body: 20_000 };

/** Throws if anything does not hold. Returns what was read, so that a test can count. */
export function judgeRequests(bytes: Buffer): Read {
  const whole = readRequests([bytes], judgeLimits);
  isSameOutcome(readRequests(byteByByte(bytes), judgeLimits), whole, 'byte by byte');
  for (const cuts of cutsFrom(bytes)) {
    isSameOutcome(readRequests(cutAt(bytes, cuts), judgeLimits), whole, `cut at ${cuts.join()}`);
  }
  if (whole.refused !== undefined) {
    expect(kindOf(whole.refused as ErrorCode).fault, whole.refused).to.equal('client');
  }
  holdsLittle(bytes);
  const ours = readOf(whole);
  if (!isTakenByUsAlone(bytes)) comparedRequests(ours, llhttpRequests(bytes));
  sentOn(bytes, ours);
  return ours;
}

const byteByByte = (bytes: Buffer) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));

/** A few cuts that depend on nothing but the bytes, so that a finding can be repeated. */
export function cutsFrom(bytes: Buffer): readonly (readonly number[])[] {
  let state = bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, bytes.length);
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % (bytes.length + 1);
  };
  return [[next()], [next(), next(), next()]];
}

/** What waits inside a reader stays within the limit of the head, however much comes. */
function holdsLittle(bytes: Buffer): void {
  const reader = new RequestReader(judgeLimits);
  let most = 0; // asserted once: to assert it for each byte would take longer than all the rest
  try {
    for (const piece of byteByByte(bytes)) {
      reader.push(piece);
      while (reader.next() !== undefined);
      most = Math.max(most, reader.waiting);
    }
  } catch {
    // that it is refused in order has been looked at
  }
  expect(most, 'bytes that wait').to.be.at.most(judgeLimits.head);
}

/** As chai's deep equality, which is slow, and is asked only to say what differs. */
export function isSameOutcome(one: unknown, other: unknown, how: string): void {
  if (!isDeepStrictEqual(one, other)) expect(one, how).to.deep.equal(other);
}

export function readOf({ parts, refused }: Outcome): Read {
  const messages: ReadMessage[] = [];
  for (const part of parts) {
    if (part.kind === 'head' && 'method' in part.head) messages.push(begun(part.head));
    const last = messages.at(-1);
    if (last === undefined) continue;
    if (part.kind === 'body') last.body += part.text;
    if (part.kind === 'end') last.isComplete = true;
  }
  return { messages, refused };
}

const begun = (head: RequestHead): ReadMessage => ({
  start: [head.method, head.target],
  version: head.version,
  fields: head.fields,
  body: '',
  isComplete: false,
  isLast: !keepsAlive(head) || asksToLeave(head),
});

/** For llhttp whatever stands behind it is another protocol. */
const asksToLeave = (head: RequestHead) =>
  valuesOf(head, 'upgrade').length > 0 && asksUpgrade(head, [tokenOf(head)]) !== undefined;
const tokenOf = (head: RequestHead) => (valuesOf(head, 'upgrade')[0] ?? '').trim().toLowerCase();

/**
 * We may refuse what llhttp takes. What we take it must take as well, as the same messages; where it does
 * not, and we mean it, it is named here.
 */
export function comparedRequests(ours: Read, theirs: Read): void {
  for (const [at, message] of ours.messages.entries()) {
    // RFC 9110 §9.1: a method is any token. llhttp knows a list; a proxy has no reason to.
    if (!knowsMethod(message.start[0])) return;
    const other = theirs.messages[at];
    expect(other, `llhttp has no message ${at}: ${theirs.refused ?? 'it waits'}`).to.exist;
    const { isComplete, isLast, body } = message;
    expect(pick(other!)).to.deep.equal(pick(message));
    if (isComplete) {
      expect(other!.isComplete, `complete for us, not for llhttp: ${theirs.refused ?? ''}`).to.be
        .true;
      expect(other!.body).to.equal(body);
    } else if (ours.refused === undefined && theirs.refused === undefined) {
      expect(other!.isComplete, 'complete for llhttp, not for us').to.be.false;
      expect(other!.body).to.equal(body);
    }
    if (isLast || other!.isLast) return; // behind it each has its own rules for what is not to come
  }
  if (ours.refused === undefined && theirs.refused === undefined) {
    expect(theirs.messages.length, 'as many messages').to.equal(ours.messages.length);
  }
}

const pick = ({ start, version, fields }: ReadMessage) => ({ start, version, fields });

/**
 * What llhttp does not take, and we do; none of it goes any further:
 * white space around the parts of a chunk extension (RFC 9112 §7.1.1; RFC 9110 §5.6.3 wants recipients to take
 * it); a tab behind the value of a field that frames (RFC 9110 §5.5: no part of it); and fields that frame
 * where they frame nothing, in trailers (RFC 9110 §6.5.1: to be ignored), which llhttp checks all the same.
 */
export const isTakenByUsAlone = (bytes: Buffer): boolean => {
  const text = bytes.toString('latin1');
  return WHITE_SPACE.test(text) || FRAMING_TRAILER.test(text);
};

const WHITE_SPACE =
  /^[0-9a-f]+[\t ]*;.*[\t ]|^[0-9a-f]+[\t ]+;|^(?:transfer-encoding|content-length):[^\r\n]*\t *\r$/im;

const FRAMING_TRAILER =
  /^0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*(?:transfer-encoding|content-length):/im;

/** The requests as servers get them, one after the other. */
export function sentOnBy(bytes: Buffer): readonly { arrival: Arrival; sent: Buffer }[] {
  const spool = new Spool({ memory: 1_000_000, disk: 0, folder: '/nowhere' });
  const incoming = new Incoming(
    new RequestReader(judgeLimits),
    {
      headTimeout: 1000,
      bodyTimeout: 1000,
      pipeline: 1_000_000,
      forwarded: 'replace',
      upgrades: ['websocket'],
    },
    { now: () => 0, collector: () => spool.collector(), arrived: () => undefined },
    undefined,
  );
  incoming.push(bytes);
  const all: { arrival: Arrival; sent: Buffer }[] = [];
  for (let arrival = incoming.take(); arrival !== undefined; arrival = incoming.take()) {
    all.push({ arrival, sent: arrival.kind === 'request' ? asSent(arrival) : Buffer.alloc(0) });
  }
  incoming.discard();
  return all;
}

/** Head without our cookie, and body, as the worker writes them. */
function asSent({ request }: Extract<Arrival, { kind: 'request' }>): Buffer {
  const { head, body, trailers } = request;
  const content = body.whole ?? Buffer.alloc(0);
  const text = Buffer.from(takenFrom(head).head, 'latin1');
  if (trailers.length === 0) return Buffer.concat([text, content]);
  const chunk = content.length === 0 ? '' : `${content.length.toString(16)}\r\n`;
  return Buffer.concat([
    text,
    Buffer.from(chunk),
    content,
    Buffer.from(`${chunk === '' ? '' : '\r\n'}${lastChunk(trailers)}`, 'latin1'),
  ]);
}

/** Each is one whole request, for llhttp and for us, and the one that was read. */
function sentOn(bytes: Buffer, ours: Read): void {
  const requests = sentOnBy(bytes).filter(({ arrival }) => arrival.kind === 'request');
  for (const [at, { sent }] of requests.entries()) {
    const read = ours.messages[at]!;
    const back = readOf(readRequests([named(sent)], { ...judgeLimits, head: 20_000, fields: 120 }));
    expect(back.refused).to.equal(undefined);
    expect(back.messages, 'one request becomes one').to.have.lengthOf(1);
    isSame(back.messages[0]!, read);
    if (!knowsMethod(read.start[0])) continue;
    const other = llhttpRequests(sent);
    expect(other.refused, 'llhttp takes what we send').to.equal(undefined);
    expect(other.messages, 'one request becomes one, for llhttp').to.have.lengthOf(1);
    isSame(other.messages[0]!, read);
  }
}

/** Where an HTTP/1.0 client names no host, Host goes on empty (RFC 9112 §3.2); we take none like that ourselves. */
function named(sent: Buffer): Buffer {
  const text = sent.toString('latin1');
  const end = text.indexOf('\r\n\r\n') + 2; // a body may look like another head
  const head = text.slice(0, end).replace('\r\nHost: \r\n', '\r\nHost: a\r\n');
  return Buffer.from(head + text.slice(end), 'latin1');
}

function isSame(back: ReadMessage, { start: [method, target], body }: ReadMessage): void {
  const absolute = absoluteTarget(target);
  const path = absolute === undefined ? target : originTarget(method, absolute);
  expect(back.start).to.deep.equal([method, path]);
  expect(back.body).to.equal(body);
  expect(back.isComplete).to.be.true;
}
