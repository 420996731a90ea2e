import { expect } from 'chai';
import type { Container } from '../../../src/containers/engine.js';
import { isToldToEnd, stageOf } from '../../../src/containers/stage.js';
import { container } from './stand.js';

describe('stageOf', () => {
  const accepting = { isLeaving: false, accepts: true };
  const leaving = { ...accepting, isLeaving: true };
  const rows: readonly (readonly [string, Partial<Container>, typeof accepting, string])[] = [
    ['accepts connections', {}, accepting, 'ready'],
    ['does not accept yet', {}, { ...accepting, accepts: false }, 'coming'],
    ['is healthy', { health: 'healthy' }, { ...accepting, accepts: false }, 'ready'],
    ['accepts, while its health check has not passed', { health: 'starting' }, accepting, 'coming'],
    ['accepts, while its health is bad', { health: 'unhealthy' }, accepting, 'coming'],
    ['was told to end, and runs', { health: 'healthy' }, leaving, 'leaving'],
    ['was told to end, and is restarted', { status: 'restarting' }, leaving, 'leaving'],
    ['was told to end, and ended badly', { status: 'exited', exitCode: 1 }, leaving, 'gone'],
    ['is paused', { status: 'paused' }, accepting, 'coming'],
    ['is restarted by its engine', { status: 'restarting', exitCode: 1 }, accepting, 'coming'],
    ['was created only', { status: 'created' }, accepting, 'gone'],
    ['ended well', { status: 'exited', exitCode: 0 }, accepting, 'gone'],
    ['ended by SIGTERM', { status: 'exited', exitCode: 143 }, accepting, 'gone'],
    ['was killed', { status: 'exited', exitCode: 137 }, accepting, 'gone'],
    [
      'was killed for its memory',
      { status: 'exited', exitCode: 137, ranOutOfMemory: true },
      accepting,
      'coming',
    ],
    ['crashed', { status: 'exited', exitCode: 1 }, accepting, 'coming'],
    ['crashed by SIGSEGV', { status: 'exited', exitCode: 139 }, accepting, 'coming'],
    ['is in a state that nobody knows', { status: 'unknown' }, accepting, 'coming'],
  ];
  for (const [what, about, known, stage] of rows) {
    it(`is ${stage} for one that ${what}`, () => {
      expect(stageOf(container(1, about), known)).to.equal(stage);
    });
  }
});

describe('isToldToEnd', () => {
  for (const { action, signal, stopSignal = 'SIGTERM', isEnd } of [
    { action: 'kill', signal: 15, isEnd: true },
    { action: 'kill', signal: 9, isEnd: true },
    { action: 'kill', signal: 1, isEnd: false },
    { action: 'kill', signal: 10, stopSignal: 'SIGUSR1', isEnd: true },
    { action: 'kill', signal: 10, stopSignal: '10', isEnd: true },
    { action: 'kill', signal: undefined, isEnd: false },
    { action: 'die', signal: undefined, isEnd: false },
  ]) {
    it(`says ${isEnd} of ${action} with ${signal ?? 'no signal'}, where ${stopSignal} stops it`, () => {
      const happened = { container: 'id-1', action, signal };
      expect(isToldToEnd(happened, container(1, { stopSignal }))).to.equal(isEnd);
    });
  }
});
