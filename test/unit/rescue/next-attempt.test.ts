import { expect } from 'chai';
import fc from 'fast-check';
import {
  isCharged,
  MOST_SEEN,
  nextAttempt,
  type FailedAttempt,
  type Failure,
  type NextAttempt,
} from '../../../workers/rescue/next-attempt.js';

/** A GET that everything could be done for. */
const failed: FailedAttempt = {
  failure: 'reset',
  safeToRepeat: true,
  hasIdempotencyKey: false,
  honoursIdempotencyKeys: false,
  isWhole: true,
  wasUsed: false,
  seen: 1,
  ofMovingVersion: true,
  serversLeft: 1,
  versionsLeft: 1,
  budgetAllows: true,
  timeLeft: 1000,
};
const post = { safeToRepeat: false } as const;
const unseen = { failure: 'unseen', seen: 0 } as const;
const nowhere = { serversLeft: 0, versionsLeft: 0 } as const;

type Row = readonly [says: string, about: Partial<FailedAttempt>, next: NextAttempt];
const rows: readonly Row[] = [
  ['unseen: another server', unseen, 'other-server'],
  ['unseen: without servers the next version', { ...unseen, serversLeft: 0 }, 'other-version'],
  ['unseen: nowhere to go', { ...unseen, ...nowhere }, 'fail'],
  ['unseen: a POST as well', { ...unseen, ...post }, 'other-server'],
  ['unseen: the budget is not asked', { ...unseen, budgetAllows: false }, 'other-server'],
  ['unseen: time is not asked', { ...unseen, timeLeft: 0 }, 'other-server'],
  ['unseen after a POST was seen', { ...unseen, ...post, seen: 1 }, 'fail'],
  ['reset: another server', {}, 'other-server'],
  ['reset: without servers the next version', { serversLeft: 0 }, 'other-version'],
  ['reset: nowhere to go', nowhere, 'fail'],
  ['reset: a POST', post, 'fail'],
  ['reset: a POST over a used connection', { ...post, wasUsed: true }, 'fail'],
  ['reset: a key that is not honoured', { ...post, hasIdempotencyKey: true }, 'fail'],
  ['reset: keys honoured, but it has none', { ...post, honoursIdempotencyKeys: true }, 'fail'],
  [
    'reset: an honoured key',
    { ...post, hasIdempotencyKey: true, honoursIdempotencyKeys: true },
    'other-server',
  ],
  ['reset: a body that is gone', { isWhole: false }, 'fail'],
  ['reset: no budget', { budgetAllows: false }, 'fail'],
  [
    'reset: no budget, but the way back from a version under way',
    { budgetAllows: false, ofMovingVersion: true, serversLeft: 0 },
    'other-version',
  ],
  ['reset: a used connection', { wasUsed: true }, 'again'],
  ['reset: a used connection, nowhere else', { ...nowhere, wasUsed: true }, 'again'],
  ['reset: a used connection is free', { wasUsed: true, budgetAllows: false }, 'again'],
  ['reset: the last attempt is the older version’s', { seen: 2, wasUsed: true }, 'other-version'],
  ['reset: without versions the last is a server’s', { seen: 2, versionsLeft: 0 }, 'other-server'],
  ['reset: as many versions as attempts', { versionsLeft: 2 }, 'other-version'],
  ['reset: three were seen', { seen: MOST_SEEN, versionsLeft: 0 }, 'fail'],
  ['reset: three were seen, and a version is left', { seen: MOST_SEEN }, 'other-version'],
  ['reset: a used connection, three were seen', { seen: 3, wasUsed: true }, 'other-version'],
  ['silent: the next version first', { failure: 'silent' }, 'other-version'],
  ['silent: without versions a server', { failure: 'silent', versionsLeft: 0 }, 'other-server'],
  ['silent: nowhere to go', { failure: 'silent', ...nowhere }, 'fail'],
  ['silent: no time', { failure: 'silent', timeLeft: 0 }, 'fail'],
  ['silent: no budget', { failure: 'silent', budgetAllows: false, ofMovingVersion: false }, 'fail'],
  [
    'silent: no budget, but the way back',
    { failure: 'silent', budgetAllows: false, ofMovingVersion: true },
    'other-version',
  ],
  ['silent: a POST', { failure: 'silent', ...post }, 'fail'],
  ['silent: a used connection is no excuse', { failure: 'silent', wasUsed: true }, 'other-version'],
  ['malformed: another server', { failure: 'malformed' }, 'other-server'],
  ['malformed: no budget', { failure: 'malformed', budgetAllows: false }, 'fail'],
  ['malformed: a POST', { failure: 'malformed', ...post }, 'fail'],
  ['5xx: another server', { failure: 'status5xx' }, 'other-server'],
  ['5xx: then the version', { failure: 'status5xx', seen: 2 }, 'other-version'],
  ['5xx of a version at rest', { failure: 'status5xx', ofMovingVersion: false }, 'pass-on'],
  ['5xx to a POST', { failure: 'status5xx', ...post }, 'pass-on'],
  ['5xx: no budget', { failure: 'status5xx', budgetAllows: false }, 'pass-on'],
  ['5xx: nowhere to go', { failure: 'status5xx', ...nowhere }, 'pass-on'],
  ['5xx: three were seen', { failure: 'status5xx', seen: 3, versionsLeft: 0 }, 'pass-on'],
  ['5xx: three seen, a version left', { failure: 'status5xx', seen: 9 }, 'other-version'],
];

