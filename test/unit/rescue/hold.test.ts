import { expect } from 'chai';
import type { AnswerFraming, AnswerHead } from '../../../src/http/message.js';
import { COMPARED_BYTES } from '../../../workers/comparison/comparable.js';
import {
  heldForRescue,
  heldToCompare,
  isEventStream,
  UNDECLARED_HOLD,
  type Hold,
} from '../../../workers/rescue/hold.js';

const MOST = 1000;
const PATIENCE = 300;
const TERMS = { most: MOST, patience: PATIENCE };
const NONE: Hold = { bytes: 0, ms: 0 };
const headOf = (type?: string): AnswerHead => ({
  version: '1.1',
  status: 200,
  reason: 'OK',
  fields: type === undefined ? [] : [['Content-Type', type]],
});
const length = (bytes: number): AnswerFraming => ({ kind: 'length', bytes });
const EVENTS = 'text/event-stream';

describe('heldForRescue', () => {
  const rows: readonly (readonly [AnswerFraming, type: string | undefined, Hold, string])[] = [
    [{ kind: 'none' }, undefined, NONE, 'there is nothing to hold'],
    [{ kind: 'tunnel' }, undefined, NONE, 'both sides speak'],
    [length(0), undefined, { bytes: 0, ms: 2 * PATIENCE }, 'it is whole'],
    [length(MOST), undefined, { bytes: MOST, ms: 2 * PATIENCE }, 'as much as may be held'],
    [length(MOST + 1), undefined, NONE, 'larger: it flows'],
    [length(5), EVENTS, { bytes: 5, ms: 2 * PATIENCE }, 'of declared length it has an end'],
    [{ kind: 'chunked' }, undefined, { bytes: MOST, ms: UNDECLARED_HOLD }, 'for a moment'],
    [{ kind: 'close' }, undefined, { bytes: MOST, ms: UNDECLARED_HOLD }, 'for a moment'],
    [{ kind: 'chunked' }, EVENTS, NONE, 'it may have no end'],
    [{ kind: 'close' }, EVENTS, NONE, 'it may have no end'],
  ];
  for (const [framing, type, hold, meaning] of rows) {
    it(`is ${hold.bytes} bytes for ${JSON.stringify(framing)}, ${type ?? 'no type'}: ${meaning}`, () => {
      expect(heldForRescue(headOf(type), framing, TERMS)).to.deep.equal(hold);
    });
  }
});

describe('heldToCompare', () => {
  const rows: readonly (readonly [
    AnswerFraming,
    type: string | undefined,
    bytes: number,
    string,
  ])[] = [
    [{ kind: 'none' }, undefined, 0, 'its head is all there is'],
    [length(10), undefined, 10, 'all of a small body'],
    [length(COMPARED_BYTES), undefined, COMPARED_BYTES, 'all of a small body'],
    [length(COMPARED_BYTES + 1), undefined, 0, 'of a large one its length'],
    [{ kind: 'chunked' }, undefined, COMPARED_BYTES, 'the beginning'],
    [{ kind: 'close' }, undefined, COMPARED_BYTES, 'the beginning'],
    [{ kind: 'chunked' }, EVENTS, 0, 'the head of a stream of events'],
  ];
  for (const [framing, type, bytes, meaning] of rows) {
    it(`is ${bytes} bytes for ${JSON.stringify(framing)}, ${type ?? 'no type'}: ${meaning}`, () => {
      const held = heldToCompare(headOf(type), framing, 70);
      expect(held).to.deep.equal({ bytes, ms: type === EVENTS ? 0 : 70 });
    });
  }
});

describe('isEventStream', () => {
  const rows: readonly (readonly [string | undefined, boolean])[] = [
    [EVENTS, true],
    ['Text/Event-Stream; charset=utf-8', true],
    ['text/event-streams', false],
    ['text/plain; note=text/event-stream', false],
    [undefined, false],
  ];
  for (const [type, isOne] of rows) {
    it(`is ${isOne} for ${type ?? 'no type'}`, () => {
      expect(isEventStream(headOf(type))).to.equal(isOne);
    });
  }
});
