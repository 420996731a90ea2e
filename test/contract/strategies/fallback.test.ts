import { expect } from 'chai';
import fc from 'fast-check';
import type { StrategyName } from '../../../src/config/cluster.js';
import type { VersionState } from '../../../src/versions/version-state.js';
import { fallback } from '../../../workers/strategies/fallback.js';
import { bucket, chainOf, complete, mode, paused, running, version } from './questions.js';

const newest = version('3.0', 'SESSION', paused());
const oldest = version('1.0', 'INSTANT', complete);

interface Row {
  readonly mode: StrategyName;
  readonly state: VersionState;
  readonly bucket: number;
  readonly to: string;
}

const rows: readonly Row[] = [
  { mode: 'INSTANT', state: running(), bucket: 0.9, to: '2.0' },
  { mode: 'INSTANT', state: paused(1), bucket: 0.9, to: '2.0' },
  { mode: 'INSTANT', state: paused(0), bucket: 0, to: '1.0' }, // it was never the newest
  { mode: 'INSTANT', state: complete, bucket: 0.9, to: '2.0' },
  { mode: 'SESSION', state: running(), bucket: 0.9, to: '2.0' },
  { mode: 'SESSION', state: paused(1), bucket: 0, to: '1.0' }, // nobody new
  { mode: 'SESSION', state: complete, bucket: 0.9, to: '2.0' },
  { mode: 'GRADUAL', state: running(0.3), bucket: 0.299, to: '2.0' }, // had crossed
  { mode: 'GRADUAL', state: running(0.3), bucket: 0.3, to: '1.0' }, // would have been the next
  { mode: 'GRADUAL', state: running(0), bucket: 0, to: '1.0' }, // nobody had crossed
  { mode: 'GRADUAL', state: paused(0.3), bucket: 0.299, to: '2.0' },
  { mode: 'GRADUAL', state: paused(0.3), bucket: 0.3, to: '1.0' },
  { mode: 'GRADUAL', state: complete, bucket: 0.9, to: '2.0' },
  { mode: 'CONCURRENT', state: running(1), bucket: 0, to: '1.0' }, // not proven
  { mode: 'CONCURRENT', state: paused(1), bucket: 0, to: '1.0' },
  { mode: 'CONCURRENT', state: complete, bucket: 0.9, to: '2.0' },
  { mode: 'INSTANT', state: { name: 'aborted' }, bucket: 0, to: '1.0' },
  { mode: 'INSTANT', state: { name: 'demoted', because: 'slow' }, bucket: 0, to: '1.0' },
];

describe('fallback', () => {
  for (const { mode, state, bucket, to } of rows) {
    it(`gives bucket ${bucket} to ${to} where 2.0 is ${mode} and ${JSON.stringify(state)}`, () => {
      const versions = [newest, version('2.0', mode, state), oldest] as const;
      expect(fallback({ versions, bucket }).number).to.equal(to);
    });
  }

  it('goes down a longer chain, newest first', () => {
    const versions = [
      version('5.0', 'INSTANT', running()),
      version('4.0', 'CONCURRENT', running()),
      version('3.0', 'GRADUAL', running(0.2)),
      version('2.0', 'GRADUAL', paused(0.6)),
      oldest,
    ] as const;
    const to = (bucket: number) => fallback({ versions, bucket }).number;
    expect([0.1, 0.2, 0.59, 0.6].map(to)).to.deep.equal(['3.0', '2.0', '2.0', '1.0']);
  });

  it('gives whom nobody took to the oldest, whatever it is', () => {
    const versions = [
      newest,
      version('2.0', 'CONCURRENT', running()),
      version('1.0', 'GRADUAL', paused(0.1)),
    ] as const;
    expect(fallback({ versions, bucket: 0.5 }).number).to.equal('1.0');
  });

  it('is the newest where there is no older one', () => {
    expect(fallback({ versions: [newest], bucket: 0.5 })).to.equal(newest);
  });

  it('is an older one wherever there is one', () => {
    fc.assert(
      fc.property(mode.chain(chainOf), bucket, (versions, drawn) => {
        const [first, ...older] = versions;
        const expected = older.length === 0 ? [first] : older;
        expect(expected.includes(fallback({ versions, bucket: drawn }))).to.equal(true);
      }),
    );
  });
});
