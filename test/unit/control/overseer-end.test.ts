import { expect } from 'chai';
import { share } from '../../../src/kernel/ids.js';
import { failing, many, ok } from '../verdict/seen.js';
import type { World } from './overseer-world.js';
import {
  v1,
  v2,
  v3,
  instant,
  gradual,
  session,
  concurrent,
  upgrading,
  thrive,
} from './overseer-world.js';

describe('the overseer, on the end of an upgrade', () => {
  const types = (world: World, ms: number) =>
    world.tick(ms).changes.map(change => (change.kind === 'happen' ? change.on.type : change.kind));

  it('completes INSTANT once it was watched for long enough', () => {
    const world = upgrading(instant, { observation: 60 });
    thrive(world);
    expect(types(world, 59_900)).to.deep.equal([]);
    expect(types(world, 100)).to.deep.equal(['complete']);
    expect(world.tick().events.map(({ what }) => what)).to.deep.equal(['completed']);
  });

  it('completes INSTANT not without traffic, which is no proof of health', () => {
    const world = upgrading(instant, { observation: 60 });
    thrive(world, 19);
    expect(types(world, 100_000)).to.deep.equal([]);
    thrive(world, 1);
    expect(types(world, 100)).to.deep.equal(['complete']);
  });

  it('completes nothing that is doubtful, unless it is only to tell', () => {
    const end = (policy: string) => {
      const world = upgrading(instant, { observation: 60, policy, minimumSample: 3 });
      world.tallies(many(3, failing), many(30, ok));
      const ends = types(world, 100_000);
      expect(world.overseer.judgement(v2)?.verdict).to.equal('inconclusive');
      return ends;
    };
    expect([end('rollback'), end('freeze'), end('alert')]).to.deep.equal([[], [], ['complete']]);
  });

  it('completes SESSION once one whole session has passed and none is left', () => {
    const world = upgrading(session);
    thrive(world);
    world.report('a', { version: v1, sessions: [{ at: world.seconds, sessions: [1] }] });
    expect(types(world, 11_000)).to.deep.equal([]); // the session may have been seen 9 s later
    expect(world.overseer.sessions(v1, world.now)).to.deep.equal({
      count: 1,
      isExact: true,
      endIn: 9,
    });
    expect(types(world, 8900)).to.deep.equal([]);
    expect(types(world, 100)).to.deep.equal(['complete']);
  });

  it('completes SESSION not before sessions that nobody has seen since may have come back', () => {
    const world = upgrading(session);
    thrive(world);
    expect(types(world, 10_900)).to.deep.equal([]);
    expect(types(world, 100)).to.deep.equal(['complete']);
  });

  it('completes SESSION not before sessions of which only other controls were told may have come back', () => {
    const world = upgrading(session);
    thrive(world);
    expect(types(world, 5000)).to.deep.equal([]);
    world.overseer.missed(world.now);
    expect(types(world, 10_900)).to.deep.equal([]);
    expect(types(world, 100)).to.deep.equal(['complete']);
  });

  it('waits for no session of a version that may not serve', () => {
    const world = upgrading(instant);
    world.report('a', { version: v2, sessions: [{ at: world.seconds, sessions: [1] }] });
    world.happen(v2, { type: 'abort' });
    expect(world.overseer.sessions(v2, world.now)?.count).to.equal(0);
    world.add(v3, session);
    world.report('a', { version: v3, tally: many(20, ok) });
    world.tick();
    expect(types(world, 11_000)).to.deep.equal(['complete']);
  });

  it('completes GRADUAL one session after the last share', () => {
    const world = upgrading({ ...gradual, sessionTimeout: 10 });
    thrive(world);
    expect(types(world, 60_000)).to.deep.equal([]);
    world.report('a', { version: v2, counted: 100 });
    expect(types(world, 100)).to.deep.equal([]);
    expect(types(world, 10_900)).to.deep.equal([]);
    expect(types(world, 100)).to.deep.equal(['complete']);
  });

  it('takes the timeout of the configuration where the upgrade says none', () => {
    const world = upgrading(gradual);
    thrive(world);
    world.overseer.followed({ version: v2, share: share(1) });
    expect(types(world, 21_900)).to.deep.equal([]);
    expect(types(world, 100)).to.deep.equal(['complete']);
  });

  it('promotes CONCURRENT once it is healthy, if that is wanted', () => {
    const end = (transition: Parameters<World['add']>[1]) => {
      const world = upgrading(transition);
      for (let n = 0; n < 200 && world.stateOf(v2)?.name === 'running'; n++) {
        thrive(world, 10);
        world.tick();
      }
      expect(world.overseer.judgement(v2)?.verdict).to.equal('healthy');
      expect(world.overseer.why(v2)?.because).to.equal('it is no worse');
      return [world.stateOf(v2)?.name, world.overseer.events[0]?.what];
    };
    expect(end(concurrent)).to.deep.equal(['complete', 'promoted']);
    expect(end({ mode: 'CONCURRENT' })).to.deep.equal(['running', 'added']);
  });

  it('completes nothing that is paused', () => {
    const world = upgrading(instant, { observation: 1 });
    thrive(world);
    world.happen(v2, { type: 'pause', progress: share(0) });
    expect(types(world, 5000)).to.deep.equal([]);
  });
});
