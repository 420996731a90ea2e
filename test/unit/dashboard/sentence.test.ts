import { expect } from 'chai';
import { announcement, storyOf } from '../../../dashboard/src/pure/sentence.js';
import type { Live, LiveVersion } from '../../../src/control/live.js';
import {
  demoted,
  gradual,
  live,
  moving,
  newId,
  points,
  upgrade,
  version,
  why,
} from '../../operator/support/live-states.js';

const told = (state: Live) => {
  const { kind, headline, because } = storyOf(state);
  return `${kind} | ${headline} | ${because}`;
};
const about = (newer: Partial<LiveVersion>, rest: Partial<Live> = {}) =>
  told(gradual({ versions: [moving(newer), version()], ...rest }));

const event = (what: string) => ({ at: live().at, id: newId, version: '2.0', what, edition: 8 });
const doubt = {
  failures: { strength: 60, needed: 800 },
  delay: { strength: 2, needed: 800 },
  size: { strength: 1, needed: 800 },
  answers: { strength: 1, needed: 800 },
};
const still = (strength: number) =>
  upgrade({
    points: points(5, () => ({ strength, share: 36 })),
    why: why({ because: '12 of 50 exchanges', evidence: doubt }),
  });

describe('the story of an upgrade', () => {
  const rows: readonly (readonly [story: string, told: string])[] = [
    [told(live()), 'still | No upgrade is under way. | Version 1.0 serves everybody.'],
    [
      told(live({ upgrade: upgrade() })), // its version was removed
      'still | No upgrade is under way. | Version 1.0 serves everybody.',
    ],
    [
      about({}),
      'advances | Version 2.0 advances: it gets 36 % of new sessions. | ' +
        'Neither a difference is proven nor its absence.',
    ],
    [
      about({ upgradeTransition: { mode: 'INSTANT' }, progress: undefined as never }),
      'advances | Version 2.0 serves every request, and is watched. | ' +
        'Neither a difference is proven nor its absence.',
    ],
    [
      about({ upgradeTransition: { mode: 'CONCURRENT' }, progress: undefined as never }),
      'advances | Version 2.0 answers beside 1.0; its answers are used where both agree. | ' +
        'Neither a difference is proven nor its absence.',
    ],
    [
      about({}, { upgrade: still(0.6) }),
      'waits | Version 2.0 waits at 36 % of new sessions. | ' +
        'Nobody more moves while there is doubt (failures): 12 of 50 exchanges.',
    ],
    [
      about({}, { upgrade: still(0.4) }), // it stands still for want of requests
      'advances | Version 2.0 advances: it gets 36 % of new sessions. | 12 of 50 exchanges.',
    ],
    [
      about({ state: 'paused' }),
      'waits | Version 2.0 is paused at 36 % of new sessions. | Somebody paused it: nobody new moves to it.',
    ],
    [
      about({ state: 'paused', because: 'it fails more often' }), // policy freeze
      'waits | Version 2.0 is paused at 36 % of new sessions. | It fails more often.',
    ],
    [
      about({ state: 'superseded' }),
      'waits | Version 2.0 waits. | A newer version decides who is served by whom.',
    ],
    [
      about(
        {},
        { upgrade: upgrade({ why: why({ verdict: 'unhealthy', because: 'it is slow' }) }) },
      ),
      'waits | Version 2.0 is unhealthy at 36 % of new sessions. | It is slow.', // policy alert
    ],
    [
      told(demoted()),
      'back | Version 2.0 was taken back: 1.0 serves again. | ' +
        'It fails more often: 31 of 60, stable 0 of 1200.',
    ],
    [
      about({ state: 'aborted' }),
      'back | Version 2.0 was aborted: 1.0 serves again. | Somebody ended its upgrade: it serves nobody.',
    ],
    [
      about({ state: 'complete' }, { upgrade: upgrade({ events: [event('promoted')] }) }),
      'done | The upgrade to version 2.0 is complete. | Somebody promoted it: it serves everybody.',
    ],
    [
      about(
        { state: 'complete' },
        {
          upgrade: upgrade({
            events: [event('completed')],
            why: why({ because: 'it is no worse' }),
          }),
        },
      ),
      'done | The upgrade to version 2.0 is complete. | Nobody is left to move: it is no worse.',
    ],
  ];
  for (const [story, is] of rows) {
    it(`is: ${is}`, () => {
      expect(story).to.equal(is);
    });
  }
});

describe('what is said aloud', () => {
  it('is nothing at first, nor where only numbers have changed', () => {
    expect(announcement(undefined, gradual())).to.equal(undefined);
    expect(
      announcement(gradual(), gradual({ versions: [moving({ share: 40 }), version()] })),
    ).to.equal(undefined);
  });

  it('is every change of a state or a verdict, and who came and went', () => {
    const aloud = (...versions: readonly LiveVersion[]) =>
      announcement(gradual(), live({ versions }));
    expect(aloud(moving({ verdict: 'healthy' }), version())).to.equal(
      'The verdict on version 2.0 is healthy.',
    );
    expect(aloud(moving({ state: 'demoted', because: 'it fails' }), version())).to.equal(
      'Version 2.0 is demoted now: it fails.',
    );
    expect(aloud(version())).to.equal('Version 2.0 was removed.');
    expect(aloud(moving({ id: 'x', version: '3.0' }), moving(), version())).to.equal(
      'Version 3.0 was added.',
    );
  });
});
