import { expect } from 'chai';
import { concurrent } from '../../../workers/strategies/concurrent.js';
import { complete, paused, question, running, told, version } from './questions.js';

describe('concurrent', () => {
  for (const { state, of, to, why } of [
    { state: running(), of: undefined, to: '3.0 and 2.0', why: 'new' },
    { state: running(), of: '3.0', to: '3.0 and 2.0', why: 'its answers are still compared' },
    { state: running(), of: '2.0', to: '2.0', why: 'stays' },
    { state: running(), of: '1.0', to: '1.0', why: 'stays' },
    { state: running(), of: '9.0', to: '3.0 and 2.0', why: 'its version may not serve any more' },
    { state: complete, of: undefined, to: '3.0', why: 'proven' },
    { state: complete, of: '3.0', to: '3.0', why: 'proven' },
    { state: complete, of: '2.0', to: '2.0', why: 'still stays to its end' },
    { state: paused(), of: undefined, to: '2.0', why: 'is not asked' },
    { state: paused(), of: '3.0', to: '2.0', why: 'is not asked: its answers are not proven' },
    { state: paused(), of: '1.0', to: '1.0', why: 'stays' },
  ]) {
    it(`${state.name}, session of ${of ?? 'none'}: ${to} (${why})`, () => {
      const versions = [
        version('3.0', 'CONCURRENT', state),
        version('2.0', 'INSTANT', complete),
        version('1.0', 'INSTANT', complete),
      ] as const;
      const asked = question({ versions, ...(of !== undefined && { of }) });
      expect(told(concurrent(asked))).to.equal(to);
    });
  }

  it('compares with the version that the client would get without the newest', () => {
    const versions = [
      version('3.0', 'CONCURRENT', running()),
      version('2.0', 'GRADUAL', running(0.4)),
      version('1.0', 'INSTANT', complete),
    ] as const;
    expect(told(concurrent(question({ versions, bucket: 0.3 })))).to.equal('3.0 and 2.0');
    expect(told(concurrent(question({ versions, bucket: 0.4 })))).to.equal('3.0 and 1.0');
  });

  for (const state of [running(), paused(), complete]) {
    it(`asks the only version alone, which is ${state.name}`, () => {
      const versions = [version('3.0', 'CONCURRENT', state)] as const;
      expect(told(concurrent(question({ versions })))).to.equal('3.0');
      expect(told(concurrent(question({ versions, of: '3.0' })))).to.equal('3.0');
    });
  }
});
