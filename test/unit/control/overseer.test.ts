import { expect } from 'chai';
import { MOST_TRIALS } from '../../../src/control/overseer.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import { type SignalExample } from '../../../src/wire/report.js';
import { failing, many, ok } from '../verdict/seen.js';
import {
  START,
  v1,
  v2,
  v3,
  World,
  instant,
  gradual,
  upgrading,
  ruin,
  thrive,
} from './overseer-world.js';

describe('the overseer', () => {
  it('does nothing before it has a table, and nothing without an upgrade', () => {
    const world = new World();
    expect(world.tick()).to.deep.equal({
      changes: [],
      remember: [],
      progress: undefined,
      events: [],
    });
    expect(world.overseer.why(v1)).to.equal(undefined);
    expect(world.overseer.judgement(v1)).to.equal(undefined);
    expect(world.overseer.progressOf(v1)).to.equal(undefined);
  });

  it('merges what several workers say into one look', () => {
    const world = upgrading();
    for (const worker of ['a', 'b']) {
      world.report(
        worker,
        { version: v2, tally: many(6, ok) },
        { version: v1, tally: many(4, ok) },
      );
    }
    expect(world.overseer.judgement(v2)).to.deep.equal({ verdict: 'inconclusive', exchanges: 0 });
    world.tick();
    expect(world.overseer.judgement(v2)).to.deep.equal({ verdict: 'inconclusive', exchanges: 12 });
    expect(world.overseer.why(v2)?.stable.exchanges).to.equal(8);
  });

  it('takes no report of a version that there is not', () => {
    const world = upgrading();
    world.report('a', { version: v3, tally: many(9, ok), sessions: [{ at: 0, sessions: [1] }] });
    world.tick();
    expect(world.overseer.sessions(v3, world.now)).to.equal(undefined);
    world.add(v3, instant);
    world.tick();
    expect(world.overseer.judgement(v3)?.exchanges).to.equal(0);
  });
});

describe('the overseer, on an unhealthy version', () => {
  it('demotes it with rollback, and says why in numbers', () => {
    const world = upgrading();
    ruin(world);
    const { changes, events } = world.tick();
    const because = 'it fails more often: 20 of 20, stable 0 of 180';
    expect(changes).to.deep.equal([{ kind: 'happen', id: v2, on: { type: 'demote', because } }]);
    expect(events.map(({ what }) => what)).to.deep.equal(['added', 'unhealthy']);
    expect(world.tick().events.map(event => [event.what, event.because])).to.deep.equal([
      ['demoted', because],
    ]);
    expect(world.overseer.why(v2)).to.deep.include({
      version: '2.0',
      verdict: 'unhealthy',
      signal: 'failures',
      because,
      since: new Date(START).toISOString(),
      until: new Date(START + 100).toISOString(),
    });
  });

  it('pauses it with freeze at the share that it has, and does no more', () => {
    const world = upgrading(gradual, { policy: 'freeze' });
    world.report('a', { version: v2, counted: 30 });
    world.tick();
    ruin(world);
    const [change] = world.tick().changes;
    expect(change).to.deep.include({ kind: 'happen', id: v2 });
    expect(world.stateOf(v2)).to.deep.include({ name: 'paused', progress: 0.3 });
    expect(world.tick(5000).changes).to.deep.equal([]);
  });

  it('only tells it with alert, once, and goes on', () => {
    const world = upgrading(gradual, { policy: 'alert' });
    world.tick();
    ruin(world);
    const { changes, events } = world.tick();
    expect([changes, events.map(({ what }) => what)]).to.deep.equal([[], ['unhealthy']]);
    world.report('a', { version: v2, counted: 30, tally: many(9, failing) });
    const next = world.tick();
    expect(next.progress).to.deep.equal({ version: v2, share: 0.3, isHeld: false });
    expect(next.events).to.deep.equal([]);
  });

  it('asks again after a second where the change could not be made', () => {
    const world = upgrading();
    world.obeys = false;
    ruin(world);
    expect(world.tick().changes).to.have.lengthOf(1);
    expect(world.tick(900).changes).to.deep.equal([]);
    expect(world.tick(100).changes).to.have.lengthOf(1);
  });

  it('demotes a paused one as well', () => {
    const world = upgrading(gradual);
    world.happen(v2, { type: 'pause', progress: share(0.5) });
    ruin(world);
    world.tick();
    expect(world.stateOf(v2)?.name).to.equal('demoted');
  });

  it('goes back to nothing where nothing else may serve', () => {
    const world = upgrading(instant, { observation: 1 });
    world.make({ kind: 'remove', id: v1 });
    for (let n = 0; n < 20; n++) {
      world.report('a', { version: v2, tally: many(20, failing) });
      expect(world.tick().changes).to.deep.equal([]);
    }
    expect(world.overseer.why(v2)?.verdict).to.equal('unhealthy');
    expect(world.overseer.events[0]?.what).to.equal('unhealthy');
  });

  for (const [resume, prepare] of [
    ['after it was demoted', {}],
    ['after it was frozen', { policy: 'freeze' }],
  ] as const) {
    it(`weighs anew when it is resumed ${resume}`, () => {
      const world = upgrading(gradual, prepare);
      ruin(world);
      world.tick();
      world.happen(v2, { type: 'resume' });
      expect(world.overseer.judgement(v2)).to.deep.equal({ verdict: 'inconclusive', exchanges: 0 });
      expect(world.tick().changes).to.deep.equal([]);
      expect(world.stateOf(v2)?.name).to.equal('running');
    });
  }

  it('holds against a resumed version nothing that was seen before', () => {
    const world = upgrading(gradual);
    ruin(world);
    world.tick();
    ruin(world); // what was on its way when it was demoted
    world.happen(v2, { type: 'resume' });
    world.tick();
    expect(world.overseer.judgement(v2)?.exchanges).to.equal(0);
  });

  it('keeps what it knows over a pause of the operator', () => {
    const world = upgrading(gradual);
    thrive(world);
    world.tick();
    world.happen(v2, { type: 'pause', progress: share(0) });
    world.happen(v2, { type: 'resume' });
    expect(world.overseer.judgement(v2)?.exchanges).to.equal(20);
  });

  it('begins anew beside another stable version, but not its share', () => {
    const world = new World();
    world.add(v2, instant);
    world.happen(v2, { type: 'promote' });
    world.add(v3, gradual);
    world.report('a', { version: v3, counted: 20, tally: many(9, ok) });
    world.tick();
    world.make({ kind: 'remove', id: v2 });
    expect(world.overseer.judgement(v3)?.exchanges).to.equal(0);
    expect(world.overseer.progressOf(v3)).to.equal(0.2);
  });

  it('keeps examples of the newer version', () => {
    const world = upgrading();
    const example: SignalExample = {
      signal: 'failures',
      example: { ...failing, at: 1, method: 'GET', target: '/shop?card=1' },
    };
    world.report('a', { version: v2, examples: [example] });
    world.tick();
    expect(world.overseer.why(v2)?.examples.failures.map(({ target }) => target)).to.deep.equal([
      '/shop?…',
    ]);
  });

  it('keeps the evidence of a bounded number of upgrades, the last ones', () => {
    const world = new World();
    const ids = Array.from({ length: MOST_TRIALS + 1 }, (_, n) => versionId(`v${String(n + 2)}`));
    for (const id of ids) {
      world.add(id, instant);
      world.happen(id, { type: 'abort' });
    }
    expect(ids.map(id => world.overseer.why(id) !== undefined)).to.deep.equal(
      ids.map((_, n) => n > 0),
    );
  });
});
