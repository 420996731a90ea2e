import { expect } from 'chai';
import { describeInNamespaces } from '../support/namespaces.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { SiteLoad } from './site-load.js';
import { Site, type Machine } from './site.js';

/** Of the packets that arrive at each machine. */
const SHARE = 0.2;

describeInNamespaces('network: packets are lost', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let site: Site;

  before(async () => {
    // TCP asks for a connection again after 1, 3 and 7 s: of four such packets, and their answers, one arrives.
    site = await Site.open(whole, { patience: { silence: 5, connect: 15 } });
  });

  const all: readonly Machine[] = [
    'frontend',
    'worker-1',
    'worker-2',
    'control',
    'old-1',
    'old-2',
    'new',
  ];

  it(`a fifth, everywhere: no read fails, and a change arrives`, async () => {
    const load = new SiteLoad(stage, site);
    await load.more(100);
    for (const machine of all) await site.net.loss(machine, SHARE);
    await load.more(60);
    const id = await site.api.deploy('2.0', site.serverOf('new'));
    await site.agrees();
    await load.more(60);
    let taken = 0;
    for (const machine of all) taken += await site.net.taken(machine);
    await site.net.heal();
    expect(taken, 'packets lost').to.be.above(200);
    await load.more(100);
    await load.passes();
    expect(await site.api.remove(id)).to.equal(202);
  });
});
