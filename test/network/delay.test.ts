import { expect } from 'chai';
import { describeInNamespaces } from '../support/namespaces.js';
import { ask } from '../support/raw-client.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { SiteLoad } from './site-load.js';
import { Site } from './site.js';

const SEED = 20_261_123;
/** Milliseconds, in each direction. */
const DELAY = 40;
const JITTER = 30;

describeInNamespaces(`network: packets are late (seed ${String(SEED)})`, () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let site: Site;

  before(async () => {
    site = await Site.open(whole, { late: { delay: DELAY, jitter: JITTER, seed: SEED } });
  });

  it('between frontend and workers, and between workers and servers: nothing fails', async () => {
    const load = new SiteLoad(stage, site);
    await load.more(100);
    const id = await site.api.deploy('2.0', site.serverOf('new'));
    await site.agrees();
    await load.more(100);
    const { unanswered } = await load.passes();
    expect(unanswered, 'writes that failed').to.deep.equal({});
    const start = performance.now();
    await ask(stage, site, 'GET / HTTP/1.1\r\nHost: a\r\nX-Id: 1\r\n\r\n');
    const took = performance.now() - start;
    expect(took, 'twice there and twice back').to.be.at.least(4 * (DELAY - JITTER));
    expect(await site.api.remove(id)).to.equal(202);
  });
});
