import { expect } from 'chai';
import * as answers from '../../../../src/control/answers.js';
import type { Facts } from '../../../../src/control/shown.js';
import { Recorder } from '../../../../src/control/live/recorder.js';
import { liveOf } from '../../../../src/control/live/snapshot.js';
import { monitorOf } from '../learned-world.js';
import { failing, many, ok } from '../../verdict/seen.js';
import {
  gradual,
  instant,
  ruin,
  session,
  thrive,
  upgrading,
  v2,
  v3,
  World,
} from '../overseer-world.js';

const { monitor } = monitorOf();

/** Control's looks, twenty each second. */
function watch(world: World, recorder: Recorder, ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) {
    world.tick(50);
    recorder.look(world.overseer.watched, world.now);
  }
}

function live(world: World, recorder: Recorder) {
  const { overseer, table, now } = world;
  const facts: Facts = {
    sessions: id => overseer.sessions(id, now),
    judgement: id => overseer.judgement(id),
    progress: id => overseer.progressOf(id),
  };
  return liveOf({
    wall: now.wall,
    release: '1.2.3',
    policy: monitor,
    spread: { edition: table.edition, followers: 0, acknowledged: 0, workers: 0 },
    table,
    facts,
    recently: () => ({ requests: 0, failures: 0, rescues: 0 }),
    trial: overseer.watched?.trial,
    points: recorder.points,
    processes: [],
    events: overseer.events,
  });
}

describe('the record of an upgrade', () => {
  let recorder: Recorder;
  beforeEach(() => (recorder = new Recorder(monitor)));

  it('is empty while there was no upgrade', () => {
    const world = new World();
    watch(world, recorder, 3000);
    expect(recorder.points).to.deep.equal([]);
    expect(live(world, recorder)).not.to.have.property('upgrade');
  });

  it('has about a point each second', () => {
    const world = upgrading(session);
    watch(world, recorder, 10_000);
    expect(recorder.points).to.have.lengthOf.within(9, 10);
  });

  it('ends with what the version was taken back for, and stays as it is', () => {
    const world = upgrading(session);
    watch(world, recorder, 2500);
    ruin(world);
    watch(world, recorder, 100);
    expect(world.stateOf(v2)?.name).to.equal('demoted');
    const { points } = recorder;
    expect(points.at(-1)).to.include({ strength: 1, verdict: 'unhealthy', share: 10 });
    expect(points.at(-1)?.newer.failures).to.be.greaterThan(0);
    watch(world, recorder, 5000);
    expect(recorder.points).to.deep.equal(points);
    const { upgrade } = live(world, recorder);
    expect(upgrade?.events.map(({ what }) => what)).to.deep.equal([
      'added',
      'unhealthy',
      'demoted',
    ]);
    expect(upgrade?.why?.verdict).to.equal('unhealthy');
    expect(upgrade?.stable).to.deep.equal({ id: 'v1', version: '1.0' });
  });

  it('shows doubt come and go', () => {
    const world = upgrading(session);
    watch(world, recorder, 1100);
    ruinALittle(world);
    watch(world, recorder, 2000);
    const strongest = Math.max(...recorder.points.map(({ strength }) => strength));
    expect(strongest).to.be.within(0.01, 0.999);
    for (let n = 0; n < 20; n++) {
      thrive(world, 200);
      watch(world, recorder, 1000);
    }
    expect(recorder.points.at(-1)?.strength).to.be.lessThan(strongest);
  });

  it('shows the share of new sessions that GRADUAL has reached', () => {
    const world = upgrading(gradual);
    watch(world, recorder, 1000);
    world.report('a', { version: v2, counted: 30 });
    watch(world, recorder, 2000);
    expect(recorder.points.at(-1)?.share).to.equal(30);
  });

  it('begins anew with another upgrade, and with the same one when it is resumed', () => {
    const world = upgrading(session);
    watch(world, recorder, 5000);
    world.happen(v2, { type: 'abort' });
    watch(world, recorder, 1000);
    expect(recorder.points).to.have.lengthOf.within(5, 6);
    world.happen(v2, { type: 'resume' });
    watch(world, recorder, 2100);
    expect(recorder.points).to.have.lengthOf.within(2, 3);
    world.add(v3, instant);
    watch(world, recorder, 1100);
    expect(recorder.points).to.have.lengthOf.within(1, 2);
    expect(live(world, recorder).upgrade?.id).to.equal(v3);
  });

  it('goes on while the upgrade is paused', () => {
    const world = upgrading(gradual);
    watch(world, recorder, 2000);
    world.happen(v2, { type: 'pause', progress: world.overseer.progressOf(v2)! });
    watch(world, recorder, 3000);
    expect(recorder.points).to.have.lengthOf.within(4, 5);
  });

  it('is of an upgrade whose version was removed as well', () => {
    const world = upgrading(session);
    ruin(world);
    watch(world, recorder, 2000);
    world.make({ kind: 'remove', id: v2 });
    watch(world, recorder, 100);
    const { upgrade, versions } = live(world, recorder);
    expect([upgrade?.version, versions.length]).to.deep.equal(['2.0', 1]);
    expect(upgrade?.events.at(-1)?.what).to.equal('removed');
  });

  it('looks as the document of the API says, before, during and after an upgrade', () => {
    const world = new World();
    const check = () => {
      const sent: unknown = JSON.parse(JSON.stringify(live(world, recorder)));
      expect(answers.live.safeParse(sent).error).to.equal(undefined);
    };
    check();
    world.add(v2, gradual);
    watch(world, recorder, 1500);
    check();
    thrive(world, 100);
    watch(world, recorder, 1500);
    check();
    ruin(world);
    watch(world, recorder, 1500);
    check();
    expect(live(world, recorder).upgrade?.delay.from).not.to.deep.equal([]);
  });
});

/** Some failures, too few to take it back. */
function ruinALittle(world: World): void {
  world.tallies(many(4, failing), many(40, ok));
}
