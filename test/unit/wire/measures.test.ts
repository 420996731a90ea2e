import { expect } from 'chai';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { errorCodes, isErrorCode } from '../../../src/kernel/errors.js';
import { BOUNDS, type Durations } from '../../../src/measures/durations.js';
import {
  CONTROL_WIRE_VERSION,
  decodeFromFollower,
  encodeMessage,
} from '../../../src/wire/control-message.js';
import {
  MOST_MEASURES,
  requestEnds,
  servedEnds,
  statusClasses,
  strategyLabels,
  type Measures,
} from '../../../src/wire/measures.js';
import {
  durationsOf,
  frontendMeasures,
  measures,
  versionMeasures,
  workerMeasures,
} from '../control/measured.js';

const packer = new Packr({ useRecords: false });

/** What arrives of measures: what was sent, or undefined where control refuses it. */
function arrived(sent: unknown): Measures | undefined {
  try {
    const packed = packer.pack([CONTROL_WIRE_VERSION, { kind: 'measures', measures: sent }]);
    const message = decodeFromFollower(packed);
    return message.kind === 'measures' ? message.measures : undefined;
  } catch (cause) {
    expect(cause).to.have.property('code', 'ERR_WIRE_MALFORMED');
    return undefined;
  }
}

const all = Number.MAX_SAFE_INTEGER;
const everyCode = Object.fromEntries(errorCodes.filter(isErrorCode).map(code => [code, all]));
const fullDurations: Durations = {
  counts: Array.from({ length: BOUNDS.length + 1 }, () => all),
  sum: 1e300,
};

/** As much as one message may say. */
const largest = {
  frontend: measures(
    frontendMeasures({
      workers: Array.from({ length: MOST_MEASURES.workers }, (_, n) => ({
        name: `${'w'.repeat(125)}${n}`,
        outstanding: all,
        isDraining: true,
      })),
      requests: requestEnds.flatMap(end =>
        statusClasses.map(status => ({ end, status, count: all })),
      ),
      durations: fullDurations,
      waits: fullDurations,
      refusals: everyCode,
    }),
  ),
  worker: measures(
    workerMeasures({
      versions: Array.from({ length: MOST_MEASURES.versions }, (_, n) =>
        versionMeasures(`${'v'.repeat(126)}${n}`, {
          requests: strategyLabels.flatMap(strategy =>
            servedEnds.flatMap(end =>
              statusClasses.map(status => ({ strategy, end, status, count: all })),
            ),
          ),
          durations: fullDurations,
          heads: fullDurations,
          failures: { ...everyCode, '5xx': all },
        }),
      ),
    }),
  ),
};

const version = versionMeasures('v', {
  requests: [{ strategy: 'GRADUAL', end: 'rescued', status: '5xx', count: 3 }],
  durations: durationsOf(0.1),
  failures: { '5xx': 1, ERR_SERVER_RESET: 2 },
});
const ofFrontend = (about: object) => measures({ ...frontendMeasures(), ...about });
const ofWorker = (about: object) => measures({ ...workerMeasures(), ...about });
const ofVersion = (about: object) => ofWorker({ versions: [{ ...version, ...about }] });

describe('measures of a follower', () => {
  const whole = { frontend: ofFrontend({ accepted: 3 }), worker: ofVersion({}) };
  for (const [role, sent] of [...Object.entries(whole), ...Object.entries(largest)]) {
    it(`arrive as a ${role} sent them (${packer.pack(sent).length} bytes)`, () => {
      expect(decodeFromFollower(encodeMessage({ kind: 'measures', measures: sent }))).to.deep.equal(
        {
          kind: 'measures',
          measures: sent,
        },
      );
    });
  }

  it('are of bounded size, whatever they say', () => {
    expect(packer.pack(largest.worker).length).to.be.below(1_000_000);
    expect(packer.pack(largest.frontend).length).to.be.below(20_000);
  });

  const count = { end: 'answered', status: '2xx', count: 1 };
  const refused: readonly (readonly [what: string, sent: unknown])[] = [
    ['nothing', undefined],
    ['no process', { work: frontendMeasures() }],
    ['no work', { process: measures(frontendMeasures()).process }],
    ['a field more', { ...ofFrontend({}), more: 1 }],
    ['a field more of the work', ofFrontend({ more: 1 })],
    ['fields of the other role', ofFrontend({ versions: [] })],
    ['a role that there is not', ofFrontend({ role: 'control' })],
    ['memory below zero', measures(frontendMeasures(), { memory: -1 })],
    ['memory that is no number', measures(frontendMeasures(), { memory: Number.NaN })],
    ['endless processor time', measures(frontendMeasures(), { cpu: Infinity })],
    ['a count that is not whole', ofFrontend({ accepted: 0.5 })],
    ['a count below zero', ofFrontend({ accepted: -1 })],
    ['a count that is no safe number', ofFrontend({ accepted: 2 ** 53 })],
    ['an end that there is not', ofFrontend({ requests: [{ ...count, end: 'rescued' }] })],
    ['a class that there is not', ofFrontend({ requests: [{ ...count, status: '6xx' }] })],
    ['more rows than labels', ofFrontend({ requests: Array.from({ length: 25 }, () => count) })],
    ['a code that there is not', ofFrontend({ refusals: { ERR_MINE: 1 } })],
    ['too few buckets', ofFrontend({ durations: { counts: [1], sum: 1 } })],
    ['too many buckets', ofFrontend({ waits: { counts: [...durationsOf().counts, 0], sum: 1 } })],
    [
      'more workers than are told',
      ofFrontend({
        workers: Array.from({ length: 65 }, () => ({
          name: 'w',
          outstanding: 0,
          isDraining: false,
        })),
      }),
    ],
    [
      'a worker of an odd name',
      ofFrontend({ workers: [{ name: 'a"}', outstanding: 0, isDraining: false }] }),
    ],
    [
      'more versions than are told',
      ofWorker({ versions: Array.from({ length: 65 }, () => version) }),
    ],
    ['a version without a name', ofVersion({ version: '' })],
    ['a strategy that there is not', ofVersion({ requests: [{ ...count, strategy: 'SLOW' }] })],
    ['a reason that there is not', ofVersion({ failures: { '4xx': 1 } })],
    ['attempts without an outcome', ofVersion({ attempts: { ok: 1, failed: 1 } })],
    [
      'a result that there is not',
      ofVersion({ comparisons: { agree: 1, differ: 1, unknown: 1, maybe: 1 } }),
    ],
  ];
  for (const [what, sent] of refused) {
    it(`are refused: ${what}`, () => expect(arrived(sent)).to.equal(undefined));
  }

  it('are refused or taken, whatever stands where; nothing else is thrown', () => {
    const seed = Date.now() & 0x7fffffff;
    const anything = fc.anything({ withDate: false, maxDepth: 2 });
    const replaced = fc.tuple(fc.constantFrom(whole.frontend, whole.worker), fc.nat(), anything);
    fc.assert(
      fc.property(replaced, ([sent, at, value]) => {
        const changed = structuredClone(sent) as unknown as Record<string, Record<string, unknown>>;
        const places = Object.entries(changed).flatMap(([part, fields]) =>
          Object.keys(fields).map(field => [part, field] as const),
        );
        const [part, field] = places[at % places.length]!;
        changed[part]![field] = value;
        const found = arrived(changed);
        if (found !== undefined)
          expect(() => encodeMessage({ kind: 'measures', measures: found })).not.to.throw();
      }),
      { seed, numRuns: 300 },
    );
  });
});
