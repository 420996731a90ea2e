import { expect } from 'chai';
import {
  concurrent,
  gradual,
  instant,
  ruin,
  session,
  thrive,
  upgrading,
  v2,
  type Settings,
} from './overseer-world.js';

/** Seconds. */
const OBSERVATION = 60;
const alert: Settings = { policy: 'alert', observation: OBSERVATION };

describe('control that is only to tell', () => {
  for (const transition of [instant, gradual, session, concurrent]) {
    it(`completes no ${transition.mode} upgrade that is unhealthy, however long it lasts`, () => {
      const world = upgrading(transition, alert);
      world.report('a', { version: v2, counted: 100 });
      ruin(world);
      const ends = Array.from({ length: 4 * OBSERVATION }, () => world.tick(1000).changes);
      expect(ends.flat()).to.deep.equal([]);
      expect(world.overseer.judgement(v2)?.verdict).to.equal('unhealthy');
      expect(world.stateOf(v2)?.name).to.equal('running');
    });
  }

  it('completes one that is well', () => {
    const world = upgrading(instant, alert);
    thrive(world);
    world.tick(OBSERVATION * 1000);
    expect(world.stateOf(v2)?.name).to.equal('complete');
  });
});
