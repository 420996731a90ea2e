/** Containers come, go, crash and are started by control, while clients are served. The engine is a fake one. */
import { expect } from 'chai';
import { FakeEngine } from '../support/fake-engine.js';
import { asked, besideEngine, of, shows } from '../support/fake-containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { stageForEach } from '../support/stage.js';
import { apiOf } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const CLUSTERS = '/configuration/cluster';

describe('containers', () => {
  const stage = stageForEach();
  let engine: FakeEngine;
  beforeEach(async () => {
    engine = await FakeEngine.start(stage);
  });

  it('of a version become its cluster as their health checks pass, and leave it before they end; nothing is lost', async () => {
    const at = await besideEngine(stage, engine);
    const load = Load.start(stage, { port: at.port, clients: 4 });
    const one = await engine.run('one', { ...of('2.0'), health: 'starting' });
    await at.cutover.logged('container-notice', { where: ({ about }) => about === 'version 2.0' });
    await load.more(20);
    expect(one.requests).to.equal(0);

    engine.becomes(one, 'healthy');
    await shows(at, '2.0 running 1, 1.0 complete 1');
    await load.until(({ byServer }) => (byServer.get('one') ?? 0) > 20);
    await engine.run('two', of('2.0'));
    await shows(at, '2.0 running 2, 1.0 complete 1');
    await load.until(({ byServer }) => (byServer.get('two') ?? 0) > 20);

    // It is told to end while it has a request, and answers it after nobody new comes to it any more.
    one.isHolding = true;
    const before = one.requests;
    const held = asked(at.port, 'held');
    await eventually('a request waits in it', () => one.requests > before);
    engine.told(one);
    await shows(at, '2.0 running 1, 1.0 complete 1');
    await load.more(50);
    const last = one.requests;
    await load.more(50);
    expect(one.requests).to.equal(last, 'nothing new for one that leaves');
    one.release();
    expect(await held).to.match(/^200 held (one|two)/);
    await engine.end(one, 0, false);

    await engine.remove(engine.named('two')!);
    await shows(at, '1.0 complete 1');
    await load.more(20);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });

  it('of a version that was taken back do not bring it again, also where control begins anew', async () => {
    const at = await besideEngine(stage, engine);
    await engine.run('one', of('2.0'));
    await shows(at, '2.0 running 1, 1.0 complete 1');
    const [{ id } = { id: '' }] = await at.api.versions();
    expect(await at.api.tell(id, 'abort')).to.equal(202);
    const two = await engine.run('two', of('2.0'));
    await shows(at, '2.0 aborted 2, 1.0 complete 1');

    const { status, body } = await at.api.call('DELETE', `${CLUSTERS}/${id}`);
    expect(status).to.equal(409);
    expect(body).to.have.property('error').that.contains('comes from the labels of containers');

    const { pid } = at.cutover.all('role-ready').find(({ role }) => role === 'control')!;
    const since = at.cutover.lines.length;
    process.kill(pid, 'SIGKILL');
    await at.cutover.logged('engine-found', { since });
    const later = { ...at, api: apiOf(at.cutover, since) };
    await engine.remove(two);
    await shows(later, '2.0 aborted 1, 1.0 complete 1');
    expect((await later.api.versions())[0]).to.include({ id, owner: 'labels' });

    await engine.run('three', of('2.1', { 'cutover.moed': 'SESSION' }));
    const { because } = await at.cutover.logged('container-notice', {
      where: ({ about }) => about === 'three',
    });
    expect(because).to.match(/^left out: label cutover.moed is unknown/);
    await shows(later, '2.0 aborted 1, 1.0 complete 1');
  });

  it('are pulled, started and removed with their cluster, and nobody is told their environment', async () => {
    engine.registry.set('shop/app:2', { health: 'healthy' });
    const at = await besideEngine(stage, engine, { images: ['shop/'] });
    const secret = 'PASSWORD=do-not-tell-anybody';
    const containers = {
      image: 'shop/app',
      tag: '2',
      count: 2,
      portToProxy: 80,
      environment: [secret],
    };
    const put = (more: object) =>
      at.api.call('PUT', CLUSTERS, {
        cluster: { version: '2.0', containers: { ...containers, ...more } },
      });
    for (const { more, status, error } of [
      { more: { image: 'shopping/app' }, status: 400, error: 'docker.images allows (shop/)' },
      { more: { tag: '3' }, status: 502, error: 'cannot pull shop/app:3: manifest' },
      { more: { environment: ['do-not-tell-anybody'] }, status: 400, error: '(not shown)' },
      { more: { enviroment: ['do-not-tell-anybody'] }, status: 400, error: 'environment' },
    ]) {
      const refused = await put(more);
      expect(refused.status, JSON.stringify(refused.body)).to.equal(status);
      expect(refused.body).to.have.property('error').that.contains(error);
      expect(JSON.stringify(refused.body)).not.to.contain('do-not-tell');
    }
    expect(engine.created).to.deep.equal([]);

    const { status, body } = await put({});
    expect(status, JSON.stringify(body)).to.equal(202);
    await shows(at, '2.0 running 2, 1.0 complete 1');
    expect(engine.created.map(({ Env }) => Env)).to.deep.equal([[secret], [secret]]);
    const load = Load.start(stage, { port: at.port, clients: 2 });
    const [first] = engine.containers.values();
    await load.until(({ byServer }) => (byServer.get(first!.name) ?? 0) > 20);

    // A slow answer of a removed cluster is waited for.
    first!.isHolding = true;
    const before = first!.requests;
    const held = asked(at.port, 'slow');
    await eventually('a request waits in it', () => first!.requests > before);
    expect(await at.api.remove((body as { id: string }).id)).to.equal(202);
    await shows(at, '1.0 complete 1');
    first!.release();
    expect(await held).to.match(/^200 slow cutover-2.0-/);
    await eventually('its containers are removed', () => engine.containers.size === 0);
    expect(engine.asked.filter(each => each.endsWith('/stop'))).to.have.length(2);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(JSON.stringify([at.cutover.lines, at.cutover.output, at.cutover.errors])).not.to.contain(
      'do-not-tell',
    );
  });
});
