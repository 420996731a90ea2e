import { expect } from 'chai';
import { fateOf } from '../../../src/frontend/lost-worker.js';
import { pickWorker } from '../../../src/frontend/pick-worker.js';

describe('pickWorker', () => {
  const MOST = 3;
  const rows: readonly (readonly [
    workers: readonly (number | 'draining')[],
    turn: number,
    picked: number | undefined,
    meaning: string,
  ])[] = [
    [[], 0, undefined, 'nobody is there'],
    [[0], 0, 0, 'the only one'],
    [[2, 1, 2], 0, 1, 'the fewest outstanding'],
    [[1, 1, 1], 0, 0, 'of equals, whose turn it is'],
    [[1, 1, 1], 2, 2, 'of equals, whose turn it is'],
    [[1, 0, 1], 2, 1, 'a turn decides between equals only'],
    [[0, 1, 0], 1, 2, 'of equals, the next after the turn'],
    [[0, 1, 0], 7, 2, 'a turn may be left from when there were more'],
    [['draining', 2], 0, 1, 'who drains gets nothing new'],
    [['draining'], 0, undefined, 'only one that drains'],
    [[3, 3], 0, undefined, 'all are full'],
    [[3, 2], 0, 1, 'room for one more'],
  ];
  for (const [workers, turn, picked, meaning] of rows) {
    it(`picks ${picked ?? 'none'} of [${workers.join(', ')}], turn ${turn}: ${meaning}`, () => {
      const candidates = workers.map(each => ({
        outstanding: each === 'draining' ? 0 : each,
        draining: each === 'draining',
      }));
      const found = pickWorker(candidates, { most: MOST, turn });
      expect(found).to.equal(picked === undefined ? undefined : candidates[picked]);
    });
  }
});

describe('fateOf', () => {
  const rows = [
    { answered: false, safeToRepeat: true, attempts: 1, fate: 'repeat' }, // another worker
    { answered: false, safeToRepeat: true, attempts: 2, fate: 'repeat' }, // and another
    { answered: false, safeToRepeat: true, attempts: 3, fate: 'fail' }, // no fourth: it may kill it
    { answered: false, safeToRepeat: false, attempts: 1, fate: 'fail' }, // perhaps it was executed
    { answered: true, safeToRepeat: true, attempts: 1, fate: 'cut' }, // no part for the whole
    { answered: true, safeToRepeat: false, attempts: 1, fate: 'cut' },
  ] as const;
  for (const { fate, ...orphan } of rows) {
    it(`is ${fate} for ${JSON.stringify(orphan)}`, () => {
      expect(fateOf(orphan)).to.equal(fate);
    });
  }
});