const failures = ['unseen', 'reset', 'silent', 'malformed', 'status5xx'] as const;

/** Everything that can be drawn for one request; each attempt takes the next failure. */
interface Story {
  readonly failures: Iterator<Failure, Failure>;
  readonly used: Iterator<boolean, boolean>;
  readonly servers: readonly number[];
  readonly safeToRepeat: boolean;
  readonly budgetAllows: boolean;
  readonly isWhole: boolean;
}
const story: fc.Arbitrary<Story> = fc.record({
  failures: fc.infiniteStream(fc.constantFrom<Failure>(...failures)),
  used: fc.infiniteStream(fc.boolean()),
  servers: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  safeToRepeat: fc.boolean(),
  budgetAllows: fc.boolean(),
  isWhole: fc.boolean(),
});

/** The failures of all attempts, and what came of the last one. */
function told(about: Story): { attempts: readonly Failure[]; end: NextAttempt } {
  const attempts: Failure[] = [];
  let version = 0;
  let serversLeft = about.servers[0]! - 1;
  for (let seen = 0; attempts.length < 1000;) {
    const failure = about.failures.next().value;
    attempts.push(failure);
    if (failure !== 'unseen') seen += 1;
    const versionsLeft = about.servers.length - 1 - version;
    const wasUsed = about.used.next().value;
    const end = nextAttempt({
      ...failed,
      ...about,
      failure,
      wasUsed,
      seen,
      serversLeft,
      versionsLeft,
    });
    if (end === 'fail' || end === 'pass-on') return { attempts, end };
    if (end === 'other-server') serversLeft -= 1;
    if (end === 'other-version') serversLeft = about.servers[++version]! - 1;
    expect(serversLeft).to.be.at.least(0);
  }
  throw new Error('does not end');
}

describe('nextAttempt', () => {
  for (const [says, about, next] of rows) {
    it(`${says} → ${next}`, () => {
      expect(nextAttempt({ ...failed, ...about })).to.equal(next);
    });
  }

  it('ends, whatever happens', () => {
    fc.assert(
      fc.property(story, about => {
        const { attempts } = told(about);
        const all = about.servers.reduce((sum, each) => sum + each, 0);
        expect(attempts.length).to.be.at.most(all + MOST_SEEN);
      }),
    );
  });

  it('never sends twice what a container has seen and is not safe to repeat', () => {
    fc.assert(
      fc.property(story, about => {
        const { attempts } = told({ ...about, safeToRepeat: false });
        expect(attempts.slice(0, -1).every(failure => failure === 'unseen')).to.be.true;
      }),
    );
  });

  it('lets no more than three containers see a request, and one of each further version', () => {
    fc.assert(
      fc.property(story, about => {
        const { attempts } = told(about);
        const seen = attempts.filter(failure => failure !== 'unseen').length;
        expect(seen).to.be.at.most(Math.max(MOST_SEEN, about.servers.length));
      }),
    );
  });

  it('passes on only what is an answer, and never fails with one in hand', () => {
    fc.assert(
      fc.property(story, about => {
        const { attempts, end } = told(about);
        expect(end === 'pass-on').to.equal(attempts.at(-1) === 'status5xx');
      }),
    );
  });
});

describe('isCharged', () => {
  const charges: readonly (readonly [Failure, NextAttempt, boolean])[] = [
    ['reset', 'other-server', true],
    ['status5xx', 'other-version', true],
    ['unseen', 'other-server', false],
    ['unseen', 'other-version', false],
    ['reset', 'again', false],
    ['reset', 'fail', false],
    ['status5xx', 'pass-on', false],
  ];
  for (const [failure, following, charged] of charges) {
    it(`says ${charged} of ${following} after ${failure}`, () => {
      expect(isCharged(failure, following)).to.equal(charged);
    });
  }
});
