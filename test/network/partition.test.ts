import { expect } from 'chai';
import { describeInNamespaces, type Heal } from '../support/namespaces.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { READERS, SiteLoad } from './site-load.js';
import { Site, WORKERS, type Machine } from './site.js';

describeInNamespaces('network: machines that cannot reach each other', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let site: Site;

  before(async () => {
    site = await Site.open(whole);
  });

  afterEach('every fault is healed', async () => {
    await site.net.heal();
    await site.agrees();
  });

  describe('a worker that cannot reach the frontend', () => {
    const faults: Readonly<Record<string, (worker: Machine) => Promise<Heal>>> = {
      'because neither hears the other': worker => site.net.partition('frontend', worker),
      'because the frontend does not hear it': worker => site.net.deaf('frontend', worker),
      'because it does not hear the frontend': worker => site.net.deaf(worker, 'frontend'),
      'because its connections are reset': worker => site.net.reset('frontend', worker),
      'because its cable is pulled': worker => site.net.unplug(worker),
    };
    for (const [at, [because, cut]] of Object.entries(faults).entries()) {
      // Once each in its turn: while one is cut off, the other one serves alone.
      const cutOff = at === 0 ? WORKERS : WORKERS.slice(0, 1);
      it(`${because}, is given up, and takes part again after that`, async () => {
        const load = new SiteLoad(stage, site);
        await load.more(100);
        for (const name of cutOff) {
          const [here, there] = [site.since('frontend'), site.since(name)];
          const where = (line: { readonly name: string }) => line.name === name;
          const heal = await cut(name);
          await site.of('frontend').logged('worker-lost', { ...here, where });
          await load.more(200);
          await site.of(name).logged('frontend-lost', there);
          await heal();
          await site.of('frontend').logged('worker-joined', { ...here, where });
          await site.of(name).logged('frontend-joined', there);
          await load.more(100);
        }
        await load.passes();
      });
    }
  });

  describe('a server that workers cannot reach', () => {
    it('is left out by the worker that is cut off from it', async () => {
      const load = new SiteLoad(stage, site);
      await load.more(100);
      const worker = site.of('worker-1');
      const since = site.since('worker-1');
      const where = (line: { readonly server: string }) =>
        line.server === site.serverNameOf('old-1');
      const heal = await site.net.partition('worker-1', 'old-1');
      await worker.logged('server-ejected', { ...since, where });
      await load.more(200);
      await heal();
      await load.more(100);
      await load.passes();
    });

    it('leaves everything to the other server of its version, and is let back in after that', async () => {
      const load = new SiteLoad(stage, site);
      await load.more(100);
      const since = WORKERS.map(name => [site.of(name), site.since(name)] as const);
      const where = (line: { readonly server: string }) =>
        line.server === site.serverNameOf('old-2');
      const heal = await cutOff('old-2');
      for (const [worker, from] of since) await worker.logged('server-ejected', { ...from, where });
      const before = site.arrivedAt('old-1');
      await load.more(200);
      // The first of them may have arrived before we counted.
      expect(site.arrivedAt('old-1')).to.be.at.least(before + 200 - READERS);
      await heal();
      for (const [worker, from] of since)
        await worker.logged('server-admitted', { ...from, where });
      await load.more(100);
      await load.passes();
    });

    for (const mode of ['INSTANT', 'CONCURRENT'] as const) {
      it(`and is the only one of a newer version (${mode}): the older version answers`, async () => {
        const load = new SiteLoad(stage, site);
        await load.more(100);
        const server = site.serverOf('new');
        const id = await site.api.upgrade('2.0', [server], { mode });
        await site.agrees();
        const before = site.arrivedAt('new');
        await load.more(100);
        expect(site.arrivedAt('new'), 'of the newer version').to.be.above(before);
        const heal = await cutOff('new');
        const demoted = site.of('control').logged('version-changed', {
          ...site.since('control'),
          where: line => line.id === id && line.what === 'demoted',
        });
        await demoted;
        await load.more(200);
        await heal();
        expect(await site.api.tell(id, 'resume')).to.equal(202);
        const after = site.arrivedAt('new');
        await load.more(100);
        expect(site.arrivedAt('new'), 'of the newer version').to.be.above(after);
        await load.passes();
        expect(await site.api.remove(id)).to.equal(202);
      });
    }

    it('and are all that a worker has: the other worker answers for it', async () => {
      const load = new SiteLoad(stage, site);
      await load.more(100);
      const since = site.since('worker-1');
      for (const server of ['old-1', 'old-2'] as const) {
        await site.net.partition('worker-1', server);
      }
      await site.of('worker-1').logged('exchange-failed', {
        ...since,
        where: ({ code }) => code === 'ERR_SERVER_UNREACHABLE',
      });
      await load.more(200);
      await site.net.heal();
      await load.more(100);
      await load.passes();
    });

    /** No worker reaches it, and it reaches no worker. */
    async function cutOff(server: Machine): Promise<Heal> {
      const heals: Heal[] = [];
      for (const worker of WORKERS) heals.push(await site.net.partition(worker, server));
      return async () => {
        for (const heal of heals) await heal();
      };
    }
  });
});
