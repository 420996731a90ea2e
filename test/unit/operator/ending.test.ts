import { expect } from 'chai';
import { ending, progressLine, type Ending } from '../../../src/operator/ending.js';
import type { ShownVersion } from '../../../src/operator/shown-version.js';

const version = (about: Partial<ShownVersion>): ShownVersion => ({
  id: 'bbbb',
  version: '2.0',
  servers: [],
  upgradeTransition: { mode: 'GRADUAL' },
  state: 'running',
  ...about,
});

describe('the ending of an upgrade', () => {
  const rows: readonly {
    readonly now: Partial<ShownVersion>;
    readonly is: Ending['kind'];
    readonly says?: string;
  }[] = [
    { now: {}, is: 'under-way' },
    { now: { verdict: 'inconclusive' }, is: 'under-way' },
    { now: { verdict: 'healthy', progress: 20 }, is: 'good', says: 'healthy' },
    { now: { state: 'complete' }, is: 'good', says: 'complete' },
    { now: { state: 'complete', verdict: 'inconclusive' }, is: 'good', says: 'complete' },
    {
      now: { state: 'demoted', because: 'it fails more often' },
      is: 'bad',
      says: 'demoted: it fails more often',
    },
    { now: { state: 'demoted', verdict: 'healthy' }, is: 'bad', says: 'demoted' },
    { now: { state: 'aborted' }, is: 'bad', says: 'aborted' },
    { now: { state: 'paused' }, is: 'under-way' }, // by the operator, who will resume it
    { now: { state: 'paused', because: 'slow' }, is: 'bad', says: 'paused: slow' },
    {
      now: { state: 'superseded' },
      is: 'bad',
      says: 'superseded: a newer version decides who is served by whom',
    },
  ];
  for (const { now, is, says } of rows) {
    it(`is ${is} for ${JSON.stringify(now)}`, () => {
      const end = ending(version(now), undefined);
      expect(end.kind).to.equal(is);
      if (end.kind !== 'under-way') expect(end.says).to.equal(says);
    });
  }

  it('is gone where there is no such version any more', () => {
    expect(ending(undefined, version({}))).to.deep.equal({ kind: 'gone', says: 'removed' });
  });

  it('waits one look for the demotion that says why, and no longer: the policy may be to alert', () => {
    const unhealthy = version({ verdict: 'unhealthy' });
    expect(ending(unhealthy, undefined).kind).to.equal('under-way');
    expect(ending(unhealthy, version({ verdict: 'inconclusive' })).kind).to.equal('under-way');
    expect(ending(unhealthy, unhealthy)).to.deep.equal({
      kind: 'bad',
      says: 'unhealthy: and left running by the policy',
    });
  });
});

describe('the line about an upgrade under way', () => {
  it('tells what is known', () => {
    expect(progressLine(version({}))).to.equal('2.0 running');
    expect(
      progressLine(version({ progress: 12.3456, verdict: 'inconclusive', exchanges: 340 })),
    ).to.equal('2.0 running, 12.35 %, inconclusive, 340 exchanges');
  });
});
