import { expect } from 'chai';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { MOST_EVENTS } from '../../../src/control/chronicle.js';
import type { Learned } from '../../../src/control/learned.js';
import { decoded, encoded, LARGEST_LEARNED } from '../../../src/control/learned-format.js';
import { MOST_TRIALS, Overseer } from '../../../src/control/overseer.js';
import { versionId } from '../../../src/kernel/ids.js';
import { newTally, type Summary, type Tally } from '../../../src/verdict/tally.js';
import { signals } from '../../../src/verdict/signals.js';
import { pairOf } from '../verdict/pair-of.js';
import { failing, many, ok } from '../verdict/seen.js';
import { monitorOf, reread } from './learned-world.js';
import { instant, ruin, upgrading, v1, v2, World } from './overseer-world.js';

const example = { ...failing, version: v2, at: 7, method: 'GET', target: '/shop' };

function eventful(): World {
  const world = new World();
  world.report('a', { version: v1, tally: many(50, ok) });
  world.tick();
  world.add(v2, instant);
  const examples = signals.map(signal => ({ signal, example }));
  world.report('a', { version: v2, tally: many(2, { ...ok, outcome: 'different' }), examples });
  world.tick();
  ruin(world);
  world.tick();
  return world;
}

const learned = eventful().overseer.learned;
const nothing = new Overseer(monitorOf()).learned;

/** A file with this content; its checksum is right. */
function fileWith(content: unknown, head: Record<string, unknown> = {}): Buffer {
  const sha256 = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return Buffer.from(JSON.stringify({ format: 1, sha256, learned: content, ...head }));
}

const plain = (): Plain => {
  const file = JSON.parse(encoded(learned).toString()) as { learned: Plain };
  return file.learned;
};
/** What JSON makes of it: to be damaged at will. */
type Plain = Record<string, unknown> & {
  trials: Record<string, unknown>[];
  events: Record<string, unknown>[];
};

const becauseOf = (bytes: Buffer): string => {
  const found = decoded(bytes);
  if (found.ok) throw new Error('it was not found damaged');
  return found.because;
};

describe('what was learned, as bytes', () => {
  it('comes back as it was: evidence, tallies, examples, events', () => {
    const { usual, ...rest } = reread(learned);
    const { usual: before, ...same } = learned;
    expect(rest).to.deep.equal(same);
    expect(rest.trials[0]?.dossier.size).to.deep.equal([example]);
    expect(usual.version).to.equal(v1);
    expect(usual.minutes.map(({ tally }) => tally)).to.deep.equal(
      before.minutes.map(({ tally }) => tally),
    );
  });

  it('is written without answers of the application: these stay in memory', () => {
    const world = upgrading();
    const example = { ...ok, at: 1, method: 'GET', target: '/', pair: pairOf('said to a client') };
    world.report('a', { version: v2, examples: [{ signal: 'answers', example }] });
    world.tick();
    const { learned: before } = world.overseer;
    expect(before.trials[0]?.dossier.answers[0]?.pair?.newer.body).to.equal('said to a client');
    expect(encoded(before).toString()).not.to.contain('said to a client');
    const [after] = reread(before).trials;
    expect(after?.dossier.answers).to.have.length(1);
    expect(after?.dossier.answers[0]).not.to.have.property('pair');
  });

  it('comes back where nothing was learned yet', () => {
    expect(reread(nothing)).to.deep.equal(nothing);
  });

  it('comes back where nothing else may serve', () => {
    const world = upgrading();
    world.make({ kind: 'remove', id: v1 });
    world.tick();
    const [trial] = reread(world.overseer.learned).trials;
    expect(trial).to.include({ id: v2, stable: undefined });
  });

  it('makes one of the minutes before', () => {
    const world = new World();
    for (let n = 0; n < 3; n++) {
      world.report('a', { version: v1, tally: many(2, ok) });
      world.tick(60_000);
    }
    expect(world.overseer.learned.usual.minutes).to.have.lengthOf(3);
    const { minutes } = reread(world.overseer.learned).usual;
    expect(minutes.map(({ tally }) => tally.exchanges)).to.deep.equal([6]);
  });

  it('comes back whatever was seen', () => {
    const outcome = fc.constantFrom('ok', 'failed', 'different');
    const seen = fc.record({
      outcome,
      delay: fc.double({ min: 0, max: 1e13, noNaN: true }),
      bytes: fc.option(fc.maxSafeNat(), { nil: undefined }),
      attempt: fc.integer({ min: 1, max: 2 }),
      route: fc.constantFrom('GET /', 'POST /a', 'GET /__proto__'),
    });
    const look = fc.tuple(seen, fc.nat(40), fc.nat(40), fc.nat(3));
    fc.assert(
      fc.property(fc.array(look, { maxLength: 12 }), looks => {
        const world = upgrading();
        world.obeys = false;
        for (const [what, newer, stable, broken] of looks) {
          const of = { ...ok, ...what };
          world.tallies(many(newer, of), many(stable, of));
          world.tallies(many(broken, failing), newTally());
          world.tick();
        }
        expect(reread(world.overseer.learned)).to.deep.equal(world.overseer.learned);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves the older half of the upgrades out where all would take too much room', () => {
    const histogram = Object.fromEntries(
      Array.from({ length: 300 }, (_, bucket) => [bucket, Number.MAX_SAFE_INTEGER]),
    );
    const summary: Summary = { exchanges: 1, failed: 0, delays: histogram, sizes: histogram };
    const routes = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`GET /${n}`, summary]));
    const huge: Tally = { ...newTally(), ...summary, routes };
    const [trial] = learned.trials;
    if (trial === undefined) throw new Error('there is no trial');
    const trials = Array.from({ length: MOST_TRIALS }, (_, n) => ({
      ...trial,
      id: versionId(`v${n}`),
      newerTally: huge,
      stableTally: huge,
      usual: huge,
    }));
    const bytes = encoded({ ...learned, trials });
    expect(bytes.length).to.be.within(LARGEST_LEARNED / 4, LARGEST_LEARNED);
    const found = decoded(bytes);
    if (!found.ok) throw new Error(found.because);
    expect(found.learned.trials.map(({ id }) => id)).to.deep.equal(
      [8, 9, 10, 11, 12, 13, 14, 15].map(n => `v${n}`),
    );
  }).timeout(20_000);
});

