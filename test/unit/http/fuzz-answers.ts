/** What must hold of any bytes that a server sends, as `fuzz-requests` has it for clients. */
import { expect } from 'chai';
import { keepsAlive } from '../../../src/http/fields.js';
import type { AnswerHead } from '../../../src/http/message.js';
import { llhttpAnswers, type Read, type ReadMessage } from '../../support/llhttp.js';
import { cutAt, readAnswer, type Outcome } from './arrivals.js';
import { cutsFrom, isSameOutcome, isTakenByUsAlone, judgeLimits } from './fuzz-requests.js';

const ALLOWED = ['ERR_ANSWER_MALFORMED', 'ERR_ANSWER_CUT', 'ERR_SERVER_RESET'];

/** Throws if anything does not hold. */
export function judgeAnswer(bytes: Buffer, method: string, closes: boolean): Read {
  const asking = { method, closes, within: judgeLimits };
  const whole = readAnswer([bytes], asking);
  const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  isSameOutcome(readAnswer(single, asking), whole, 'byte by byte');
  for (const cuts of cutsFrom(bytes)) {
    isSameOutcome(readAnswer(cutAt(bytes, cuts), asking), whole, `cut at ${cuts.join()}`);
  }
  if (whole.refused !== undefined) expect(ALLOWED).to.include(whole.refused);
  const ours = readOf(whole);
  if (isTakenByUsAlone(bytes)) return ours;
  compared(ours, llhttpAnswers(bytes, { toHead: method === 'HEAD', ends: closes }));
  return ours;
}

function readOf({ parts, refused }: Outcome): Read {
  const messages: ReadMessage[] = [];
  for (const part of parts) {
    if ((part.kind === 'head' || part.kind === 'interim') && 'status' in part.head) {
      messages.push(begun(part.head));
    }
    const last = messages.at(-1);
    if (last === undefined) continue;
    if (part.kind === 'interim') last.isComplete = true;
    if (part.kind === 'body') last.body += part.text;
    if (part.kind === 'end') last.isComplete = true;
  }
  return { messages, refused };
}

const begun = (head: AnswerHead): ReadMessage => ({
  start: [String(head.status), head.reason],
  version: head.version,
  fields: head.fields,
  body: '',
  isComplete: false,
  isLast: !keepsAlive(head),
});

/** We may refuse what llhttp takes; what we take it takes as well, and as the same. */
function compared(ours: Read, theirs: Read): void {
  for (const [at, message] of ours.messages.entries()) {
    const other = theirs.messages[at];
    if (isNamed(theirs)) return;
    expect(other, `llhttp has no answer ${at}: ${theirs.refused ?? 'it waits'}`).to.exist;
    expect(other!.start).to.deep.equal(message.start);
    expect(other!.fields).to.deep.equal(message.fields);
    if (message.isComplete) {
      expect(other!.isComplete, `complete for us, not for llhttp: ${theirs.refused ?? ''}`).to.be
        .true;
      expect(other!.body).to.equal(message.body);
    }
    if (message.isLast || other!.isLast) return;
  }
}

/**
 * Where we mean to take more: a minor version that nobody knows counts as the highest that one knows (RFC 9110
 * §2.5).
 */
const isNamed = ({ refused }: Read) => refused === 'HPE_INVALID_VERSION';
