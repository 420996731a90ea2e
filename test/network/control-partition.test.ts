import { expect } from 'chai';
import { describeInNamespaces, type Heal } from '../support/namespaces.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { SiteLoad } from './site-load.js';
import { Site, WORKERS, type Machine } from './site.js';

describeInNamespaces('network: control that cannot be reached', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let site: Site;
  let release = 1;

  before(async () => {
    site = await Site.open(whole);
  });

  afterEach('every fault is healed', async () => {
    await site.net.heal();
    await site.agrees();
  });

  /** An upgrade to one more version, and how many followers had it within the call. */
  const upgrade = async (): Promise<string> => {
    release += 1;
    return site.api.deploy(`${release}.0`, site.serverOf('new'));
  };

  it('by one worker: it has a change from the frontend, and tells control after that', async () => {
    const load = new SiteLoad(stage, site);
    await load.more(100);
    const here = site.since('control');
    const heal = await site.net.partition('worker-1', 'control');
    const where = (line: { readonly name: string }) => line.name === 'worker-1';
    await site.of('control').logged('follower-left', { ...here, where });
    const id = await upgrade();
    const { edition } = await site.spread();
    await has('worker-1', edition);
    await load.more(100);
    expect(await site.spread()).to.deep.include({ edition, followers: 2, acknowledged: 2 });
    await heal();
    await site.agrees();
    await load.more(100);
    await load.passes();
    expect(await site.api.remove(id)).to.equal(202);
  });

  it('by one worker, nor can the frontend: it serves nobody, and has the change after that', async () => {
    const load = new SiteLoad(stage, site);
    await load.more(100);
    const here = site.since('frontend');
    const before = site.editionOf('worker-1');
    const cuts = [
      await site.net.partition('worker-1', 'control'),
      await site.net.partition('worker-1', 'frontend'),
    ];
    const where = (line: { readonly name: string }) => line.name === 'worker-1';
    await site.of('frontend').logged('worker-lost', { ...here, where });
    const id = await upgrade();
    await load.more(200);
    expect(site.editionOf('worker-1'), 'the edition of who was cut off').to.equal(before);
    for (const heal of cuts) await heal();
    await site.agrees();
    expect(site.editionOf('worker-1')).to.be.above(before);
    await load.more(100);
    await load.passes();
    expect(await site.api.remove(id)).to.equal(202);
  });

  it('by the frontend: workers have a change at once, and it has it after that', async () => {
    const load = new SiteLoad(stage, site);
    await load.more(100);
    const before = site.editionOf('frontend');
    const heal = await site.net.partition('frontend', 'control');
    const id = await upgrade();
    const { edition } = await site.spread();
    for (const worker of WORKERS) await has(worker, edition);
    await load.more(100);
    expect(site.editionOf('frontend')).to.equal(before);
    await heal();
    await site.agrees();
    await load.more(100);
    await load.passes();
    expect(await site.api.remove(id)).to.equal(202);
  });

  const isolations: Readonly<Record<string, () => Promise<Heal>>> = {
    'because nobody hears the other': () => cutOff('frontend', ...WORKERS),
    'because its cable is pulled': () => site.net.unplug('control'),
  };
  for (const [because, isolate] of Object.entries(isolations)) {
    it(`by anybody, ${because}: all serve on, and have its changes after that`, async () => {
      const load = new SiteLoad(stage, site);
      await load.more(100);
      const editions = () => (['frontend', ...WORKERS] as const).map(each => site.editionOf(each));
      const before = editions();
      const heal = await isolate();
      await eventually('nobody follows', async () => (await site.spread()).followers === 0);
      const ids = [await upgrade(), await upgrade()];
      await load.more(200);
      expect(editions()).to.deep.equal(before);
      await heal();
      await site.agrees();
      const asked = site.arrivedAt('new');
      await load.more(100);
      expect(site.arrivedAt('new'), 'of the newest version').to.be.above(asked);
      await load.passes();
      for (const id of ids) expect(await site.api.remove(id)).to.equal(202);
    });
  }

  async function has(follower: 'frontend' | (typeof WORKERS)[number], edition: number) {
    await site.of(follower).logged('table-taken', { where: line => line.edition >= edition });
  }

  async function cutOff(...machines: readonly Machine[]): Promise<Heal> {
    const heals: Heal[] = [];
    for (const each of machines) heals.push(await site.net.partition('control', each));
    return async () => {
      for (const heal of heals) await heal();
    };
  }
});
