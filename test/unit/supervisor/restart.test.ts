import { expect } from 'chai';
import { restartAfter, type Ending, type Restart } from '../../../src/supervisor/restart.js';

const fresh: Ending = { exitCode: null, everReady: true, lived: 50, early: 0, chance: 0 };
const again = (after: number, early: number): Restart => ({ kind: 'again', after, early });

describe('restartAfter', () => {
  const rows: readonly (readonly [ending: Partial<Ending>, restart: Restart, what: string])[] = [
    [{}, again(100, 1), 'soon after the first early end'],
    [{ early: 1 }, again(200, 2), 'later after the second'],
    [{ early: 30 }, again(10_000, 31), 'never later than ten seconds'],
    [{ early: 1, chance: 1 }, again(100, 2), 'not all at the same time'],
    [{ early: 9, lived: 10_000 }, again(100, 1), 'soon again after it was well'],
    [{ exitCode: 0 }, again(100, 1), 'also if it ended of itself'],
    [
      { exitCode: 1, everReady: true },
      again(100, 1),
      'also after an error, if it could start before',
    ],
    [{ exitCode: 1, everReady: false }, { kind: 'give-up' }, 'not if it cannot start'],
    [{ exitCode: 2, everReady: false }, { kind: 'give-up' }, 'not with this configuration'],
    [{ exitCode: null, everReady: false }, again(100, 1), 'if it was killed before it was ready'],
    [{ exitCode: 134, everReady: false }, again(100, 1), 'if it crashed before it was ready'],
  ];
  for (const [ending, restart, what] of rows) {
    it(`starts again ${what}`, () => {
      expect(restartAfter({ ...fresh, ...ending })).to.deep.equal(restart);
    });
  }
});
