/** An engine that goes away, containers that do not become ready, and control killed in between. */
import { expect } from 'chai';
import { FakeEngine } from '../support/fake-engine.js';
import { asked, besideEngine, of, shows } from '../support/fake-containers.js';
import { stageForEach } from '../support/stage.js';

const CLUSTERS = '/configuration/cluster';

describe('containers that are in trouble, or their engine', () => {
  const stage = stageForEach();
  let engine: FakeEngine;
  beforeEach(async () => {
    engine = await FakeEngine.start(stage);
  });

  it('stay as they are while their engine is away, and are followed when it is back', async () => {
    const at = await besideEngine(stage, engine);
    const one = await engine.run('one', of('2.0'));
    await engine.run('two', of('2.0'));
    await shows(at, '2.0 running 2, 1.0 complete 1');
    await engine.goAway();
    await at.cutover.logged('engine-lost');
    await engine.remove(one);
    expect((await asked(at.port, 'meanwhile')).slice(0, 13)).to.equal('200 meanwhile');
    await shows(at, '2.0 running 2, 1.0 complete 1');
    await engine.listen();
    await shows(at, '2.0 running 1, 1.0 complete 1');
    expect(at.cutover.all('engine-lost')).to.have.length(1);
  });

  it('that end before they are ready fail the call, and none of them is left', async () => {
    engine.images.set('shop/bad:1', { endsWith: 3 });
    engine.images.set('shop/deaf:1', { listens: false });
    const at = await besideEngine(stage, engine, {
      images: ['shop/bad', 'shop/deaf'],
      patience: 1,
    });
    for (const { image, error } of [
      { image: 'shop/bad', error: 'ended with exit code 3 before it was ready' },
      { image: 'shop/deaf', error: 'its containers are not ready within docker.patience' },
    ]) {
      const containers = { image, tag: '1', count: 2, portToProxy: 80 };
      const { status, body } = await at.api.call('PUT', CLUSTERS, {
        cluster: { version: '2.0', containers },
      });
      expect(status).to.equal(502);
      expect(body).to.have.property('error').that.contains(error);
      expect(engine.containers.size).to.equal(0);
    }
    await shows(at, '1.0 complete 1');
  });

  it('that were being started when control was killed are removed by the next one', async () => {
    engine.images.set('shop/deaf:1', { listens: false });
    const at = await besideEngine(stage, engine, { images: ['shop/deaf'] });
    const containers = { image: 'shop/deaf', tag: '1', portToProxy: 80 };
    const call = at.api
      .call('PUT', CLUSTERS, { cluster: { version: '2.0', containers } })
      .catch(() => 'cut off');
    await at.cutover.logged('container-started');
    const { pid } = at.cutover.all('role-ready').find(({ role }) => role === 'control')!;
    process.kill(pid, 'SIGKILL');
    expect(await call).to.equal('cut off');
    await at.cutover.logged('container-removed');
    expect(engine.containers.size).to.equal(0);
  });
});
