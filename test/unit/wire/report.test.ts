import { expect } from 'chai';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { errorCodes } from '../../../src/kernel/errors.js';
import { sessionId, versionId } from '../../../src/kernel/ids.js';
import type { Example } from '../../../src/verdict/dossier.js';
import { added, MOST_ROUTES, newTally } from '../../../src/verdict/tally.js';
import {
  CONTROL_WIRE_VERSION,
  decodeFromFollower,
  encodeMessage,
} from '../../../src/wire/control-message.js';
import { routeOf } from '../../../src/wire/observation.js';
import {
  MOST_REPORTED,
  MOST_SESSION_NUMBERS,
  sessionNumber,
  type VersionReport,
  type WorkerReport,
} from '../../../src/wire/report.js';

const packer = new Packr({ useRecords: false });

/** What arrives of a report: what was sent, or undefined where control refuses it. */
function arrived(report: unknown): WorkerReport | undefined {
  const packed = packer.pack([CONTROL_WIRE_VERSION, { kind: 'report', report }]);
  try {
    const message = decodeFromFollower(packed);
    return message.kind === 'report' ? message.report : undefined;
  } catch (cause) {
    expect(cause).to.have.property('code', 'ERR_WIRE_MALFORMED');
    return undefined;
  }
}

const failure: Example = {
  version: versionId('v2'),
  server: '127.0.0.1:9102',
  route: 'GET /shop',
  outcome: 'failed',
  code: 'ERR_SERVER_RESET',
  status: undefined,
  delay: 12.5,
  bytes: undefined,
  attempt: 1,
  at: 1_700_000_000_000,
  method: 'GET',
  target: '/shop?…',
};
const answer: Example = { ...failure, outcome: 'ok', code: undefined, status: 200, bytes: 0 };

const tally = [failure, answer, { ...answer, attempt: 2 }].reduce(added, newTally());
const whole: VersionReport = {
  version: versionId('v2'),
  counted: 3,
  tally,
  examples: [
    { signal: 'failures', example: failure },
    { signal: 'size', example: answer },
  ],
  sessions: [{ at: 1_700_000_000, sessions: [0, 2 ** 48 - 1] }],
};
const summary = { exchanges: 2, failed: 1, delays: { 0: 1 }, sizes: {} };

const reported = (about: object) => ({ sequence: 1, versions: [{ ...whole, ...about }] });
const tallied = (about: object) => reported({ tally: { ...tally, ...about } });
const exemplified = (about: object) =>
  reported({ examples: [{ signal: 'delay', example: { ...failure, ...about } }] });
const seen = (about: object) => reported({ sessions: [{ ...whole.sessions[0], ...about }] });
const excerpt = {
  status: 200,
  fields: Array(24).fill(['n'.repeat(64), 'v'.repeat(160)]),
  body: 'b'.repeat(2048),
  skipped: 65_536,
  bytes: 2 ** 40,
};
const noText = Object.fromEntries(Object.entries(excerpt).filter(([name]) => name !== 'body'));
const largest = { where: Array(16).fill('p'.repeat(300)), newer: excerpt, older: noText };
const paired = (pairs: readonly unknown[]) =>
  reported({
    examples: pairs.map(pair => ({ signal: 'answers', example: { ...answer, pair } })),
  });
const routes = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`GET /${n}`, summary]));

