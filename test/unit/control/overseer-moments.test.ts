import { expect } from 'chai';
import { share } from '../../../src/kernel/ids.js';
import { instant, session, thrive, upgrading, v1, v2, v3 } from './overseer-world.js';

describe('the overseer, in moments that look alike', () => {
  it('watches INSTANT for its observation period after a pause', () => {
    const world = upgrading(instant);
    thrive(world);
    world.tick();
    world.happen(v2, { type: 'pause', progress: share(1) });
    for (let s = 0; s < 310; s++) world.tick(1000);
    world.happen(v2, { type: 'resume' });
    world.tick(50);
    expect(world.stateOf(v2)?.name).to.equal('running');
  });

  it('does not complete SESSION while a session lives whose worker has a clock behind by 90 s', () => {
    const world = upgrading(session);
    for (let s = 0; s < 40; s++) {
      thrive(world);
      const at = Math.floor((world.seconds - 90) / 10) * 10;
      world.report('a', { version: v1, sessions: [{ at, sessions: [7] }] });
      world.tick(1000);
    }
    expect(world.stateOf(v2)?.name).to.equal('running');
  });

  it('knows a version that became stable in the same moment from its own upgrade', () => {
    const world = upgrading(instant);
    thrive(world, 200);
    world.tick();
    world.happen(v2, { type: 'promote' });
    world.add(v3, instant);
    world.tick();
    expect(world.overseer.why(v3)?.typical.exchanges).to.equal(200);
  });
});
