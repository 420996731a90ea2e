import { expect } from 'chai';
import { CutoverError } from '../../../src/kernel/errors.js';
import type { RequestPart } from '../../../src/http/message.js';
import { arrivals, cutAt, joined, latin1, readAll } from './arrivals.js';

describe('arrivals', () => {
  it('cuts at once, byte by byte and at every position, and loses nothing', () => {
    const all = [...arrivals('abcd')].map(pieces => pieces.map(String));
    expect(all).to.deep.equal([
      ['abcd'],
      ['a', 'b', 'c', 'd'],
      ['a', 'bcd'],
      ['ab', 'cd'],
      ['abc', 'd'],
    ]);
  });

  it('cuts at given positions, in order, once, inside the bytes', () => {
    expect(cutAt(latin1('abcd'), [3, 1, 1, 9, 0]).map(String)).to.deep.equal(['a', 'bc', 'd']);
  });

  it('joins bodies that follow each other, and only those', () => {
    const body = (text: string): RequestPart => ({ kind: 'body', bytes: latin1(text) });
    const end: RequestPart = { kind: 'end', trailers: [] };
    expect(joined([body('a'), body('b'), end, body('c')])).to.deep.equal([
      { kind: 'body', text: 'ab' },
      end,
      { kind: 'body', text: 'c' },
    ]);
  });

  it('tells what was read before a refusal, and the code of it', () => {
    const parts: RequestPart[] = [{ kind: 'end', trailers: [] }];
    const reader = {
      push: () => undefined,
      next: () => {
        const part = parts.shift();
        if (part === undefined) throw new CutoverError('ERR_BODY_MALFORMED', 'x');
        return part;
      },
    };
    expect(readAll(reader, [latin1('a')])).to.deep.equal({
      parts: [{ kind: 'end', trailers: [] }],
      refused: 'ERR_BODY_MALFORMED',
    });
  });
});
