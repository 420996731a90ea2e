import { expect } from 'chai';
import { session } from '../../../workers/strategies/session.js';
import { complete, paused, question, running, told, version } from './questions.js';

describe('session', () => {
  for (const { state, of, to, why } of [
    { state: running(), of: undefined, to: '3.0', why: 'new' },
    { state: running(), of: '1.0', to: '1.0', why: 'stays to its end' },
    { state: running(), of: '2.0', to: '2.0', why: 'stays, also in the middle of the chain' },
    { state: running(), of: '3.0', to: '3.0', why: 'has moved' },
    { state: running(), of: '9.0', to: '3.0', why: 'its version may not serve any more' },
    { state: complete, of: undefined, to: '3.0', why: 'complete' },
    { state: complete, of: '1.0', to: '1.0', why: 'complete: still stays to its end' },
    { state: paused(), of: undefined, to: '2.0', why: 'paused: the fallback' },
    { state: paused(), of: '1.0', to: '1.0', why: 'paused: stays' },
    { state: paused(), of: '3.0', to: '3.0', why: 'paused: who has moved stays' },
  ]) {
    it(`${state.name}, session of ${of ?? 'none'}: ${to} (${why})`, () => {
      const versions = [
        version('3.0', 'SESSION', state),
        version('2.0', 'INSTANT', complete),
        version('1.0', 'INSTANT', complete),
      ] as const;
      const asked = question({ versions, ...(of !== undefined && { of }) });
      expect(told(session(asked))).to.equal(to);
    });
  }
});
