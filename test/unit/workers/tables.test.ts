import { expect } from 'chai';
import type { AnswerHead } from '../../../src/http/message.js';
import { idleAllowed } from '../../../workers/containers/keep-alive.js';
import { pickServer } from '../../../workers/routing/pick-server.js';

describe('pickServer', () => {
  const NOW = 1000;
  interface Load {
    readonly outstanding: number;
    readonly restsUntil: number;
    readonly isFull?: boolean;
  }
  const busy = (outstanding: number): Load => ({ outstanding, restsUntil: -Infinity });
  const resting = (outstanding: number, until = NOW + 1): Load => ({
    outstanding,
    restsUntil: until,
  });
  const full: Load = { ...busy(0), isFull: true };
  const rows: readonly (readonly [readonly Load[], turn: number, number | undefined, string])[] = [
    [[], 0, undefined, 'nobody is there'],
    [[busy(9)], 0, 0, 'the only one'],
    [[busy(2), busy(1), busy(3)], 0, 1, 'the fewest outstanding'],
    [[busy(1), busy(1), busy(1)], 0, 0, 'of equals, whose turn it is'],
    [[busy(1), busy(1), busy(1)], 2, 2, 'of equals, whose turn it is'],
    [[busy(0), busy(1), busy(1)], 1, 0, 'a turn decides between equals only'],
    [[full, busy(5)], 0, 1, 'who may not is left out'],
    [[full], 0, undefined, 'nobody may'],
    [[resting(0), busy(5)], 0, 1, 'who refused us rests'],
    [[busy(5), resting(0)], 1, 0, 'who refused us rests, whosever turn it is'],
    [[resting(2), resting(1)], 0, 1, 'all rest: then the fewest outstanding'],
    [[resting(0), full], 0, 0, 'better one that rests than none'],
    [[resting(0, NOW), busy(1)], 0, 0, 'it has rested'],
  ];
  for (const [servers, turn, picked, meaning] of rows) {
    it(`picks ${picked ?? 'none'}, turn ${turn}: ${meaning}`, () => {
      const mayTake = (each: Load) => each.isFull !== true;
      const found = pickServer(servers, { now: NOW, turn, mayTake });
      expect(found).to.equal(picked === undefined ? undefined : servers[picked]);
    });
  }
});

describe('idleAllowed', () => {
  const rows: readonly (readonly [string | undefined, number, string])[] = [
    [undefined, 4000, 'the server says nothing'],
    ['timeout=3', 2000, 'less than we would, and a margin'],
    ['timeout=60', 4000, 'no more than we would'],
    ['timeout=5, max=100', 4000, 'exactly what we would'],
    ['max=100, timeout=2', 1000, 'in any order'],
    ['Timeout=2', 1000, 'in any spelling'],
    ['timeout=1', 0, 'not at all'],
    ['timeout=0', 0, 'not at all'],
    ['timeout=soon', 4000, 'nonsense'],
    ['timeout=-1', 4000, 'nonsense'],
    ['timeout=9999999', 4000, 'nonsense'],
    ['max=5', 4000, 'nothing about time'],
  ];
  for (const [value, allowed, meaning] of rows) {
    it(`is ${allowed} for ${value ?? 'none'}: ${meaning}`, () => {
      const fields = value === undefined ? [] : ([['Keep-Alive', value]] as const);
      const head: AnswerHead = { version: '1.1', status: 200, reason: 'OK', fields };
      expect(idleAllowed(head, 4000)).to.equal(allowed);
    });
  }
});
