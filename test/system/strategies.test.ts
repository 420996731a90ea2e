import { expect } from 'chai';
import type { LiveSessions } from '../../src/control/why.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import type { ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { spread, upgradable } from '../support/upgradable.js';
import { progressFrom, shownProgress } from '../support/upgrade-faults.js';
import { connections, newVisitors, Visitor, type Visit } from '../support/visitor.js';
import { eventually } from '../support/within.js';

/** Of visits, how many each container has answered. */
function tally(visits: readonly Visit[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { server } of visits) counts[server] = (counts[server] ?? 0) + 1;
  return counts;
}

describe('strategies, with real clients', () => {
  const stage = stageForEach();
  const container = (name: string): Promise<ServerAddress> =>
    httpContainer(stage, counting({ name }).listener);
  const counted = async (name: string) => {
    const { listener, times } = counting({ name });
    return { address: await httpContainer(stage, listener), times };
  };

  it('SESSION holds every session that began before the upgrade, and moves every new one', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const agent = connections(stage, 8);
    const before = await newVisitors(at.port, 50, agent);
    await at.api.upgrade('2.0', [await container('v2')], { mode: 'SESSION', sessionTimeout: 60 });
    await spread(at, 2);
    const after = await newVisitors(at.port, 50, agent);
    expect(tally(before.map(({ first }) => first))).to.deep.equal({ v1: 50 });
    expect(tally(after.map(({ first }) => first))).to.deep.equal({ v2: 50 });
    for (const { visitor } of before) expect(await visitor.servers(3)).to.deep.equal(['v1']);
    for (const { visitor } of after) expect(await visitor.servers(3)).to.deep.equal(['v2']);
  });

  it('SESSION tells how many sessions live, and lets one that paused for too long begin anew', async () => {
    const at = await upgradable(stage, [await container('v1')], { monitor: { minimumSample: 5 } });
    const agent = connections(stage, 8);
    const visitor = new Visitor(at.port, agent);
    await visitor.ask();
    await newVisitors(at.port, 36, agent);
    const id = await at.api.upgrade('2.0', [await container('v2')], {
      mode: 'SESSION',
      sessionTimeout: 5,
    });
    await spread(at, 2);
    await newVisitors(at.port, 5, agent);
    let older: LiveSessions | undefined;
    await eventually('both workers have reported theirs', async () => {
      const [two, one] = await at.api.versions();
      older = one?.sessions;
      return two?.sessions?.count === 5 && older?.count === 37;
    });
    expect(older?.isExact).to.equal(true);
    expect(older?.endIn).to.be.within(1, 16);
    // All sessions of the older version end: the upgrade completes by itself.
    const { what } = await at.cutover.logged('version-changed', {
      where: line => line.id === id && line.what === 'completed',
      ms: 45_000,
    });
    expect(what).to.equal('completed');
    expect(await visitor.servers(2)).to.deep.equal(['v2']);
  });

  it('GRADUAL reaches its share within the binomial bound, and never moves anybody back', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const agent = connections(stage, 16);
    const id = await at.api.upgrade('2.0', [await container('v2')], {
      mode: 'GRADUAL',
      percentageTransitionPerRequest: 0.05,
    });
    await spread(at, 2);
    const early = await newVisitors(at.port, 800, agent);
    await progressFrom(at, 39.999);
    expect(await at.api.tell(id, 'pause')).to.equal(202);
    await spread(at, 3);
    const progress = await shownProgress(at);
    expect(progress).to.be.at.most(40.001); // 800 requests of 0.05 % are 40 %
    const visitors = await newVisitors(at.port, 1000, agent);
    const moved = visitors.filter(({ first }) => first.server === 'v2').length;
    const share = progress / 100;
    const sigma = Math.sqrt(1000 * share * (1 - share));
    // Outside of it but for 1 in 2 million.
    expect(moved).to.be.within(1000 * share - 5 * sigma, 1000 * share + 5 * sigma);
    expect(await at.api.tell(id, 'resume')).to.equal(202);
    await spread(at, 4);
    for (const { visitor, first } of [...early, ...visitors]) {
      const { server } = await visitor.ask();
      expect(server).to.equal(first.server);
    }
    await newVisitors(at.port, 400, agent);
    const late = await newVisitors(at.port, 50, agent);
    expect(tally(late.map(({ first }) => first))).to.deep.equal({ v2: 50 });
    expect(await visitors[0]?.visitor.servers(2)).to.deep.equal([visitors[0]?.first.server]);
  });

  it('GRADUAL rests at its steps', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const agent = connections(stage, 16);
    await at.api.upgrade('2.0', [await container('v2')], {
      mode: 'GRADUAL',
      percentageTransitionPerRequest: 0.1,
      steps: [50],
    });
    await spread(at, 2);
    const first = await newVisitors(at.port, 450, agent);
    expect(tally(first.map(each => each.first))).to.deep.equal({ v1: 450 });
    await newVisitors(at.port, 150, agent); // 60 %, and there it would not rest
    expect(await progressFrom(at, 50)).to.equal(50);
  });

  /** A client waits no longer than `comparison.patience` for the newer version to be asked as well. */
  const asked = ({ times }: Awaited<ReturnType<typeof counted>>, requests: number) =>
    eventually('it was asked as well', () => times.size >= requests);

  it('CONCURRENT asks both, and never sends a POST twice unless it is asked to', async () => {
    const older = await counted('same');
    const newer = await counted('same');
    const at = await upgradable(stage, [older.address]);
    const id = await at.api.upgrade('2.0', [newer.address], { mode: 'CONCURRENT' });
    await spread(at, 2);
    const get = await Load.start(stage, { port: at.port, clients: 4, requests: 40 }).finished();
    expect(unharmed(get)).to.deep.equal(nothing);
    await asked(newer, 40);
    expect([older.times.size, newer.times.size]).to.deep.equal([40, 40]);
    const post = { port: at.port, clients: 4, requests: 40, method: 'POST', prefix: 'post' };
    expect(unharmed(await Load.start(stage, post).finished())).to.deep.equal(nothing);
    expect([older.times.size, newer.times.size]).to.deep.equal([80, 40]);
    expect(await at.api.remove(id)).to.equal(202);
    await at.api.upgrade('2.0', [newer.address], { mode: 'CONCURRENT', methods: ['POST'] });
    await spread(at, 4);
    const named = { ...post, prefix: 'named' };
    expect(unharmed(await Load.start(stage, named).finished())).to.deep.equal(nothing);
    await asked(newer, 80);
    expect([older.times.size, newer.times.size]).to.deep.equal([120, 80]);
    const twice = [...older.times, ...newer.times].filter(([, times]) => times > 1);
    expect(twice).to.deep.equal([]);
  });

  it('CONCURRENT promotes a version by itself that is found healthy, if it is asked to', async function () {
    this.timeout(60_000);
    const at = await upgradable(stage, [await container('same')]);
    const load = Load.start(stage, { port: at.port, clients: 8 });
    const id = await at.api.upgrade('2.0', [await container('same')], {
      mode: 'CONCURRENT',
      promote: 'healthy',
    });
    await at.cutover.logged('version-changed', {
      where: line => line.id === id && line.what === 'promoted',
      ms: 30_000,
    });
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(await at.api.states()).to.deep.equal(['2.0 complete', '1.0 complete']);
  });

  it('recognises sessions on every worker, and no forged, truncated or foreign cookie', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const visitor = new Visitor(at.port);
    await visitor.ask();
    await at.api.upgrade('2.0', [await container('v2')], { mode: 'SESSION', sessionTimeout: 60 });
    await spread(at, 2);
    // Each request takes a connection of its own, so that both workers serve some.
    expect(await visitor.servers(20)).to.deep.equal(['v1']);
    const own = String(visitor.cookie);
    const forged = own.slice(0, -1) + (own.endsWith('A') ? 'B' : 'A');
    for (const cookie of [forged, own.slice(0, -4), 'cutover=', 'cutover=1.x', `${own}x`]) {
      const stranger = new Visitor(at.port);
      stranger.cookie = cookie;
      const { status, server, cookie: set } = await stranger.ask();
      expect([status, server], cookie).to.deep.equal([200, 'v2']);
      expect(set).to.match(/^cutover=1\.[\w-]{72}; Path=\/; .*HttpOnly; SameSite=Lax$/);
    }
  });

  it('keeps sessions through a rotation of the keys', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const visitor = new Visitor(at.port);
    await visitor.ask();
    const { cookie } = visitor;
    await at.api.upgrade('2.0', [await container('v2')], { mode: 'SESSION', sessionTimeout: 60 });
    const { status } = await at.api.call('POST', '/configuration/keys/rotate');
    expect(status).to.equal(202);
    await spread(at, 4);
    const { server, cookie: set } = await visitor.ask();
    expect(server).to.equal('v1');
    expect(set).not.to.equal(undefined);
    expect(visitor.cookie).not.to.equal(cookie);
    expect((await visitor.ask()).cookie).to.equal(undefined);
  });

  it('never lets the cookie reach a container', async () => {
    const seen: string[] = [];
    const server = await httpContainer(stage, ({ headers }, response) => {
      seen.push(String(headers.cookie));
      response.writeHead(200, { 'set-cookie': 'cutover=mine' }).end('x v1 ');
    });
    const at = await upgradable(stage, [server]);
    const visitor = new Visitor(at.port);
    expect((await visitor.ask()).cookie).to.match(/^cutover=1\./);
    visitor.cookie = `a=1; ${String(visitor.cookie)}; b=2`;
    await visitor.ask();
    expect(seen).to.deep.equal(['undefined', 'a=1; b=2']);
  });
});
