/** Workers and frontends that find one another, and control, in a real etcd. */
import { join } from 'node:path';
import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { writeKeyFile } from '../../src/security/key-file.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import {
  configFor,
  CutoverProcess,
  frontend,
  homeFor,
  worker,
  type Home,
} from '../support/processes.js';
import { freePort, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { apiOf } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const FRONTENDS = '/cutover/live/frontends/';

describeWithEtcd('system: discovery by etcd', () => {
  const stage = stageForEach();
  let etcd: EtcdCluster;
  let client: Etcd3;
  let container: ServerAddress;
  let times: ReadonlyMap<string, number>;
  let home: Home;
  let key: string;

  beforeEach(async () => {
    etcd = await EtcdCluster.start(stage);
    client = new Etcd3({ hosts: [...etcd.endpoints] });
    stage.atEnd(() => client.close());
    const counted = counting({ name: 'a', delay: 1 });
    times = counted.times;
    container = await httpContainer(stage, counted.listener);
    key = join(await stage.folder(), 'links.key');
    await writeKeyFile(key);
    home = await homeFor(
      stage,
      configFor([container], {
        registry: { kind: 'etcd', endpoints: etcd.endpoints },
        security: { key },
        device: { heartbeat: 0.2, silence: 1 },
      }),
    );
  });

  const tcp = async () => {
    const { ip, port } = await freePort();
    return `tcp://${ip}:${port}`;
  };

  async function found(name: string) {
    return frontend(stage, home, '--name', name, '--device', await tcp());
  }

  const registeredFrontends = async () => (await client.getAll().prefix(FRONTENDS).keys()).length;

  it('lets a worker that knows no more than etcd and its key join and serve', async () => {
    const { cutover, port } = await found('f1');
    await worker(stage, home);
    await cutover.logged('worker-joined');
    const load = Load.start(stage, { port, clients: 8, requests: 300 });
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
    expect(await registeredFrontends()).to.equal(1);
    expect(await cutover.stop()).to.deep.equal({ code: 0, signal: null });
    expect(await registeredFrontends()).to.equal(0, 'it has withdrawn itself');
  });

  it('picks up a frontend that starts later, and does without one that ends, while traffic flows', async () => {
    const one = await found('f1');
    const serving = await worker(stage, home, '--name', 'w1');
    const load = Load.start(stage, { port: one.port, clients: 8, prefix: 'one' });
    await load.more(200);
    const two = await found('f2');
    await two.cutover.logged('worker-joined');
    const other = Load.start(stage, { port: two.port, clients: 8, prefix: 'two' });
    await other.more(200);
    await load.more(200);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(await one.cutover.stop()).to.deep.equal({ code: 0, signal: null });
    await serving.logged('frontend-left');
    await other.more(200);
    two.cutover.signal('SIGKILL');
    await serving.logged('frontend-lost');
    await other.stop();
    await eventually(
      'its entry ends by itself',
      async () => (await registeredFrontends()) === 0,
      15_000,
    );
    const three = await found('f3');
    await three.cutover.logged('worker-joined');
    const last = Load.start(stage, { port: three.port, clients: 8, prefix: 'last', requests: 200 });
    expect(unharmed(await last.finished())).to.deep.equal(nothing);
    expect(Math.max(...times.values())).to.equal(1);
  });

  it('goes on with everybody while etcd is away, and finds new ones when it is back', async () => {
    const one = await found('f1');
    const serving = await worker(stage, home, '--name', 'w1');
    const load = Load.start(stage, { port: one.port, clients: 8, method: 'POST', body: 'x' });
    await load.more(200);
    await etcd.kill(0);
    await serving.logged('directory-lost');
    await one.cutover.logged('directory-lost');
    // Longer than any lease lives.
    const until = Date.now() + 7000;
    await load.until(() => Date.now() > until);
    const since = serving.lines.length;
    etcd.restart(0);
    await etcd.ready();
    await serving.logged('directory-found', { ms: 30_000 });
    await eventually(
      'it is registered again',
      async () => (await registeredFrontends()) === 1,
      15_000,
    );
    await load.more(200);
    expect(
      serving.lines.slice(since).filter(({ event }) => event.startsWith('frontend-')),
    ).to.deep.equal([]);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    const two = await found('f2');
    await two.cutover.logged('worker-joined');
  });

  async function control(name: string, ...more: readonly string[]) {
    const args = ['control', '-c', home.file, '--name', name, ...more];
    const cutover = new CutoverProcess(stage, args, home);
    await cutover.logged('control-listening');
    return { cutover, api: apiOf(cutover) };
  }

  const followedBy = async (each: CutoverProcess, ...names: readonly string[]) => {
    for (const name of names) {
      await each.logged('follower-joined', { where: line => line.name === name });
    }
  };

  it('finds controls as well, and takes tables from whichever lives', async () => {
    const a = await control('a', '--announce', await tcp());
    const one = await found('f1');
    const serving = await worker(stage, home, '--name', 'w1');
    await followedBy(a.cutover, 'f1', 'w1');
    const { port } = await freePort();
    const wide = ['--announce', `tcp://0.0.0.0:${port}`, '--advertise', '127.0.0.1'];
    const b = await control('b', ...wide);
    await followedBy(b.cutover, 'f1', 'w1');
    const load = Load.start(stage, { port: one.port, clients: 8 });
    await load.more(100);
    a.cutover.signal('SIGKILL');
    await a.cutover.ended();
    await b.api.deploy('1.1', container);
    for (const each of [one.cutover, serving]) {
      await each.logged('table-taken', { where: ({ edition }) => edition > 1 });
    }
    await load.more(100);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });

  it('links to nobody whose entry is nonsense, or must not be linked to', async () => {
    const { cutover, port } = await found('f1');
    const entry = (address: string) => JSON.stringify({ address, host: 'x' });
    await client.put(`${FRONTENDS}1`).value('nonsense');
    await client.put(`${FRONTENDS}2`).value(entry('tcp://nowhere'));
    await client.put(`${FRONTENDS}3`).value('{"address":7}');
    // libzmq takes neither of them: whoever tried would end with it.
    await client.put(`${FRONTENDS}5`).value(entry('ipc://@'));
    await client.put(`${FRONTENDS}6`).value(entry('ipc://\0'));
    const serving = await worker(stage, home, '--name', 'w1');
    await cutover.logged('worker-joined');
    await client.put(`${FRONTENDS}4`).value(entry(`ipc:///${'x'.repeat(500)}`));
    const load = Load.start(stage, { port, clients: 8, requests: 200 });
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
    expect(serving.all('fault')).to.deep.equal([]);
  });

  it('registers itself anew when somebody has taken its entry away', async () => {
    await found('f1');
    const isRegistered = async () => (await registeredFrontends()) === 1;
    await eventually('it is registered', isRegistered);
    await client.delete().prefix(FRONTENDS);
    await eventually('it is registered again', isRegistered, 5000);
  });
});
