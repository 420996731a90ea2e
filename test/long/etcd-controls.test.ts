import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { isDeepStrictEqual } from 'node:util';
import type { ShownEvent } from '../../src/control/why.js';
import { versionId } from '../../src/kernel/ids.js';
import { LinkedFollower, StartedControl, type Settings } from '../support/controls.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { failing, many, ok } from '../unit/verdict/seen.js';

const NAMES = ['a', 'b', 'c'] as const;

describeWithEtcd('several controls on one etcd', function () {
  this.timeout(60_000);
  const stage = stageForEach();
  let etcd: EtcdCluster;
  let controls: StartedControl[];

  const settings = (): Settings => ({
    registry: { kind: 'etcd', endpoints: etcd.endpoints },
    monitor: { observation: 600 },
  });
  const start = async (name: string) => {
    const control = await StartedControl.start(stage, name, settings());
    controls.push(control);
    return control;
  };
  /** All begin at the same time. */
  const startAll = async (members = 1) => {
    etcd = await EtcdCluster.start(stage, { members });
    controls = [];
    await Promise.all(NAMES.map(start));
    await eventually('they know each other', async () => {
      const shown = await Promise.all(controls.map(each => each.spread()));
      return shown.every(
        ({ leader, controls: live }) =>
          leader !== undefined && leader === shown[0]?.leader && live?.join() === NAMES.join(),
      );
    });
  };
  const leaderOf = async (of: StartedControl = controls[0]!): Promise<StartedControl> => {
    const { leader } = await of.spread();
    return controls.find(({ name }) => name === leader)!;
  };
  const others = (than: StartedControl) => controls.filter(each => each !== than);
  const demotions = (of: readonly StartedControl[]) =>
    of.map(
      ({ events }) =>
        events.filter(each => each.type === 'version-changed' && each.what === 'demoted').length,
    );

  it('begin with one state and one key, and show the same story', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const tables = follower.links.map(({ table, keys }) => ({ table, keys }));
    expect(tables[1]).to.deep.equal(tables[0]);
    expect(tables[2]).to.deep.equal(tables[0]);
    const all = await Promise.all(controls.map(each => each.spread()));
    for (const each of all) {
      expect(each).to.deep.include({ controls: ['a', 'b', 'c'], followers: 1, acknowledged: 1 });
    }
    expect(
      controls.flatMap(each => each.all('leader-changed').filter(({ isOurs }) => isOurs)),
    ).to.have.lengthOf(1);
  });

  it('show nobody whose name is none', async () => {
    await startAll();
    const client = new Etcd3({ hosts: [...etcd.endpoints] });
    stage.atEnd(() => client.close());
    for (const name of ['d', 'x'.repeat(1000), 'nobody\n']) {
      await client.put(`/cutover/live/controls/${name}`).value('{}');
    }
    await client.put('/cutover/leader').value('y'.repeat(1000));
    await eventually('they have seen it', async () => {
      const { leader, controls: live } = await controls[0]!.spread();
      return leader === 'y'.repeat(128) && live?.join() === 'a,b,c,d';
    });
  });

  it('take a change at any of them, and all followers of each are told', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const ids: string[] = [];
    for (const [at, control] of controls.entries()) {
      const { status, id, edition } = await control.put(`${at + 2}.0`);
      expect(status).to.equal(202);
      ids.unshift(id);
      await follower.isTold(edition);
    }
    for (const control of controls) {
      expect((await control.versions()).map(({ id }) => id).slice(0, 3)).to.deep.equal(ids);
    }
  });

  it('take changes at all of them at the same time, and lose none', async () => {
    await startAll();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => controls[at % 3]!.put(`${at + 2}.0`)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 202));
    expect(new Set(answers.map(({ edition }) => edition)).size).to.equal(12);
    for (const control of controls) {
      await eventually('it has all', async () => (await control.versions()).length === 13);
    }
  });

  it('rotate keys at any of them', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const before = follower.newest.keys?.[0];
    const rotated = await Promise.all(
      controls.slice(0, 2).map(each => each.call('/configuration/keys/rotate', 'POST')),
    );
    expect(rotated.map(({ status }) => status)).to.deep.equal([202, 202]);
    await eventually('all have the same keys', () => {
      const [one, ...rest] = follower.links.map(({ keys }) => keys?.join());
      return rest.every(each => each === one) && follower.newest.keys?.length === 3;
    });
    expect(follower.newest.keys).to.include(before);
    expect(follower.newest.keys?.[0]).to.not.equal(before);
  });

  it('demote a bad version once, and agree on why', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const { edition, id } = await controls[1]!.put('2.0');
    await follower.isTold(edition);
    follower.saw(many(20, failing), many(180, ok));
    await eventually('it is demoted', () => follower.told('2.0').every(each => each === 'demoted'));
    expect(follower.newest.table?.edition).to.equal(edition + 1);
    await eventually('each has told it', () => demotions(controls).join() === '1,1,1');
    for (const control of controls) {
      const events = await control.get<ShownEvent[]>('/events');
      expect(events.map(({ what }) => what).filter(what => what === 'demoted')).to.have.lengthOf(1);
    }
    const stories = () =>
      Promise.all(
        controls.map(async control => [
          await control.get<object>(`/configuration/cluster/${id}/why`),
          await control.get<object>('/events'),
        ]),
      );
    await eventually('all tell the same', async () => {
      const [one, ...rest] = await stories();
      return rest.every(each => isDeepStrictEqual(each, one));
    });
    expect((await stories())[0]?.[0]).to.include({ verdict: 'unhealthy' });
  });

  it('hand over when the leader stops: the next one demotes by what it has seen itself, once', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const leader = await leaderOf();
    const rest = others(leader);
    const { edition } = await rest[0]!.put('2.0');
    await follower.isTold(edition);
    // Most of the evidence came while the first one led.
    follower.saw(many(4, failing), many(180, ok));
    await eventually('each has weighed it', async () => {
      const all = await Promise.all(controls.map(each => each.versions()));
      return all.every(([newest]) => newest?.exchanges === 4);
    });
    const stopped = performance.now();
    await leader.stop();
    await eventually('another leads', async () => {
      const { leader: next } = await rest[0]!.spread();
      return next !== undefined && next !== leader.name;
    });
    expect(performance.now() - stopped).to.be.below(3000);
    controls = rest;
    expect(follower.newest.stateOf('2.0')?.name).to.equal('running');
    follower.saw(many(16, failing), many(180, ok));
    await eventually('it is demoted', () => follower.newest.stateOf('2.0')?.name === 'demoted');
    expect(follower.newest.table?.edition).to.equal(edition + 1);
    await eventually('each has told it', () => demotions(rest).join() === '1,1');
  });

  it('hand over when the leader hears no worker any more, though it reaches etcd: demoted once', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const leader = await leaderOf();
    const rest = others(leader);
    const { edition } = await rest[0]!.put('2.0');
    await follower.isTold(edition);
    follower.links[controls.indexOf(leader)]!.link.close();
    follower.saw(many(20, failing), many(180, ok));
    const states = () => Promise.all(rest.map(async each => (await each.versions())[0]?.state));
    await eventually('it is demoted', async () =>
      (await states()).every(each => each === 'demoted'),
    );
    const { leader: next, controls: live, edition: now } = await rest[0]!.spread();
    expect(next).not.to.equal(leader.name);
    expect([live, now]).to.deep.equal([NAMES, edition + 1]);
    const given = controls.map(({ events }) =>
      events.filter(each => each.type === 'lead-given-up'),
    );
    expect(given.map(each => each.length)).to.deep.equal(
      controls.map(each => (each === leader ? 1 : 0)),
    );
    await eventually('each has told it', () => demotions(controls).join() === '1,1,1');
  });

  it('go on with what was learned when one begins that has seen nothing', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const { edition, id } = await controls[0]!.put('2.0');
    await follower.isTold(edition);
    follower.saw(many(20, failing), many(180, ok));
    await eventually('it is demoted', () => follower.told('2.0').every(each => each === 'demoted'));
    const late = await start('d');
    const why = () => late.call(`/configuration/cluster/${id}/why`);
    expect((await why()).status).to.equal(200);
    expect(((await (await why()).json()) as { verdict: string }).verdict).to.equal('unhealthy');
  });

  it('let only the leader tell workers how far GRADUAL is, and each know it', async () => {
    await startAll();
    const follower = await LinkedFollower.follow(stage, controls);
    const leader = await leaderOf();
    const { id, edition } = await others(leader)[0]!.put('2.0', {
      mode: 'GRADUAL',
      percentageTransitionPerRequest: 1,
    });
    await follower.isTold(edition);
    follower.report({ version: versionId(id), counted: 30 });
    const at = controls.indexOf(leader);
    await eventually('the leader tells', () => follower.links[at]!.progress.at(-1)?.share === 0.3);
    for (const control of controls) {
      await eventually('it knows', async () => (await control.versions())[0]?.progress === 30);
    }
    const silent = follower.links.filter((_, index) => index !== at);
    expect(silent.flatMap(({ progress }) => progress)).to.deep.equal([]);
    await leader.stop();
    controls = others(leader);
    await eventually('another one tells', () =>
      silent.some(({ progress }) => progress.at(-1)?.share === 0.3),
    );
  });

  it('change on while a member of etcd is frozen, and after it was killed', async () => {
    await startAll(3);
    let number = 1;
    const changes = async () => {
      for (const control of controls) {
        number += 1;
        const { status, error } = await control.put(`${number}.0`);
        expect(status, error).to.equal(202);
      }
    };
    await changes();
    await etcd.kill(0);
    await eventually('they can change', async () => (await controls[0]!.put('1.5')).status === 202);
    await changes();
    etcd.restart(0);
    await etcd.ready();
    etcd.pause(1);
    await eventually('they can change', async () => (await controls[0]!.put('1.6')).status === 202);
    await changes();
    etcd.resume(1);
    for (const control of controls) {
      const listed = async () => (await control.versions()).length;
      await eventually('it has all', async () => (await listed()) >= 12);
    }
  });

  it('answer 503 while etcd is away, serve on, say it once, and catch up', async () => {
    await startAll(3);
    const follower = await LinkedFollower.follow(stage, controls);
    const { edition } = await controls[0]!.put('2.0');
    await follower.isTold(edition);
    await etcd.stop();
    for (const control of controls) {
      const { status, error } = await control.put('3.0');
      expect(status).to.equal(503);
      expect(error).to.match(/^etcd cannot be used: (no member can be reached|it does not answer)/);
      expect((await control.versions()).length).to.equal(2);
      expect((await control.call('/readyz')).status).to.equal(200);
      await eventually('it knows', async () => (await control.spread()).away !== undefined);
    }
    follower.saw(many(20, failing), many(180, ok));
    const isLeading = async (control: StartedControl) =>
      (await (await control.call('/metrics')).text()).includes('cutover_leading 1\n');
    await eventually('the lease is over', async () => {
      return (await Promise.all(controls.map(isLeading))).every(each => !each);
    });
    for (const control of controls) {
      expect(control.all('registry-lost')).to.have.lengthOf(1);
    }
    expect(follower.newest.stateOf('2.0')?.name).to.equal('running');
    for (const at of [0, 1, 2]) etcd.restart(at);
    await etcd.ready();
    await eventually(
      'it is demoted',
      () => follower.told('2.0').every(each => each === 'demoted'),
      20_000,
    );
    for (const control of controls) {
      await eventually('it is back', async () => (await control.spread()).away === undefined);
      expect(control.all('registry-found')).to.have.lengthOf(1);
    }
    await eventually('each has told it', () => demotions(controls).join() === '1,1,1');
    expect((await controls[2]!.put('3.0')).status).to.equal(202);
  });
});
