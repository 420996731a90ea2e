import { expect } from 'chai';
import {
  framingAt,
  framingIndex,
  framings,
  isEnvelope,
  isFromFrontend,
  isFromWorker,
  kinds,
} from '../../../src/wire/envelope.js';

const bytes = Buffer.from('abc');
const account = ['2.0', 'GRADUAL', '127.0.0.1:80', 2, true, 'agreed', 'new'];

type Direction = 'frontend' | 'worker' | 'both';

// One member of every layout, and whom it may come from.
const members: Readonly<Record<keyof typeof kinds, readonly [Direction, readonly unknown[]]>> = {
  hello: ['worker', [kinds.hello, 'worker-1', 1000, 'host-1', '']],
  welcome: ['frontend', [kinds.welcome, 'frontend 1', 0, true]],
  beat: ['both', [kinds.beat]],
  goodbye: ['worker', [kinds.goodbye]],
  farewell: ['frontend', [kinds.farewell]],
  stranger: ['frontend', [kinds.stranger]],
  request: ['frontend', [kinds.request, 1, 'GET', 'GET / HTTP/1.1\r\n\r\n', false, bytes, true]],
  part: ['both', [kinds.part, 1, bytes, false, 'Digest: x\r\n']],
  credit: ['both', [kinds.credit, 1, 0]],
  cancel: ['frontend', [kinds.cancel, 1]],
  interim: ['worker', [kinds.interim, 1, 103, 'Early Hints', '']],
  answer: [
    'worker',
    [kinds.answer, 1, 599, 'OK', '', framings.length - 1, bytes, true, '', account],
  ],
  failure: ['worker', [kinds.failure, 1, 'ERR_SERVER_RESET', 'because', account]],
  again: ['worker', [kinds.again, 1]],
  table: ['frontend', [kinds.table, bytes]],
};

/** For each type of field, what is not of it. */
const wrong: Readonly<Record<string, readonly unknown[]>> = {
  string: [1, null, undefined, bytes, true],
  boolean: [1, 0, 'true', null, undefined],
  object: [1, '', undefined, true, bytes, {}, [], account.slice(1), [...account, '']],
  bytes: ['abc', [97], null, undefined, { length: 3 }, new Uint16Array(1)],
};

function wrongFor(value: unknown): readonly unknown[] {
  if (value instanceof Uint8Array) return wrong['bytes']!;
  if (typeof value === 'number') return ['1', -1, 1.5, NaN, Infinity, 2 ** 53, 1n, null, undefined];
  return wrong[typeof value]!;
}

describe('envelopes', () => {
  it('have one member here for every kind', () => {
    expect(Object.values(members).map(([, [kind]]) => kind)).to.deep.equal(Object.values(kinds));
  });

  for (const [name, [from, member]] of Object.entries(members)) {
    describe(name, () => {
      it(`is known, and comes from ${from}`, () => {
        expect(isEnvelope(member)).to.equal(true);
        expect(isFromWorker(member)).to.equal(from !== 'frontend');
        expect(isFromFrontend(member)).to.equal(from !== 'worker');
      });

      it('is not known when it is too short or too long', () => {
        for (let length = 0; length < member.length; length++) {
          expect(isEnvelope(member.slice(0, length)), `${length} fields`).to.equal(false);
        }
        expect(isEnvelope([...member, ''])).to.equal(false);
        expect(isEnvelope([...member, undefined])).to.equal(false);
      });

      it('is not known when a field is of another type', () => {
        for (let at = 1; at < member.length; at++) {
          for (const each of wrongFor(member[at])) {
            const altered = member.with(at, each);
            expect(isEnvelope(altered), `field ${at}: ${String(each)}`).to.equal(false);
            expect(isFromWorker(altered) || isFromFrontend(altered)).to.equal(false);
          }
        }
      });
    });
  }

  const strangers: readonly (readonly [unknown, string])[] = [
    [undefined, 'nothing'],
    [null, 'nothing'],
    [3, 'a kind alone'],
    ['beat', 'a name'],
    [{ 0: 3, length: 1 }, 'like an array'],
    [{}, 'an object'],
    [[], 'an empty one'],
    [[0], 'a kind that nobody has'],
    [[99, 1, 2], 'a kind that nobody has'],
    [['3'], 'a kind as text'],
    [[[3]], 'one within another'],
    [[kinds.credit, 0, 5], 'an exchange that cannot be'],
    [[kinds.again, 0], 'an exchange that cannot be'],
    [[kinds.interim, 1, 99, '', ''], 'a status that cannot be'],
    [[kinds.interim, 1, 600, '', ''], 'a status that cannot be'],
    [
      [kinds.answer, 1, 200, '', '', framings.length, bytes, false, '', null],
      'a framing that nobody has',
    ],
    [[kinds.failure, 1, 'ERR_NOBODY_KNOWS', '', null], 'a code that nobody knows'],
    [[kinds.failure, 1, 'toString', '', null], 'a name that every object knows'],
  ];
  const accounts: readonly (readonly [field: number, value: unknown, meaning: string])[] = [
    [0, '2.0"', 'a version that is none'],
    [0, '1'.repeat(257), 'a version longer than a line'],
    [1, 'RAPID', 'a strategy that nobody has'],
    [2, 'a b', 'a server with a blank in it'],
    [2, 'a\r\nb', 'a server with a line end in it'],
    [3, -1, 'attempts below none'],
    [4, 1, 'a number for a flag'],
    [5, 'equal', 'a comparison that nobody makes'],
    [6, 'old', 'a session that cannot be'],
  ];
  for (const [field, value, meaning] of accounts) {
    it(`with an account do not tell ${meaning}`, () => {
      const altered = account.with(field, value as string);
      expect(isFromWorker([kinds.failure, 1, 'ERR_SERVER_RESET', '', account])).to.equal(true);
      expect(isFromWorker([kinds.failure, 1, 'ERR_SERVER_RESET', '', altered])).to.equal(false);
    });
  }

  it('need no account', () => {
    expect(isFromWorker([kinds.failure, 1, 'ERR_SERVER_RESET', '', null])).to.equal(true);
  });

  for (const [value, meaning] of strangers) {
    it(`are not ${meaning} (${JSON.stringify(value)})`, () => {
      expect(isEnvelope(value)).to.equal(false);
      expect(isFromWorker(value)).to.equal(false);
      expect(isFromFrontend(value)).to.equal(false);
    });
  }
});

describe('framings on the wire', () => {
  it('travel as their index', () => {
    for (const each of framings) expect(framingAt(framingIndex(each))).to.equal(each);
    expect(framingAt(framings.length)).to.equal('none');
  });
});
