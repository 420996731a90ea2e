import { expect } from 'chai';
import fc from 'fast-check';
import { newestFirst } from '../../../src/versions/version.js';
import { decided, strategies } from '../../../workers/strategies/strategies.js';
import type { Question } from '../../../workers/strategies/strategy.js';
import { modes, question, questionsFor, running, sessionOf, told, version } from './questions.js';

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

/** Every strategy keeps these promises. */
for (const mode of modes) {
  const strategy = strategies[mode];
  const always = (law: (asked: Question) => void) =>
    fc.assert(fc.property(questionsFor(mode), law), { numRuns: 500 });

  describe(`strategy ${mode}`, () => {
    it('names versions of the list', () => {
      always(asked => {
        const decision = strategy(asked);
        const named =
          decision.kind === 'one' ? [decision.version] : [decision.newer, decision.older];
        for (const each of named) expect(asked.versions.includes(each)).to.equal(true);
      });
    });

    it('asks both only where one is newer than the other', () => {
      always(asked => {
        const decision = strategy(asked);
        if (decision.kind === 'both') {
          expect(newestFirst(decision.newer, decision.older)).to.be.below(0);
        }
      });
    });

    it('decides the same when it is asked again, and changes nothing', () => {
      always(asked => {
        const copy = structuredClone(asked);
        const decision = strategy(frozen(asked));
        expect(strategy(asked)).to.deep.equal(decision);
        expect(strategy(copy)).to.deep.equal(decision);
        expect(asked).to.deep.equal(copy);
      });
    });

    it('has no choice where there is one version', () => {
      always(asked => {
        const [only] = asked.versions;
        const decision = strategy({ ...asked, versions: [only] });
        expect(decision).to.deep.equal({ kind: 'one', version: only });
      });
    });

    it('takes a session whose version may not serve for a new one', () => {
      always(asked => {
        const lost = strategy({ ...asked, session: sessionOf('none') });
        expect(lost).to.deep.equal(strategy({ ...asked, session: undefined }));
      });
    });
  });
}

describe('decided', () => {
  const stable = version('1.0', 'INSTANT', { name: 'complete' });
  for (const { mode, to } of [
    { mode: 'INSTANT', to: '2.0' }, // everybody
    { mode: 'SESSION', to: '1.0' }, // within its session
    { mode: 'GRADUAL', to: '1.0' },
    { mode: 'CONCURRENT', to: '1.0' },
  ] as const) {
    it(`asks ${mode} where the newest version moves users by it`, () => {
      const versions = [version('2.0', mode, running()), stable] as const;
      expect(told(decided(question({ versions, of: '1.0' })))).to.equal(to);
      fc.assert(
        fc.property(questionsFor(mode), asked => {
          const [newest] = asked.versions;
          fc.pre(newest.state.name !== 'complete');
          expect(decided(asked)).to.deep.equal(strategies[mode](asked));
        }),
      );
    });
  }

  for (const mode of ['INSTANT', 'SESSION', 'GRADUAL', 'CONCURRENT'] as const) {
    it(`sends everybody to a version whose ${mode} upgrade is complete, sessions elsewhere too`, () => {
      const versions = [version('2.0', mode, { name: 'complete' }), stable] as const;
      expect(told(decided(question({ versions, of: '1.0' })))).to.equal('2.0');
    });
  }

  it('tells the three strategies apart that leave sessions alone', () => {
    const to = (mode: 'SESSION' | 'GRADUAL' | 'CONCURRENT') =>
      told(decided(question({ versions: [version('2.0', mode, running()), stable] })));
    expect([to('SESSION'), to('GRADUAL'), to('CONCURRENT')]).to.deep.equal([
      '2.0',
      '1.0',
      '2.0 and 1.0',
    ]);
  });
});
