import { expect } from 'chai';
import { isUnchanged, policyOf, trialsUnder, type Learned } from '../../../src/control/learned.js';
import type { Happening } from '../../../src/versions/version-state.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import { failing, many, ok } from '../verdict/seen.js';
import { monitorOf, restarted } from './learned-world.js';
import type { World } from './overseer-world.js';
import { gradual, instant, ruin, thrive, START, upgrading, v1, v2, v3 } from './overseer-world.js';

const { monitor: defaults } = monitorOf();

/** One of 10 exchanges goes to the newer version, and fails. */
const failOnce = (world: World): void => {
  world.tallies(many(1, failing), many(9, ok));
  world.tick();
};

/** How many failures it takes until the newer version is demoted. */
function failuresUntilDemoted(world: World): number {
  for (let failures = 0; failures < 100; failures++) {
    if (world.stateOf(v2)?.name === 'demoted') return failures;
    failOnce(world);
  }
  throw new Error('it is never demoted');
}

const idsOf = (learned: Learned, table: World['table']) =>
  trialsUnder(learned, table, defaults).map(({ id }) => id);

describe('an overseer that begins again', () => {
  /** So few that the evidence decides, and not the number of exchanges. */
  const monitor = { minimumSample: 1 };
  const fromScratch = failuresUntilDemoted(upgrading(instant, monitor));

  for (const before of [1, Math.floor(fromScratch / 2), fromScratch - 1]) {
    it(`needs ${fromScratch - before} failures more after ${before} of ${fromScratch}, as if it had never been away`, () => {
      const world = upgrading(instant, monitor);
      for (let n = 0; n < before; n++) failOnce(world);
      const again = restarted(world, { monitor });
      expect(failuresUntilDemoted(again)).to.equal(fromScratch - before);
      expect(again.overseer.why(v2)?.newer.failed).to.equal(fromScratch);
      expect(again.overseer.why(v2)?.since).to.equal(new Date(START).toISOString());
    });
  }

  it('is as sure that a version is healthy as before', () => {
    const world = upgrading();
    for (let n = 0; n < 100; n++) {
      thrive(world);
      world.tick();
    }
    expect(world.overseer.judgement(v2)?.verdict).to.equal('healthy');
    expect(restarted(world).overseer.judgement(v2)).to.deep.equal({
      verdict: 'healthy',
      exchanges: 2000,
    });
  });

  it('demotes at once what was to be demoted when control died', () => {
    const world = upgrading();
    world.obeys = false;
    ruin(world);
    expect(world.tick().changes).to.have.lengthOf(1);
    const again = restarted(world);
    expect(again.tick().changes.map(change => change.kind)).to.deep.equal(['happen']);
    expect(again.stateOf(v2)?.name).to.equal('demoted');
  });

  it('tells why a version was demoted, and what happened, and takes none of it for news', () => {
    const world = upgrading();
    ruin(world);
    world.tick();
    const again = restarted(world);
    expect(again.overseer.why(v2)).to.deep.equal(world.overseer.why(v2));
    expect(again.overseer.why(v2)?.verdict).to.equal('unhealthy');
    expect(again.overseer.events).to.deep.equal(world.overseer.events);
    expect(again.overseer.events.map(({ what }) => what)).to.deep.equal([
      'demoted',
      'unhealthy',
      'added',
    ]);
    expect(again.tick().events).to.deep.equal([]);
    again.happen(v2, { type: 'resume' });
    expect(again.tick().events.map(({ what }) => what)).to.deep.equal(['resumed']);
  });

  it('does not tell once more that a version is unhealthy', () => {
    const world = upgrading(gradual, { policy: 'alert' });
    ruin(world);
    world.tick();
    const again = restarted(world, { monitor: { policy: 'alert' } });
    ruin(again);
    expect(again.tick().events).to.deep.equal([]);
  });

  it('goes on with the share that the table says, and watches for the whole observation again', () => {
    const world = upgrading(instant, { observation: 10 });
    thrive(world, 50);
    world.tick(9_000);
    const again = restarted(world, { monitor: { observation: 10 } });
    again.tick(9_900);
    expect(again.stateOf(v2)?.name).to.equal('running');
    again.tick(100);
    expect(again.stateOf(v2)?.name).to.equal('complete');
  });

  it('weighs anew what was resumed after the last write', () => {
    const world = upgrading();
    ruin(world);
    world.tick();
    const { learned } = world.overseer;
    world.happen(v2, { type: 'resume' });
    const again = restarted(world, { learned });
    expect(again.overseer.judgement(v2)).to.deep.equal({ verdict: 'inconclusive', exchanges: 0 });
    expect(again.tick().changes).to.deep.equal([]);
  });

  it('weighs anew by another policy, but not under another remedy', () => {
    const world = upgrading(gradual);
    failOnce(world);
    const exchangesWith = (settings: Record<string, unknown>) =>
      restarted(world, { monitor: settings }).overseer.judgement(v2)?.exchanges;
    expect(exchangesWith({ tolerance: 0.02 })).to.equal(0);
    expect(exchangesWith({ policy: 'freeze', observation: 7 })).to.equal(1);
  });

  it('weighs anew beside another stable version', () => {
    const world = upgrading();
    failOnce(world);
    const [newer, stable] = world.table.versions;
    if (stable === undefined) throw new Error('there is no stable version');
    const other = { ...stable, id: versionId('v0') };
    const again = restarted(world, { table: { ...world.table, versions: [newer, other] } });
    expect(again.overseer.judgement(v2)?.exchanges).to.equal(0);
  });

  it('knows nothing of versions that were removed', () => {
    const world = upgrading();
    failOnce(world);
    world.happen(v2, { type: 'abort' });
    const { learned } = world.overseer;
    expect(restarted(world, { learned }).overseer.why(v2)?.newer.exchanges).to.equal(1);
    world.make({ kind: 'remove', id: v2 });
    expect(restarted(world, { learned }).overseer.why(v2)).to.equal(undefined);
  });

  describe('with typical values', () => {
    const usual = () => {
      const world = upgrading();
      world.make({ kind: 'remove', id: v2 });
      for (let n = 0; n < 5; n++) {
        world.report('a', { version: v1, tally: many(20, ok) });
        world.tick(60_000);
      }
      return restarted(world);
    };
    const typicalOf = (world: World) => {
      world.add(v3, instant);
      return world.overseer.why(v3)?.typical.exchanges;
    };
    const passMinutes = (world: World, minutes: number) => {
      world.tick(minutes * 60_000);
      world.report('a', { version: v1, tally: many(30, ok) });
      world.tick();
    };

    it('has those of before at once', () => {
      expect(typicalOf(usual())).to.equal(100);
    });

    it('adds to them what comes, and lets all of before go after ten minutes', () => {
      const [soon, late] = [usual(), usual()];
      passMinutes(soon, 9);
      passMinutes(late, 10);
      expect(typicalOf(soon)).to.equal(130);
      expect(typicalOf(late)).to.equal(30);
    });

    it('has none of another stable version', () => {
      const world = usual();
      world.add(v2, instant);
      world.happen(v2, { type: 'promote' });
      expect(typicalOf(restarted(world))).to.equal(0);
    });
  });
});

