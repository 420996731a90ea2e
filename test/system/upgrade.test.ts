import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ShownVersion } from '../../src/control/shown.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { configFor, CutoverProcess, homeFor } from '../support/processes.js';
import { hanging, refusing, ScriptedContainer } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { apiOf, neverSlowOrOdd, spread, started, upgradable } from '../support/upgradable.js';
import { killWorker } from '../support/upgrade-faults.js';

async function ask(port: number, agent?: Agent): Promise<{ status: number; text: string }> {
  const outgoing = request({
    port,
    host: '127.0.0.1',
    headers: { 'x-id': 'one-1' },
    ...(agent && { agent }),
  });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of answer.setEncoding('latin1') as AsyncIterable<string>) text += piece;
  return { status: answer.statusCode ?? 0, text };
}

describe('upgrades', () => {
  const stage = stageForEach();
  const container = (name: string) => httpContainer(stage, counting({ name }).listener);

  it('takes effect on the next request of a connection that is already open', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    stage.atEnd(() => agent.destroy());
    expect((await ask(at.port, agent)).text).to.contain('v1');
    await at.api.deploy('2.0', await container('v2'));
    await spread(at, 2);
    expect((await ask(at.port, agent)).text).to.contain('v2');
    expect(Object.values(agent.freeSockets).flat()).to.have.length(1);
  });

  it('loses no request while versions are added, aborted, resumed, promoted and removed', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const load = Load.start(stage, { port: at.port, clients: 8 });
    await load.more(50);
    for (let round = 2; round < 5; round++) {
      const id = await at.api.deploy(`${round}.0`, await container(`v${round}`));
      await load.until(({ byServer }) => (byServer.get(`v${round}`) ?? 0) > 50);
      expect(await at.api.tell(id, 'abort')).to.equal(202);
      await load.more(50);
      expect(await at.api.tell(id, 'resume')).to.equal(202);
      expect(await at.api.tell(id, 'promote')).to.equal(202);
      await load.more(50);
      if (round === 3) expect(await at.api.remove(id)).to.equal(202);
      await load.more(50);
    }
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(await at.api.states()).to.deep.equal(['4.0 complete', '2.0 complete', '1.0 complete']);
  });

  it('answers from the version before when every server of the new one refuses, also POST', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    await at.api.deploy('2.0', await refusing(stage), await refusing(stage));
    await spread(at, 2);
    for (const method of ['GET', 'POST']) {
      const load = Load.start(stage, { port: at.port, clients: 4, requests: 40, method });
      const tally = await load.finished();
      expect(unharmed(tally)).to.deep.equal(nothing);
      expect(tally.byServer.get('v1')).to.equal(40);
    }
  });

  it('answers from the version before when the new one breaks connections, but repeats no POST', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const broken = await ScriptedContainer.start(stage);
    broken.serveOthers(({ socket }) => void socket.resetAndDestroy());
    await at.api.deploy('2.0', broken.address);
    await spread(at, 2);
    const post = await Load.start(stage, {
      port: at.port,
      clients: 1,
      requests: 3,
      method: 'POST',
      prefix: 'post',
    }).finished();
    expect([...post.failed].map(([how, ids]) => `${how}: ${ids.length}`)).to.deep.equal(['502: 3']);
    expect(broken.heads).to.have.lengthOf(3);
    const get = Load.start(stage, { port: at.port, clients: 4, requests: 200 });
    expect(unharmed(await get.finished())).to.deep.equal(nothing);
    const { because } = await at.cutover.logged('version-changed', {
      where: ({ what }) => what === 'demoted',
    });
    expect(because).to.match(/it fails more often/);
    expect(await at.api.states()).to.deep.equal(['2.0 demoted', '1.0 complete']);
  });

  it('is there without a word about it: the registry has a file of its own, and outlives a restart', async () => {
    const home = await homeFor(stage, {});
    const servers = [await container('v1')];
    const config = {
      proxy: { ip: '127.0.0.1', port: 0 },
      configService: { ip: '127.0.0.1', port: 0 },
      cluster: { servers, version: '1.0' },
    };
    await home.write(config);
    const at = await started(stage, home);
    await at.api.deploy('2.0', await container('v2'));
    await spread(at, 2);
    await at.cutover.stop();
    const again = await started(stage, home);
    expect(await again.api.states()).to.deep.equal(['2.0 running', '1.0 complete']);
    const [file = ''] = await readdir(join(home.folder, 'cutover'));
    expect(file).to.match(/^config-[\da-f]{8}\.json/);
  });

  it('serves while control is killed, and control comes back with all that was accepted', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const load = Load.start(stage, { port: at.port, clients: 4 });
    await at.api.deploy('2.0', await container('v2'));
    await load.until(({ byServer }) => (byServer.get('v2') ?? 0) > 20);
    const since = at.cutover.lines.length;
    const { pid } = await at.cutover.logged('role-ready', {
      where: line => line.role === 'control',
    });
    process.kill(pid, 'SIGKILL');
    await at.cutover.logged('control-listening', { since });
    for (const name of ['worker-1', 'worker-2']) {
      await at.cutover.logged('follower-joined', { since, where: line => line.name === name });
    }
    const api = apiOf(at.cutover, since);
    expect(await api.states()).to.deep.equal(['2.0 running', '1.0 complete']);
    const [{ id } = { id: '' }] = await api.versions();
    expect(await api.tell(id, 'abort')).to.equal(202);
    await spread(at, 3);
    expect((await ask(at.port)).text).to.contain('v1');
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });

  it('keeps a change that was answered with 202 when everything is killed', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const id = await at.api.deploy('2.0', await container('v2'));
    process.kill(-at.cutover.pid, 'SIGKILL');
    await at.cutover.ended();
    const file = join(at.home.folder, 'registry.json');
    const other = configFor([await container('v9')], { registry: { file } });
    await at.home.write(other); // the registry counts
    const again = await started(stage, at.home);
    await again.cutover.logged('cluster-ignored');
    expect(await again.api.states()).to.deep.equal(['2.0 running', '1.0 complete']);
    expect((await ask(again.port)).text).to.contain('v2');
    expect(await again.api.tell(id, 'promote')).to.equal(202);
  });

  it('gives a worker that replaces a killed one the table of the others', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    await at.api.deploy('2.0', await container('v2'));
    const load = Load.start(stage, { port: at.port, clients: 4 });
    await load.more(20);
    await spread(at, 2);
    const since = at.cutover.lines.length;
    await killWorker(at, 'worker-1');
    await at.cutover.logged('table-taken', {
      since,
      where: line => line.edition === 2 && line['process'] === 'worker-1',
    });
    await load.more(50);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });

  it('takes the verbs of the command line, with numbers for versions, and says what is wrong', async function () {
    this.timeout(60_000);
    const at = await upgradable(stage, [await container('v1')]);
    const { port } = new URL(at.api.url);
    const servers = [await container('v2')];
    const file = join(at.home.folder, 'registry.json');
    const configService = { ip: '127.0.0.1', port: Number(port) };
    await at.home.write(configFor(servers, { registry: { file }, configService }));
    const next = join(at.home.folder, 'next.json');
    await writeFile(next, JSON.stringify({ cluster: { servers, version: '1.10' } }));
    const run = async (...args: readonly string[]) => {
      const verb = new CutoverProcess(stage, [...args, '-c', at.home.file]);
      const { code } = await verb.ended();
      return { code, output: verb.output, errors: verb.errors };
    };
    expect(await run('deploy', next)).to.include({ code: 0, errors: '' });
    await spread(at, 2);
    expect((await ask(at.port)).text).to.contain('v2');
    expect((await run('status')).output).to.match(/1\.10 +running +INSTANT/);
    expect(await run('promote', '1.10')).to.include({ code: 0, errors: '' });
    const json = JSON.parse((await run('status', '--json')).output) as readonly ShownVersion[];
    expect(json.map(({ state }) => state)).to.deep.equal(['complete', 'complete']);
    const late = await run('abort', '1.10');
    expect(late.code).to.equal(1);
    expect(late.errors).to.equal('cutover: version 1.10 is complete: abort is not possible now\n');
    expect((await run('remove', '9')).errors).to.contain('there is no version 9; there are:');
    await writeFile(next, '{"cluster":{"servers":[],"version":"1.11"}}');
    const refused = await run('deploy', next);
    expect(refused).to.include({ code: 1 });
    expect(refused.errors).to.contain('cluster.servers: expected a list of 1 to 256 servers');
    expect(await run('remove', '1.10')).to.include({ code: 0 });
    await at.cutover.stop();
    const away = await run('status');
    expect(away.code).to.equal(1);
    expect(away.errors).to.contain('control is not reachable at http://127.0.0.1:');
  });

  it('refuses a reload of what REST changes', async () => {
    const at = await upgradable(stage, [await container('v1')]);
    const servers = [await container('v2')];
    const file = join(at.home.folder, 'registry.json');
    await at.home.write(configFor(servers, { registry: { file }, ...neverSlowOrOdd }));
    at.cutover.signal('SIGHUP');
    const { because } = await at.cutover.logged('reload-refused');
    expect(because).to.contain('PUT /configuration/cluster');
  });

  it('answers from the version before when the new one hangs, but repeats no POST', async () => {
    const at = await upgradable(stage, [await container('v1')], {
      timeouts: { answer: 2 },
      rescue: { patience: 0.3 },
    });
    const hung = await ScriptedContainer.start(stage);
    hung.serveOthers(hanging);
    const id = await at.api.deploy('2.0', hung.address);
    await spread(at, 2);
    expect((await ask(at.port)).text).to.contain('v1');
    const post = Load.start(stage, { port: at.port, clients: 1, requests: 1, method: 'POST' });
    expect([...(await post.finished()).failed.keys()]).to.deep.equal(['504']);
    expect(await at.api.tell(id, 'abort')).to.equal(202);
    await spread(at, 3);
    expect((await ask(at.port)).text).to.contain('v1');
  });
});