describe('a damaged file of what was learned', () => {
  it('is never read as something else, whichever byte is another one', () => {
    const bytes = encoded(learned);
    const same = reread(learned);
    fc.assert(
      fc.property(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const other = Buffer.from(bytes);
        other.writeUInt8(other.readUInt8(at) ^ by, at);
        const found = decoded(other);
        // The last of 17 digits may be another one, and the number the same.
        if (found.ok) expect(found.learned).to.deep.equal(same);
      }),
    );
  });

  it('is found out wherever it is cut off', () => {
    const bytes = encoded(learned);
    fc.assert(
      fc.property(fc.nat(bytes.length - 2), length => {
        expect(decoded(bytes.subarray(0, length)).ok).to.equal(false);
      }),
    );
  });

  const texts: readonly (readonly [what: string, bytes: Buffer, because: string])[] = [
    ['is empty', Buffer.alloc(0), 'it is not JSON'],
    ['is no JSON', Buffer.from('{"format": 1,}'), 'it is not JSON'],
    ['is a list', Buffer.from('[1]'), 'it is no object'],
    ['is null', Buffer.from('null'), 'it is no object'],
    ['has no format', fileWith(plain(), { format: undefined }), 'its format is not 1'],
    ['is of a later program', fileWith(plain(), { format: 2 }), 'its format is not 1'],
    [
      'has another checksum',
      fileWith(plain(), { sha256: 'f00' }),
      'its checksum is not that of its content',
    ],
    [
      'has no content',
      Buffer.from('{"format":1,"sha256":""}'),
      'its checksum is not that of its content',
    ],
    [
      'is too large',
      Buffer.alloc(LARGEST_LEARNED + 1, ' '),
      `it has more than ${LARGEST_LEARNED} bytes`,
    ],
    [
      'is nested more deeply than anybody can follow',
      Buffer.from(`{"format":1,"learned":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
      'it is nested too deeply',
    ],
  ];
  for (const [what, bytes, because] of texts) {
    it(`is not used where it ${what}`, () => expect(becauseOf(bytes)).to.equal(because));
  }

  it('is used whatever its white space', () => {
    const { sha256 } = JSON.parse(encoded(learned).toString()) as { sha256: string };
    const bytes = Buffer.from(
      JSON.stringify({ format: 1, sha256, learned: plain() }, undefined, 3),
    );
    expect(decoded(bytes)).to.deep.equal({ ok: true, learned: reread(learned) });
  });

  const [trial] = plain().trials;
  const [event] = plain().events;
  const times = <Item>(n: number, item: (at: number) => Item) =>
    Array.from({ length: n }, (_, at) => item(at));
  const inTrial = (change: Record<string, unknown>) => ({ trials: [{ ...trial, ...change }] });
  const inEvent = (change: Record<string, unknown>) => ({ events: [{ ...event, ...change }] });
  const filed = (change: Record<string, unknown>) =>
    inTrial({
      dossier: { failures: [{ ...example, ...change }], delay: [], size: [], answers: [] },
    });
  const examples = times(11, () => example);
  const weighing = trial?.['evidence'] as Record<string, unknown>;

  const contents: readonly (readonly [what: string, Record<string, unknown>, where: string])[] = [
    ['a field that nobody knows', { more: 1 }, 'learned'],
    ['no edition', { edition: undefined }, 'learned.edition'],
    ['a policy without numbers', { policy: {} }, 'learned.policy.minimumSample'],
    [
      'too many upgrades',
      { trials: times(MOST_TRIALS + 1, at => ({ ...trial, id: `v${at}` })) },
      'learned.trials',
    ],
    ['an upgrade twice', { trials: [trial, trial] }, 'learned.trials'],
    ['an upgrade without id', inTrial({ id: '' }), 'learned.trials.0.id'],
    ['an endless id', inTrial({ id: 'x'.repeat(129) }), 'learned.trials.0.id'],
    ['an endless number', inTrial({ number: '1'.repeat(4097) }), 'learned.trials.0.number'],
    ['a moment that no calendar has', inTrial({ since: 1e16 }), 'learned.trials.0.since'],
    ['an upgrade that says more', inTrial({ more: 1 }), 'learned.trials.0'],
    ['no evidence', inTrial({ evidence: undefined }), 'learned.trials.0.evidence'],
    [
      'evidence without a capital',
      inTrial({ evidence: { ...weighing, asGood: {} } }),
      'learned.trials.0.evidence.asGood.reserve',
    ],
    [
      'half an exchange',
      inTrial({ evidence: { ...weighing, exchanges: 0.5 } }),
      'learned.trials.0.evidence.exchanges',
    ],
    [
      'more failures than exchanges',
      inTrial({ usual: { ...newTally(), failed: 1 } }),
      'learned.trials.0.usual',
    ],
    [
      'too many examples',
      inTrial({ dossier: { failures: examples, delay: [], size: [], answers: [] } }),
      'learned.trials.0.dossier.failures',
    ],
    [
      'an example with an unknown code',
      filed({ code: 'ERR_OH' }),
      'learned.trials.0.dossier.failures.0.code',
    ],
    [
      'an example with an endless target',
      filed({ target: '/'.repeat(201) }),
      'learned.trials.0.dossier.failures.0.target',
    ],
    ['typical values of nobody', { usual: { tally: newTally() } }, 'learned.usual.version'],
    ['too many events', { events: times(MOST_EVENTS + 1, () => event) }, 'learned.events'],
    ['an event at no time', inEvent({ at: 'noon' }), 'learned.events.0.at'],
    ['an event with an endless reason', inEvent({ because: 'x'.repeat(4097) }), 'learned.events.0'],
    ['an event that says more', inEvent({ more: 1 }), 'learned.events.0'],
  ];
  for (const [what, change, where] of contents) {
    it(`is not used with ${what}, though its checksum is right`, () => {
      expect(decoded(fileWith(plain())).ok, 'without it').to.equal(true);
      expect(becauseOf(fileWith({ ...plain(), ...change }))).to.include(where);
    });
  }

  it('holds as much as control keeps', () => {
    const full: Learned = {
      ...learned,
      trials: learned.trials.flatMap(each =>
        times(MOST_TRIALS, at => ({ ...each, id: versionId(`v${at}`) })),
      ),
      events: times(MOST_EVENTS, () => learned.events[0]).filter(each => each !== undefined),
    };
    expect(reread(full)).to.include.keys('trials', 'events');
    expect(reread(full).trials).to.have.lengthOf(MOST_TRIALS);
    expect(reread(full).events).to.have.lengthOf(MOST_EVENTS);
  });
});
