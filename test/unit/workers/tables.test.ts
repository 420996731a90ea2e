import { expect } from 'chai';
import type { AnswerHead } from '../../../src/http/message.js';
import { idleAllowed } from '../../../workers/containers/keep-alive.js';
import { pickServer, type ServerLoad } from '../../../workers/routing/pick-server.js';

describe('pickServer', () => {
  const NOW = 1000;
  interface Load extends ServerLoad {
    readonly isFull?: boolean;
  }
  const idle = { outstanding: 0, restsUntil: -Infinity, isFar: false, lastTurn: 0 };
  const busy = (outstanding: number, lastTurn = 0): Load => ({ ...idle, outstanding, lastTurn });
  const resting = (outstanding: number, until = NOW + 1): Load => ({
    ...idle,
    outstanding,
    restsUntil: until,
  });
  const full: Load = { ...busy(0), isFull: true };
  const far = (load: Load): Load => ({ ...load, isFar: true });
  const rows: readonly (readonly [readonly Load[], number | undefined, string])[] = [
    [[], undefined, 'nobody is there'],
    [[busy(9)], 0, 'the only one'],
    [[busy(2), busy(1), busy(3)], 1, 'the fewest outstanding'],
    [[busy(1), busy(1), busy(1)], 0, 'of equals that had none yet, the first'],
    [[busy(1, 7), busy(1, 5), busy(1, 6)], 1, 'of equals, the one that waited longest'],
    [[busy(0, 9), busy(1, 1), busy(1, 2)], 0, 'waiting decides between equals only'],
    [[full, busy(5)], 1, 'who may not is left out'],
    [[full], undefined, 'nobody may'],
    [[resting(0), busy(5)], 1, 'who refused us rests'],
    [[busy(5), resting(0)], 0, 'who refused us rests, wherever it stands'],
    [[resting(2), resting(1)], 1, 'all rest: then the fewest outstanding'],
    [[resting(0), full], 0, 'better one that rests than none'],
    [[resting(0, NOW), busy(1)], 0, 'it has rested'],
    [[far(busy(0)), busy(0)], 1, 'its own zone first'],
    [[far(busy(0)), busy(7)], 1, 'its own zone, also with some more to do'],
    [[far(busy(0)), busy(9)], 0, 'no longer when it has much more to do'],
    [[far(busy(100)), busy(207)], 1, 'its own zone may have twice as much'],
    [[far(busy(100)), busy(209)], 0, 'and no more than that'],
    [[far(busy(9)), full], 0, 'its own zone has no room'],
    [[far(busy(9)), resting(0)], 0, 'its own zone refused us'],
    [[far(resting(0)), resting(1)], 1, 'all rest: its own zone first'],
    [[far(busy(2)), far(busy(1))], 1, 'none is in its zone: the fewest outstanding'],
    [[far(busy(1, 2)), far(busy(1, 1))], 1, 'none is in its zone: the one that waited longest'],
  ];
  for (const [servers, picked, meaning] of rows) {
    it(`picks ${picked ?? 'none'}: ${meaning}`, () => {
      const mayTake = (each: Load) => each.isFull !== true;
      const found = pickServer(servers, { now: NOW, mayTake });
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
