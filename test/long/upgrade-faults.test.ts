/** Processes die, come back and change in number while users move; clients notice nothing. */
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decoded } from '../../src/registry/file-format.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed, type Tally } from '../support/load.js';
import { CutoverProcess, frontend, worker } from '../support/processes.js';
import {
  playingToTheEnd,
  refusing,
  ScriptedContainer,
  type ServerAddress,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { apiOf, spread, started, upgradable, type Upgradable } from '../support/upgradable.js';
import {
  killControl,
  killWorker,
  moved,
  separately,
  progressFrom,
  shownProgress,
  withWorkers,
} from '../support/upgrade-faults.js';
import { connections, newVisitors, Visitor, type Visit } from '../support/visitor.js';
import { eventually } from '../support/within.js';

const strategies = {
  INSTANT: { mode: 'INSTANT' },
  SESSION: { mode: 'SESSION', sessionTimeout: 60 },
  GRADUAL: { mode: 'GRADUAL', percentageTransitionPerRequest: 0.05 },
  CONCURRENT: { mode: 'CONCURRENT' },
} as const;

type Visits = readonly { readonly visitor: Visitor; readonly first: Visit }[];

const servedBy = (name: string, visits: Visits) =>
  visits.filter(({ first }) => first.server === name);

/** Nobody of these is served by another version than at first. */
async function expectAllStay(visits: Visits): Promise<void> {
  for (const { visitor, first } of visits) {
    expect((await visitor.ask()).server).to.equal(first.server);
  }
}

/** The progress of the newest version that the registry would give back, in percent. */
async function savedProgress(file: string): Promise<number> {
  const found = decoded(await readFile(file));
  if (!found.ok) throw new Error(found.damage.what);
  const [{ state }] = found.stored.table.versions;
  return 'progress' in state ? state.progress * 100 : NaN;
}

const failures = ({ failed }: Tally) => [...failed].map(([how, ids]) => `${how}: ${ids.length}`);

describe('faults in the middle of an upgrade', () => {
  const stage = stageForEach();
  const container = (name: string): Promise<ServerAddress> =>
    httpContainer(stage, counting({ name }).listener);
  const counted = async (name: string) => {
    const { listener, times } = counting({ name, delay: 1 });
    return { address: await httpContainer(stage, listener), times };
  };

  for (const [mode, transition] of Object.entries(strategies)) {
    it(`lose no request under ${mode}: a worker is killed, control is killed, the version is aborted and removed`, async () => {
      const older = await counted('v1');
      const newer = await counted(mode === 'CONCURRENT' ? 'v1' : 'v2');
      const before = await upgradable(stage, [older.address]);
      const id = await before.api.upgrade('2.0', [newer.address], transition);
      await spread(before, 2);
      const { port } = before;
      const get = Load.start(stage, { port, clients: 6 });
      const post = Load.start(stage, { port, clients: 2, method: 'POST', prefix: 'post' });
      await Promise.all([get.more(100), post.more(30)]);

      await killWorker(before, 'worker-1');
      await Promise.all([get.more(100), post.more(30)]);
      // What the dead worker had of them may have been done: it is not for us to do it again.
      const lost = [...post.tally.failed.values()].flat().length;
      expect([...post.tally.failed.keys()].filter(how => how !== '502')).to.deep.equal([]);
      expect(lost, 'POST of two clients at a time').to.be.at.most(2);

      const after = await killControl(before);
      await Promise.all([get.more(100), post.more(30)]);
      expect(await after.api.states()).to.deep.equal(['2.0 running', '1.0 complete']);
      expect(await after.api.tell(id, 'abort')).to.equal(202);
      await Promise.all([get.more(100), post.more(30)]);
      expect(await after.api.remove(id)).to.equal(202);
      await Promise.all([get.more(100), post.more(30)]);

      expect(unharmed(await get.stop())).to.deep.equal(nothing);
      const posts = await post.stop();
      expect(posts.wrong).to.deep.equal([]);
      expect([...posts.failed.values()].flat()).to.have.lengthOf(lost);
      expect(posts.sent - posts.answered, 'every other POST is answered').to.equal(lost);
      const asked = [...older.times, ...newer.times].filter(([each]) => each.startsWith('post'));
      expect(asked.filter(([, times]) => times > 1)).to.deep.equal([]);
      expect(new Set(asked.map(([each]) => each)), 'no POST reaches two versions').to.have.property(
        'size',
        asked.length,
      );
      expect(newer.times.size, 'the newer version had its part').to.be.above(0);
    });
  }

  describe('GRADUAL', () => {
    const begun = async (percentageTransitionPerRequest: number) => {
      const at = await upgradable(stage, [await container('v1')]);
      const id = await at.api.upgrade('2.0', [await container('v2')], {
        mode: 'GRADUAL',
        percentageTransitionPerRequest,
      });
      await spread(at, 2);
      return { at, id };
    };

    /** Told by how many of 300 newcomers cross; at a share of `percent` or more it holds but for 1 in 3 million. */
    const expectShareOf = (percent: number, visits: Visits) => {
      const share = percent / 100;
      const sigma = Math.sqrt(visits.length * share * (1 - share));
      expect(servedBy('v2', visits).length).to.be.at.least(visits.length * share - 5 * sigma);
    };

    it('goes on after control was killed: its share never falls, and nobody goes back', async () => {
      const { at } = await begun(0.05);
      const agent = connections(stage, 8);
      const early = await newVisitors(at.port, 600, agent);
      const shown = await progressFrom(at, 29.999);
      expect(shown, 'percent, after 600 requests').to.be.at.most(30.001);
      // What control has just shown is still on its way to workers: in these visits it arrives.
      await expectAllStay(servedBy('v2', early));

      const load = Load.start(stage, { port: at.port, clients: 2 });
      const killed = killControl(at);
      const meanwhile = await newVisitors(at.port, 300, agent);
      expectShareOf(shown, meanwhile);
      const again = await killed;
      expect(await shownProgress(again), 'percent, once control is back').to.be.at.least(shown);
      await expectAllStay([...servedBy('v2', early), ...servedBy('v2', meanwhile)]);

      const later = await shownProgress(again);
      await progressFrom(again, Math.min(100, later + 0.001)); // with what the load adds
      expectShareOf(later, await newVisitors(at.port, 300, agent));
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
    });

    it('keeps, when everything is killed, what it showed more than two seconds before', async () => {
      const { at } = await begun(0.02);
      const agent = connections(stage, 8);
      const early = await newVisitors(at.port, 500, agent);
      const shown = await progressFrom(at, 9.999);
      expect(shown, 'percent, after 500 requests').to.be.at.most(10.001);
      const crossed = servedBy('v2', early);
      expect(crossed, 'those who have crossed').not.to.have.lengthOf(0);
      // That it passes is what the promise is about.
      const deadline = performance.now() + 2_100;
      while (performance.now() < deadline) await newVisitors(at.port, 5, agent);
      // On a slow disk it is still being written.
      const file = join(at.home.folder, 'registry.json');
      await eventually('it is written', async () => (await savedProgress(file)) >= shown);
      process.kill(-at.cutover.pid, 'SIGKILL');
      await at.cutover.ended();

      const again = await started(stage, at.home);
      const back = await shownProgress(again);
      expect(back).to.be.at.least(shown);
      for (const { visitor } of crossed) {
        expect((await moved(visitor, again.port).ask()).server).to.equal('v2');
      }
      const load = Load.start(stage, { port: again.port, clients: 4, requests: 300 });
      expect(unharmed(await load.finished())).to.deep.equal(nothing);
      await progressFrom(again, Math.min(100, back + 1)); // 300 requests are 6 %
    });

    it('gives way to an INSTANT fix in the middle, and goes on with its share when that is removed', async () => {
      const { at, id } = await begun(0.05);
      const agent = connections(stage, 8);
      const early = await newVisitors(at.port, 600, agent);
      const shown = await shownProgress(at);
      const load = Load.start(stage, { port: at.port, clients: 1, prefix: 'fix' });
      const fix = await at.api.deploy('2.1', await container('v2.1'));
      await spread(at, 3);
      expect(await at.api.states()).to.deep.equal([
        '2.1 running',
        '2.0 superseded',
        '1.0 complete',
      ]);
      for (const { visitor } of early.slice(0, 40)) {
        expect((await visitor.ask()).server).to.equal('v2.1');
      }
      await load.more(50);
      // Whoever still asked when the fix has gone would count again.
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
      const [, superseded] = await at.api.versions();
      expect(await at.api.remove(fix)).to.equal(202);
      await spread(at, 4);
      const [resumed] = await at.api.versions();
      expect(resumed).to.include({ id, state: 'running' });
      const progress = resumed?.progress ?? 0;
      expect(progress).to.be.at.least(shown);
      expect(progress, 'requests of another upgrade do not count').to.be.below(
        Math.max(shown, superseded?.progress ?? 0) + 5,
      );
      await expectAllStay(servedBy('v2', early.slice(40)));
      const more = Load.start(stage, { port: at.port, clients: 1, prefix: 'more' });
      await more.more(100);
      await progressFrom(at, progress + 0.001);
      expect(unharmed(await more.stop())).to.deep.equal(nothing);
    });

    it('goes on while the number of workers changes under load', async () => {
      const servers = [await container('v1')];
      const at = await upgradable(stage, servers);
      await at.api.upgrade('2.0', [await container('v2')], {
        mode: 'GRADUAL',
        percentageTransitionPerRequest: 0.01,
      });
      await spread(at, 2);
      const agent = connections(stage, 4);
      const early = await newVisitors(at.port, 400, agent);
      const load = Load.start(stage, { port: at.port, clients: 6 });
      const post = Load.start(stage, {
        port: at.port,
        clients: 2,
        method: 'POST',
        prefix: 'post',
      });
      let before = await shownProgress(at);
      for (const count of [4, 1, 2]) {
        await withWorkers(at, servers, count);
        expect(at.cutover.pidsOf('worker')).to.have.lengthOf(count);
        await Promise.all([load.more(100), post.more(20)]);
        const now = await shownProgress(at);
        expect(now, `percent, with ${count} workers`).to.be.at.least(before);
        before = now;
      }
      await expectAllStay(servedBy('v2', early));
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
      expect(unharmed(await post.stop())).to.deep.equal(nothing);
    });
  });

  it('control that is killed after it took a version back still tells why', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const broken = await ScriptedContainer.start(stage);
    broken.serveOthers(playingToTheEnd('HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n'));
    const id = await at.api.deploy('2.0', broken.address);
    const load = Load.start(stage, { port: at.port, clients: 4 });
    await at.cutover.logged('version-changed', { where: ({ what }) => what === 'demoted' });
    const file = join(at.home.folder, 'registry.json.learned');
    await eventually('it is written, though nobody waited for it', async () =>
      (await readFile(file, 'utf8')).includes('"what":"demoted"'),
    );
    const told = async ({ api }: Upgradable) => [
      await api.call('GET', `/configuration/cluster/${id}/why`),
      await api.call('GET', '/events'),
    ];
    const before = await told(at);
    const after = await killControl(at);
    expect(await told(after)).to.deep.equal(before);
    expect(before[0]).to.have.nested.property('body.verdict', 'unhealthy');
    expect(await after.api.states()).to.deep.equal(['2.0 demoted', '1.0 complete']);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });

  describe('with control away', () => {
    it('gives a new worker table and keys from a frontend that has them', async () => {
      const { home, control } = await separately(stage, await container('v1'));
      const first = await frontend(stage, home);
      const taken = await worker(stage, home);
      await taken.logged('table-taken');
      const old = new Visitor(first.port);
      expect((await old.ask()).server).to.equal('v1');
      await apiOf(control).upgrade('2.0', [await container('v2')], {
        mode: 'SESSION',
        sessionTimeout: 60,
      });
      for (const each of [taken, first.cutover]) {
        await each.logged('table-taken', { where: ({ edition }) => edition === 2 });
      }
      await control.stop();

      const late = await worker(stage, home);
      await late.logged('table-taken', { where: ({ edition }) => edition === 2 });
      await taken.stop();
      expect(await old.servers(3), 'whose session began before').to.deep.equal(['v1']);
      expect((await old.ask()).cookie, 'a cookie that is known is not set anew').to.equal(
        undefined,
      );
      const fresh = new Visitor(first.port);
      expect(await fresh.servers(3), 'a new session').to.deep.equal(['v2']);

      // A frontend that has begun anew has nothing to give: the file's cluster is all that is known.
      await late.stop();
      await first.cutover.stop();
      const empty = await frontend(stage, home);
      const lonely = await worker(stage, home);
      expect(await moved(fresh, empty.port).servers(3)).to.deep.equal(['v1']);
      expect(lonely.all('table-taken')).to.deep.equal([]);
    });

    it('takes the table of control again when it comes back', async () => {
      const { home, control } = await separately(stage, await container('v1'));
      await control.stop();
      const { port } = await frontend(stage, home);
      const early = await worker(stage, home);
      const load = Load.start(stage, { port, clients: 4 });
      await load.more(50);
      const again = new CutoverProcess(stage, ['control', '-c', home.file], home);
      await again.logged('control-listening');
      await early.logged('table-taken', { where: ({ edition }) => edition === 1 });
      await apiOf(again).deploy('2.0', await container('v2'));
      await load.until(({ byServer }) => (byServer.get('v2') ?? 0) > 50);
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
    });
  });

  it('take back a version that dies after many good days, with one worker as well', async () => {
    const good = counting({ name: 'v2' });
    let isBroken = false;
    const newer = await httpContainer(stage, (request, response) => {
      if (isBroken) response.socket?.resetAndDestroy();
      else good.listener(request, response);
    });
    const older = await container('v1');
    const at = await upgradable(stage, [older]);
    await withWorkers(at, [older], 1);
    await at.api.deploy('2.0', newer);
    const load = Load.start(stage, { port: at.port, clients: 2 });
    await load.until(({ byServer }) => (byServer.get('v2') ?? 0) > 1000);
    isBroken = true;
    await at.cutover.logged('version-changed', {
      where: ({ what }) => what === 'demoted',
      ms: 30_000,
    });
    await load.more(50);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(await at.api.states()).to.deep.equal(['2.0 demoted', '1.0 complete']);
  });

  describe('a chain of four versions of which the newest three fail', () => {
    const resetting = async () => {
      const broken = await ScriptedContainer.start(stage);
      broken.serveOthers(({ socket }) => void socket.resetAndDestroy());
      return broken.address;
    };
    const answering500 = async () => {
      const broken = await ScriptedContainer.start(stage);
      broken.serveOthers(playingToTheEnd('HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n'));
      return broken.address;
    };
    const chains = {
      'all refuse': [refusing, refusing, refusing],
      'all reset': [resetting, resetting, resetting],
      'each in its way': [answering500, resetting, refusing],
      'all answer 500': [answering500, answering500, answering500],
    } as const;

    for (const [what, newer] of Object.entries(chains)) {
      it(`answers every request that is safe to repeat from the oldest: ${what}`, async () => {
        const at = await upgradable(stage, [await container('v1')], {
          monitor: { policy: 'alert' },
        });
        for (const [index, make] of newer.entries()) {
          await at.api.deploy(`${index + 2}.0`, await make(stage));
        }
        await spread(at, 4);
        const get = Load.start(stage, { port: at.port, clients: 4, requests: 60 });
        const put = Load.start(stage, {
          port: at.port,
          clients: 2,
          requests: 20,
          method: 'PUT',
          body: 'x',
          prefix: 'put',
        });
        expect(failures(await get.finished())).to.deep.equal([]);
        expect(failures(await put.finished())).to.deep.equal([]);
        expect(get.tally.byServer.get('v1')).to.equal(60);
        expect(put.tally.byServer.get('v1')).to.equal(20);
      });
    }
  });
});
