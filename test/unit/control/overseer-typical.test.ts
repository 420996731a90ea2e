import { newTally } from '../../../src/verdict/tally.js';
import { expect } from 'chai';
import { failing, many, ok } from '../verdict/seen.js';
import { v1, v2, v3, World, instant, session, upgrading } from './overseer-world.js';

const none = newTally();

describe('the overseer, on typical values', () => {
  /** The newer version takes all traffic, and answers so. */
  const alone = (world: World, tally: typeof none) => {
    for (let n = 0; n < 5 && world.stateOf(v2)?.name === 'running'; n++) {
      world.report('a', { version: v2, tally });
      world.tick();
    }
    return world.stateOf(v2);
  };
  const usual = (times = 10) => {
    const world = new World();
    for (let n = 0; n < times; n++) {
      world.report('a', { version: v1, tally: many(20, ok) });
      world.tick(60_000);
    }
    world.add(v2, instant);
    return world;
  };

  for (const [what, tally, because] of [
    ['slow', many(20, { ...ok, delay: 300 }), 'it answers more slowly: 20 of 20, usually 0 of 200'],
    [
      'of other sizes',
      many(20, { ...ok, bytes: 0 }),
      'its answers have other sizes: 20 of 20, usually 0 of 200',
    ],
    ['different', many(20, { ...ok, outcome: 'different' }), 'its answers are different: 20 of 20'],
    ['failing', many(20, failing), 'it fails more often: 20 of 20, usually 0 of 200'],
  ] as const) {
    it(`demotes a version that is ${what} with all traffic`, () => {
      expect(alone(usual(), tally)).to.deep.equal({ name: 'demoted', because });
    });
  }

  it('holds slowness against the stable version beside it where nothing is known from before', () => {
    const world = upgrading(session);
    world.tallies(none, many(200, ok));
    world.tick();
    for (let n = 0; n < 3; n++) {
      world.tallies(many(20, { ...ok, delay: 300 }), many(20, ok));
      world.tick();
    }
    expect(world.stateOf(v2)).to.deep.include({ name: 'demoted' });
    expect(world.overseer.why(v2)?.signal).to.equal('delay');
  });

  it('remembers the last ten minutes before the upgrade, and fixes them', () => {
    const world = usual(15);
    world.tallies(none, many(500, failing));
    world.tick();
    expect(world.overseer.why(v2)?.typical).to.include({ exchanges: 200, failed: 0 });
  });

  it('remembers them over a silence', () => {
    const world = usual();
    world.happen(v2, { type: 'abort' });
    world.tick(3_600_000);
    world.happen(v2, { type: 'resume' });
    expect(world.overseer.why(v2)?.typical.exchanges).to.equal(200);
  });

  it('knows a new stable version from its own upgrade', () => {
    const world = usual();
    world.report('a', { version: v2, tally: many(30, ok) });
    world.tick();
    world.happen(v2, { type: 'promote' });
    world.report('a', { version: v2, tally: many(5, ok) });
    world.tick();
    world.add(v3, instant);
    expect(world.overseer.why(v3)?.typical.exchanges).to.equal(35);
  });
});
