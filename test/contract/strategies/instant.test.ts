import { expect } from 'chai';
import { instant } from '../../../workers/strategies/instant.js';
import { complete, paused, question, running, told, version } from './questions.js';

describe('instant', () => {
  for (const { state, of, to, why } of [
    { state: running(), of: undefined, to: '2.0', why: 'new' },
    { state: running(), of: '1.0', to: '2.0', why: 'in the middle of a session' },
    { state: running(), of: '2.0', to: '2.0', why: 'has moved' },
    { state: paused(), of: undefined, to: '2.0', why: 'paused: nobody is left to hold back' },
    { state: paused(), of: '1.0', to: '2.0', why: 'paused, in the middle of a session' },
    { state: complete, of: '1.0', to: '2.0', why: 'complete' },
  ]) {
    it(`${state.name}, session of ${of ?? 'none'}: ${to} (${why})`, () => {
      const versions = [
        version('2.0', 'INSTANT', state),
        version('1.0', 'INSTANT', complete),
      ] as const;
      const asked = question({ versions, bucket: 0.9, ...(of !== undefined && { of }) });
      expect(told(instant(asked))).to.equal(to);
    });
  }
});
