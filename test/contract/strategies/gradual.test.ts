import { expect } from 'chai';
import fc from 'fast-check';
import { share } from '../../../src/kernel/ids.js';
import { shareAfter } from '../../../src/versions/pace.js';
import { gradual } from '../../../workers/strategies/gradual.js';
import { decided } from '../../../workers/strategies/strategies.js';
import * as make from './questions.js';
import { chances, complete, paused, question, running, told, version } from './questions.js';

const oldest = version('1.0', 'INSTANT', complete);
const moving = version('2.0', 'GRADUAL', running());

describe('gradual', () => {
  for (const { state, progress, bucket, of, to, why } of [
    { state: running(), progress: 0, bucket: 0, to: '1.0', why: 'nobody has crossed yet' },
    { state: running(), progress: 0.2, bucket: 0.199, to: '2.0', why: 'has crossed' },
    { state: running(), progress: 0.2, bucket: 0.2, to: '1.0', why: 'the next to cross' },
    { state: running(), progress: 1, bucket: 0.999, to: '2.0', why: 'everybody has crossed' },
    { state: running(0.9), progress: 0.2, bucket: 0.5, to: '1.0', why: 'asks the progress of now' },
    { state: running(), progress: 0.2, bucket: 0.1, of: '1.0', to: '1.0', why: 'stays to its end' },
    { state: running(), progress: 0.2, bucket: 0.9, of: '2.0', to: '2.0', why: 'stays to its end' },
    { state: paused(), progress: 0.2, bucket: 0.199, to: '2.0', why: 'a pause sends nobody back' },
    { state: paused(), progress: 0.2, bucket: 0.2, to: '1.0', why: 'nobody more crosses' },
    { state: paused(), progress: 0.2, bucket: 0.9, of: '2.0', to: '2.0', why: 'stays' },
    { state: complete, progress: 0, bucket: 0.999, to: '2.0', why: 'progress counts no more' },
    { state: complete, progress: 0, bucket: 0.1, of: '1.0', to: '1.0', why: 'stays to its end' },
  ]) {
    it(`${state.name} at ${progress}, bucket ${bucket}, of ${of ?? 'none'}: ${to} (${why})`, () => {
      const versions = [version('2.0', 'GRADUAL', state), oldest] as const;
      const asked = question({ versions, bucket, progress, ...(of !== undefined && { of }) });
      expect(told(gradual(asked))).to.equal(to);
    });
  }

  it('moves nobody back as the progress grows', () => {
    fc.assert(
      fc.property(make.questionsFor('GRADUAL'), make.progress, (asked, other) => {
        const [newest] = asked.versions;
        const [less, more] = [asked.progress, other].sort((a, b) => a - b);
        const before = gradual({ ...asked, session: undefined, progress: share(less!) });
        const after = gradual({ ...asked, session: undefined, progress: share(more!) });
        if (told(before) === newest.number) expect(told(after)).to.equal(newest.number);
        else expect([told(before), newest.number]).to.include(told(after));
      }),
      { numRuns: 500 },
    );
  });

  it('moves nobody back when a pause begins, ends, or the upgrade completes', () => {
    fc.assert(
      fc.property(make.bucket, make.progress, (bucket, progress) => {
        const to = (state: typeof moving.state) => {
          const versions = [version('2.0', 'GRADUAL', state), oldest] as const;
          return told(gradual(question({ versions, bucket, progress })));
        };
        expect(to(paused(progress))).to.equal(to(running(progress)));
        expect(to(complete)).to.equal('2.0');
      }),
    );
  });

  it('leaves those who crossed where they are when a newer upgrade supersedes it', () => {
    const supersedes = fc.constantFrom(
      version('3.0', 'SESSION', paused()), // holds new sessions back
      version('3.0', 'GRADUAL', running()),
      version('3.0', 'CONCURRENT', paused()),
    );
    fc.assert(
      fc.property(supersedes, make.bucket, make.progress, (newer, bucket, progress) => {
        const superseded = version('2.0', 'GRADUAL', running(progress));
        const before = question({ versions: [superseded, oldest], bucket, progress });
        const after = question({ versions: [newer, superseded, oldest], bucket });
        expect(told(decided(after))).to.equal(told(decided(before)));
      }),
    );
  });

  for (const progress of [0.01, 0.2, 0.5, 0.9]) {
    it(`gives ${progress * 100} % of new sessions to the newest, within the binomial bound`, () => {
      const count = 20_000;
      const crossed = chances(`share ${progress}`, count).filter(bucket => {
        const asked = question({ versions: [moving, oldest], bucket, progress });
        return told(gradual(asked)) === '2.0';
      }).length;
      const deviation = Math.sqrt(count * progress * (1 - progress));
      expect(Math.abs(crossed - count * progress)).to.be.below(4 * deviation);
    });
  }

  it('lets each client cross once while every request adds to the share', () => {
    const clients = chances('clients', 500).map(bucket => ({ bucket, crossed: 0, at: '1.0' }));
    const transition = { mode: 'GRADUAL', percentageTransitionPerRequest: 0.01 } as const;
    let counted = 0;
    for (let round = 0; round < 25; round++) {
      for (const client of clients) {
        const passed = { counted: counted++, elapsed: 0 };
        const progress = shareAfter(transition, passed, share(0));
        const { bucket } = client;
        const to = told(gradual(question({ versions: [moving, oldest], bucket, progress })));
        if (to !== client.at) client.crossed++;
        client.at = to;
      }
    }
    // 12,500 requests of 0.01 % each: the share is full after 10,000.
    expect(new Set(clients.map(({ crossed, at }) => `${crossed} ${at}`))).to.deep.equal(
      new Set(['1 2.0']),
    );
  });
});