describe('what was learned', () => {
  const learned = (on?: Happening) => {
    const world = upgrading(gradual);
    failOnce(world);
    if (on !== undefined) world.happen(v2, on);
    return { world, learned: world.overseer.learned };
  };
  const pause: Happening = { type: 'pause', progress: share(0.1) };
  const happenings: readonly (readonly [string, Happening | undefined, isOver: boolean])[] = [
    ['is running', undefined, false],
    ['is paused', pause, false],
    ['was aborted', { type: 'abort' }, true],
    ['was demoted', { type: 'demote', because: 'it fails' }, true],
    ['was promoted', { type: 'promote' }, true],
  ];

  for (const [what, on, isOver] of happenings) {
    it(`counts under the same table where the upgrade ${what}, under another ${isOver ? 'as well' : 'not'}`, () => {
      const { world, learned: known } = learned(on);
      const other = { ...world.table, edition: world.table.edition + 1 };
      expect(idsOf(known, world.table)).to.deep.equal([v2]);
      expect(idsOf(known, other)).to.deep.equal(isOver ? [v2] : []);
    });
  }

  it('names the numbers of the policy, and nothing else of the monitor', () => {
    expect(policyOf(defaults)).to.deep.equal({
      minimumSample: 20,
      falseAlarms: 0.001,
      tolerance: 0.01,
      slower: 3,
      larger: 3,
      mostFailures: 0.05,
    });
  });

  it('is unchanged until something is seen, happens, or is looked at', () => {
    const world = upgrading();
    const before = world.overseer.learned;
    expect(isUnchanged(before, world.overseer.learned)).to.equal(true);
    world.tick();
    expect(isUnchanged(before, world.overseer.learned)).to.equal(false);
    world.happen(v2, { type: 'abort' });
    const after = world.overseer.learned;
    world.tick();
    expect(isUnchanged(after, world.overseer.learned), 'a quiet look').to.equal(true);
    world.report('a', { version: v1, tally: many(1, ok) });
    world.tick();
    expect(isUnchanged(after, world.overseer.learned), 'traffic').to.equal(false);
    for (const change of [{ edition: 9 }, { trials: [] }, { events: [] }]) {
      expect(isUnchanged(after, { ...after, ...change })).to.equal(false);
    }
  });
});