describe('a report of a worker', () => {
  it('arrives as it was sent', () => {
    const report = { sequence: 7, versions: [whole, { ...whole, version: versionId('v1') }] };
    const message = { kind: 'report', report } as const;
    expect(decodeFromFollower(encodeMessage(message))).to.deep.equal(message);
  });

  it('may be as large as it is allowed to be', () => {
    const most = reported({
      examples: Array(MOST_REPORTED.examples).fill(whole.examples[0]),
      sessions: Array(MOST_REPORTED.slots).fill({
        at: 0,
        sessions: Array(MOST_SESSION_NUMBERS).fill(2 ** 48 - 1),
      }),
      tally: { ...tally, routes: routes(MOST_ROUTES + 1) },
    });
    expect(arrived(most)).to.deep.equal(most);
    const versions = Array(MOST_REPORTED.versions).fill(whole);
    expect(arrived({ sequence: Number.MAX_SAFE_INTEGER, versions })?.versions).to.have.length(64);
  });

  it('holds whatever a worker can have counted', () => {
    const observation = fc.record({
      version: fc.constant(versionId('v2')),
      server: fc.constant('[::1]:80'),
      route: fc.tuple(fc.stringMatching(/^[A-Z]{1,32}$/), fc.webPath()).map(of => routeOf(...of)),
      outcome: fc.constantFrom('ok', 'failed', 'different'),
      code: fc.constantFrom(undefined, ...errorCodes),
      status: fc.constantFrom(undefined, 200, 503),
      delay: fc.double({ min: 0, noNaN: true }),
      bytes: fc.option(fc.maxSafeNat(), { nil: undefined }),
      attempt: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 20 }), observations => {
        const report = tallied(observations.reduce(added, newTally()));
        expect(arrived(report)).to.deep.equal(report);
      }),
    );
  });

  it('may hold as many pairs of answers as are kept, each as large as may be', () => {
    const most = paired(Array(MOST_REPORTED.pairs).fill(largest));
    expect(arrived(most)).to.deep.equal(most);
  });

  const refused: readonly (readonly [what: string, report: unknown])[] = [
    ['nothing in it', undefined],
    [
      'a pair of what failed',
      reported({ examples: [{ signal: 'failures', example: { ...answer, pair: largest } }] }),
    ],
    ['17 pairs', paired(Array(17).fill(largest))],
    ['a pair with more places', paired([{ ...largest, where: Array(17).fill('/a') }])],
    ['a pair with a longer place', paired([{ ...largest, where: ['p'.repeat(301)] }])],
    ['a pair of one', paired([{ where: [], newer: excerpt }])],
    ['a longer body', paired([{ ...largest, newer: { ...excerpt, body: 'b'.repeat(2049) } }])],
    [
      'more fields',
      paired([{ ...largest, newer: { ...excerpt, fields: Array(25).fill(['a', 'b']) } }]),
    ],
    ['a field without a value', paired([{ ...largest, newer: { ...excerpt, fields: [['a']] } }])],
    [
      'a longer value',
      paired([{ ...largest, newer: { ...excerpt, fields: [['a', 'v'.repeat(161)]] } }]),
    ],
    ['something else in a pair', paired([{ ...largest, newer: { ...excerpt, more: 1 } }])],
    ['no versions', { sequence: 1 }],
    ['a sequence of zero: none is counted in', { sequence: 0, versions: [] }],
    ['a sequence that nobody can count to', { sequence: 2 ** 53, versions: [] }],
    ['65 versions', { sequence: 1, versions: Array(65).fill(whole) }],
    ['an unknown field', { sequence: 1, versions: [], more: 1 }],
    ['a version without an id', reported({ version: '' })],
    ['a version whose id is too long', reported({ version: 'v'.repeat(129) })],
    ['a count below zero', reported({ counted: -1 })],
    ['a count that is no whole number', reported({ counted: 0.5 })],
    ['an unknown field of a version', reported({ more: 1 })],
    ['no tally', reported({ tally: undefined })],

    ['exchanges below zero', tallied({ exchanges: -1, failed: -1 })],
    ['more failures than exchanges', tallied({ failed: 3 })],
    ['exchanges that nobody can count', tallied({ exchanges: 2 ** 53 })],
    ['different answers below zero', tallied({ different: -1 })],
    ['more answers that differ than exchanges', tallied({ exchanges: 3, failed: 2, different: 2 })],
    ['repeats that are no number', tallied({ repeats: '1' })],
    ['a kind of failure that there is not', tallied({ failedBy: { ERR_OTHER: 1 } })],
    ['half a failure', tallied({ failedBy: { '5xx': 0.5 } })],
    ['a bucket that is no number', tallied({ delays: { fast: 1 } })],
    ['a bucket that is no whole number', tallied({ delays: { '1.5': 1 } })],
    ['a bucket below zero', tallied({ delays: { '-1': 1 } })],
    ['a bucket with two names', tallied({ sizes: { '07': 1 } })],
    ['a bucket beyond the last', tallied({ sizes: { 1000: 1 } })],
    ['buckets that are a list', tallied({ sizes: [1] })],
    ['buckets that are nothing', tallied({ sizes: null })],
    ['buckets that are a date', tallied({ sizes: new Date(0) })],
    ['values below zero in a bucket', tallied({ sizes: { 7: -1 } })],
    ['values in a bucket that nobody can count', tallied({ sizes: { 7: 2 ** 53 } })],
    ['half a value in a bucket', tallied({ sizes: { 7: 0.5 } })],
    ['too many routes', tallied({ routes: routes(MOST_ROUTES + 2) })],
    ['a route without a name', tallied({ routes: { '': summary } })],
    ['a route with too long a name', tallied({ routes: { ['r'.repeat(65)]: summary } })],
    [
      'more failures than exchanges of a route',
      tallied({ routes: { r: { ...summary, failed: 3 } } }),
    ],
    ['a route within a route', tallied({ routes: { r: { ...summary, routes: {} } } })],

    ['65 examples', reported({ examples: Array(65).fill(whole.examples[0]) })],
    ['a signal that there is not', reported({ examples: [{ signal: 'x', example: failure }] })],
    ['an example whose target is too long', exemplified({ target: '/'.repeat(201) })],
    ['an example whose method is too long', exemplified({ method: 'M'.repeat(33) })],
    ['an example whose route is too long', exemplified({ route: 'r'.repeat(65) })],
    ['an example whose server is too long', exemplified({ server: 's'.repeat(260) })],
    ['an example of an unknown outcome', exemplified({ outcome: 'odd' })],
    ['an example with an unknown code', exemplified({ code: 'ERR_OTHER' })],
    ['an example with a status that is none', exemplified({ status: 600 })],
    ['an example with a delay below zero', exemplified({ delay: -1 })],
    ['an example without a delay', exemplified({ delay: NaN })],
    ['an example with half a byte', exemplified({ bytes: 0.5 })],
    ['an example before the first attempt', exemplified({ attempt: 0 })],
    ['an example before 1970', exemplified({ at: -1 })],
    ['an example that says more', exemplified({ cookie: 'secret' })],

    ['65 slots', reported({ sessions: Array(65).fill(whole.sessions[0]) })],
    ['sessions between two slots', seen({ at: 1_700_000_001 })],
    ['sessions before 1970', seen({ at: -10 })],
    ['too many sessions of a slot', seen({ sessions: Array(MOST_SESSION_NUMBERS + 1).fill(1) })],
    ['sessions that are no list', seen({ sessions: { length: 0 } })],
    ['half a session number', seen({ sessions: [0.5] })],
    ['a session number that is text', seen({ sessions: ['1'] })],
    ['a session number of 49 bits', seen({ sessions: [2 ** 48] })],
    ['a session number below zero', seen({ sessions: [-1] })],
  ];
  for (const [what, report] of refused) {
    it(`is refused with ${what}`, () => {
      expect(arrived(report)).to.equal(undefined);
    });
  }
});

describe('sessionNumber', () => {
  it('is the first 48 bits of the id', () => {
    expect(sessionNumber(sessionId('AAAAAAAAAAAAAAAAAAAAAA'))).to.equal(0);
    expect(sessionNumber(sessionId('AAAAAAABAAAAAAAAAAAAAA'))).to.equal(1);
    expect(sessionNumber(sessionId('AAAAAAAB______________'))).to.equal(1);
    expect(sessionNumber(sessionId('________AAAAAAAAAAAAAA'))).to.equal(2 ** 48 - 1);
  });
});
