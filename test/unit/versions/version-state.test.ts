import { expect } from 'chai';
import { share } from '../../../src/kernel/ids.js';
import {
  mayServe,
  stateAfter,
  type Happening,
  type StateName,
  type VersionState,
} from '../../../src/versions/version-state.js';

const states: { readonly [Name in StateName]: VersionState & { readonly name: Name } } = {
  running: { name: 'running', progress: share(0.3) },
  paused: { name: 'paused', progress: share(0.3) },
  complete: { name: 'complete' },
  aborted: { name: 'aborted' },
  demoted: { name: 'demoted', because: 'slow' },
};

const happenings: { readonly [Type in Happening['type']]: Happening & { readonly type: Type } } = {
  pause: { type: 'pause', progress: share(0.4) },
  resume: { type: 'resume' },
  promote: { type: 'promote' },
  complete: { type: 'complete' },
  abort: { type: 'abort' },
  demote: { type: 'demote', because: 'wrong sizes' },
  advance: { type: 'advance', progress: share(0.4) },
};

const complete = { name: 'complete' };
const aborted = { name: 'aborted' };
const demoted = { name: 'demoted', because: 'wrong sizes' };
const begun = { name: 'running', progress: 0 };

/** What follows; whatever is not here is refused. */
const expected: Readonly<Record<StateName, Readonly<Partial<Record<Happening['type'], object>>>>> =
  {
    running: {
      pause: { name: 'paused', progress: 0.4 },
      promote: complete,
      complete,
      abort: aborted,
      demote: demoted,
      advance: { name: 'running', progress: 0.4 },
    },
    paused: {
      resume: { name: 'running', progress: 0.3 }, // goes on where it was
      advance: { name: 'paused', progress: 0.4 }, // counted before everybody had heard of the pause
      promote: complete,
      abort: aborted,
      demote: demoted,
    },
    complete: {},
    aborted: { resume: begun },
    demoted: { resume: begun, abort: aborted },
  };

describe('stateAfter', () => {
  for (const now of Object.values(states)) {
    for (const on of Object.values(happenings)) {
      const after = expected[now.name][on.type];
      it(`${now.name}, ${on.type}: ${after === undefined ? 'refused' : JSON.stringify(after)}`, () => {
        expect(stateAfter(now, on)).to.deep.equal(after);
      });
    }
  }

  it('lets the share of a running version never fall', () => {
    const progress = share(0.2);
    expect(stateAfter(states.running, { type: 'advance', progress })).to.equal(states.running);
    expect(stateAfter(states.running, { type: 'pause', progress })).to.deep.equal(states.paused);
  });

  it('keeps why it paused', () => {
    const on = { type: 'pause', progress: share(0.3), because: 'slow' } as const;
    const after = stateAfter(states.running, on);
    expect(after).to.deep.equal({ name: 'paused', progress: 0.3, because: 'slow' });
  });

  it('leaves no field behind that JSON would lose', () => {
    const after = stateAfter(states.running, happenings.pause);
    expect(after).to.have.all.keys('name', 'progress');
  });
});

describe('mayServe', () => {
  for (const [name, may] of [
    ['running', true],
    ['paused', true], // who has moved stays
    ['complete', true],
    ['aborted', false],
    ['demoted', false],
  ] as const) {
    it(`${name}: ${may}`, () => {
      expect(mayServe(states[name])).to.equal(may);
    });
  }
});
