import { expect } from 'chai';
import { describeInNamespaces } from '../support/namespaces.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { SiteLoad } from './site-load.js';
import { PORTS, Site } from './site.js';

/** Milliseconds; a connection that nothing comes over is given up after less than half of that. */
const LONG = 40_000;

describeInNamespaces('network: machines that are gone for long', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let site: Site;

  before(async () => {
    site = await Site.open(whole);
  });

  /** Of workers at the frontend, and of followers at control. */
  const connections = async () => [
    await site.net.connectionsTo('frontend', PORTS.device),
    await site.net.connectionsTo('control', PORTS.control),
  ];

  it('leave no connection behind, and are back soon after they can be reached again', async function () {
    this.timeout(90_000);
    expect(await connections(), 'to begin with').to.deep.equal([2, 3]);
    const load = new SiteLoad(stage, site);
    await load.more(100);
    const here = site.since('frontend');
    const { net } = site;
    const heals = [
      await net.partition('worker-1', 'frontend'),
      await net.partition('worker-1', 'control'),
    ];
    const isGone = async () => String(await connections()) === String([1, 2]);
    await eventually('no connection of it is left', isGone, LONG);
    await load.more(100);
    for (const heal of heals) await heal();
    // TCP by itself asks at intervals that double: as long again as it was away.
    await site.of('frontend').logged('worker-joined', {
      ...here,
      ms: 10_000,
      where: ({ name }) => name === 'worker-1',
    });
    await site.agrees();
    await load.more(100);
    await load.passes();
    expect(await connections(), 'in the end').to.deep.equal([2, 3]);
  });
});
