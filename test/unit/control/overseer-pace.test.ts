import { expect } from 'chai';
import fc from 'fast-check';
import { share, versionId } from '../../../src/kernel/ids.js';
import { failing, many, ok, tallyOf } from '../verdict/seen.js';
import type { World } from './overseer-world.js';
import { v1, v2, v3, instant, gradual, session, upgrading, thrive } from './overseer-world.js';

describe('the overseer, on the pace of GRADUAL', () => {
  it('adds every worker’s requests, and tells and saves the share', () => {
    const world = upgrading(gradual);
    expect(world.tick().progress).to.deep.equal({ version: v2, share: 0, isHeld: false });
    world.report('a', { version: v2, counted: 5 });
    world.report('b', { version: v2, counted: 7 });
    const { progress, remember } = world.tick();
    expect(progress).to.deep.equal({ version: v2, share: 0.12, isHeld: false });
    expect(remember).to.deep.equal([]);
    expect(world.overseer.progressOf(v2)).to.equal(0.12);
    const second = world.tick(1000);
    expect(second.progress).to.equal(undefined);
    expect(second.remember).to.deep.equal([
      { kind: 'happen', id: v2, on: { type: 'advance', progress: 0.12 } },
    ]);
    expect(world.tick(1000).remember).to.deep.equal([]);
  });

  it('counts what was reported before it heeds how far a worker knows it to be, so that nothing counts twice', () => {
    const world = upgrading(gradual);
    world.tick();
    world.report('a', { version: v2, counted: 5 });
    world.overseer.followed({ version: v2, share: share(0.05) }); // by another control it is in already
    expect(world.overseer.progressOf(v2)).to.equal(0.05);
    expect(world.tick().progress?.share).to.equal(0.05);
    world.report('a', { version: v2, counted: 1 });
    world.overseer.followed({ version: v2, share: share(0.02) });
    expect(world.tick().progress?.share).to.be.closeTo(0.06, 1e-9);
  });

  it('adds time', () => {
    const world = upgrading({ mode: 'GRADUAL', duration: '100s' });
    for (let n = 0; n < 100; n++) world.tick();
    expect(world.overseer.progressOf(v2)).to.be.closeTo(0.1, 1e-9);
  });

  it('keeps what lies between two steps', () => {
    const world = upgrading({ ...gradual, steps: [50, 100] });
    world.report('a', { version: v2, counted: 30 });
    expect(world.tick().progress?.share).to.equal(0.3);
  });

  it('shows what new sessions get, not what the pace has reached between two steps', () => {
    const world = upgrading({ ...gradual, steps: [10, 50] });
    const shown = () => [world.overseer.shareOf(v2), world.overseer.watched?.share];
    world.report('a', { version: v2, counted: 42 });
    world.tick();
    expect(shown()).to.deep.equal([0.1, 0.1]);
    world.report('a', { version: v2, counted: 8 });
    world.tick();
    expect(shown()).to.deep.equal([0.5, 0.5]);
  });

  it('tells no share of other modes, and saves none', () => {
    const world = upgrading(session);
    const { progress, remember } = world.tick(2000);
    expect([progress, remember]).to.deep.equal([undefined, []]);
  });

  it('holds while it is paused, and knows of the clients who crossed before their worker heard of it', () => {
    const world = upgrading(gradual);
    world.happen(v2, { type: 'pause', progress: share(0) });
    world.report('a', { version: v2, counted: 5 });
    expect(world.tick().progress?.isHeld).to.equal(true);
    expect(world.overseer.progressOf(v2)).to.equal(0.05);
  });

  it('adds no time while it is paused', () => {
    const world = upgrading({ mode: 'GRADUAL', duration: '10s' });
    world.happen(v2, { type: 'pause', progress: share(0) });
    world.tick(5000);
    expect(world.overseer.progressOf(v2)).to.equal(0);
  });

  it('holds while the version is doubtful, and goes on when that has passed', () => {
    const world = upgrading(gradual);
    world.report('a', { version: v2, counted: 10 });
    world.tick();
    world.tallies(tallyOf(failing, failing, failing), many(30, ok));
    world.report('a', { version: v2, counted: 10 });
    expect(world.tick().progress).to.deep.equal({ version: v2, share: 0.2, isHeld: true });
    let looks = 0;
    for (; world.tick().progress?.isHeld !== false && looks < 500; looks++) thrive(world, 5);
    expect(looks).to.be.within(1, 499);
    expect(world.stateOf(v2)?.name).to.equal('running');
  });

  it('takes over what a worker knows, never less, and of no other version', () => {
    const world = upgrading(gradual);
    world.overseer.followed({ version: v2, share: share(0.4) });
    world.overseer.followed({ version: v2, share: share(0.3) });
    world.overseer.followed({ version: v1, share: share(0.9) });
    expect(world.overseer.progressOf(v2)).to.equal(0.4);
    expect(world.tick().progress?.share).to.equal(0.4);
  });

  it('goes on after a newer version is gone, where the table says that it was', () => {
    const world = upgrading(gradual);
    world.report('a', { version: v2, counted: 30, tally: many(3, ok) });
    world.tick();
    world.happen(v2, { type: 'advance', progress: share(0.3) });
    world.add(v3, instant);
    world.tick();
    expect(world.overseer.progressOf(v2)).to.equal(0.3);
    world.happen(v3, { type: 'abort' });
    world.report('a', { version: v2, counted: 30, tally: many(3, ok) });
    expect(world.tick().progress?.share).to.equal(0.6);
    expect(world.overseer.judgement(v2)?.exchanges).to.equal(6);
  });

  it('never falls, whatever happens', () => {
    const steps = fc.oneof(
      fc.record({ do: fc.constant('count' as const), n: fc.nat(5) }),
      fc.record({ do: fc.constant('tick' as const), n: fc.nat(1500) }),
      fc.record({ do: fc.constant('follow' as const), n: fc.nat(100) }),
      fc.record({ do: fc.constant('fail' as const), n: fc.nat(3) }),
      fc.record({ do: fc.constantFrom('pause', 'resume', 'other'), n: fc.constant(0) }),
    );
    const told = (actions: readonly { readonly do: string; readonly n: number }[]) => {
      const world = upgrading(gradual, { policy: 'freeze' });
      return actions.map(action => {
        const current = world.overseer.progressOf(v2) ?? share(0);
        const state = world.stateOf(v2)?.name;
        if (action.do === 'count') world.report('a', { version: v2, counted: action.n });
        if (action.do === 'follow')
          world.overseer.followed({ version: v2, share: share(action.n / 100) });
        if (action.do === 'fail') world.tallies(many(action.n, failing), many(20, ok));
        if (action.do === 'pause' && state === 'running')
          world.happen(v2, { type: 'pause', progress: current });
        if (action.do === 'resume' && state === 'paused') world.happen(v2, { type: 'resume' });
        // Another version is the stable one then.
        if (action.do === 'other') toggleOther(world);
        if (action.do === 'tick') world.tick(action.n);
        return [current, world.overseer.progressOf(v2) ?? share(1)] as const;
      });
    };
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), actions => {
        for (const [before, after] of told(actions)) expect(after).to.be.at.least(before);
      }),
      { numRuns: 200 },
    );
  });

  const other = { ...v1Like(), number: '1.5' };
  function toggleOther(world: World): void {
    const isThere = world.table.versions.some(({ id }) => id === other.id);
    if (isThere) {
      world.make({ kind: 'remove', id: other.id });
      return;
    }
    world.make({ kind: 'add', version: other });
    world.happen(other.id, { type: 'promote' });
  }
});

function v1Like() {
  const servers = [{ host: '127.0.0.1', port: 9102 }] as const;
  return { id: versionId('v1.5'), servers, transition: instant };
}
