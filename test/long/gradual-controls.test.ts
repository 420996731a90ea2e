/** How far GRADUAL is, with several controls of one etcd, under load: to the last request. */
import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { configFor, CutoverProcess, frontend, homeFor, worker } from '../support/processes.js';
import { freePort } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { apiOf, neverSlowOrOdd, type Api } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const REQUESTS = 2000;
/** Percent of new sessions that each request adds. */
const EACH = 0.01;

describeWithEtcd('system: GRADUAL under several controls', function () {
  this.timeout(90_000);
  const stage = stageForEach();

  it('counts every request once, also when the leader is killed, and its share never falls', async () => {
    const etcd = await EtcdCluster.start(stage);
    const container = await httpContainer(stage, counting({ name: 'a' }).listener);
    const home = await homeFor(
      stage,
      configFor([container], {
        registry: { kind: 'etcd', endpoints: etcd.endpoints },
        device: { heartbeat: 0.2, silence: 1 },
        ...neverSlowOrOdd,
      }),
    );
    const tcp = async () => {
      const { ip, port } = await freePort();
      return `tcp://${ip}:${port}`;
    };
    const started = async (name: string) => {
      const args = ['control', '-c', home.file, '--name', name, '--announce', await tcp()];
      const cutover = new CutoverProcess(stage, args, home);
      await cutover.logged('control-listening');
      return { name, cutover, api: apiOf(cutover) };
    };
    const controls = [await started('a'), await started('b')];
    const { port } = await frontend(stage, home, '--name', 'f1', '--device', await tcp());
    const workers: CutoverProcess[] = [];
    for (const name of ['w1', 'w2']) {
      workers.push(await worker(stage, home, '--name', name));
      for (const { cutover } of controls) {
        await cutover.logged('follower-joined', { where: each => each.name === name });
      }
    }
    const transition = { mode: 'GRADUAL', percentageTransitionPerRequest: EACH };
    await controls[0]!.api.upgrade('2.0', [container], transition);
    /** In requests. */
    const reached = async (api: Api) =>
      Math.round(Number((await api.versions())[0]?.progress) / EACH);
    const isAt = (api: Api, requests: number) => async () => (await reached(api)) === requests;

    for (const each of workers) {
      await each.logged('table-taken', { where: ({ edition }) => edition === 2 });
    }
    const first = Load.start(stage, { port, clients: 8, requests: REQUESTS, prefix: 'first' });
    expect(unharmed(await first.finished())).to.deep.equal(nothing);
    for (const { name, api } of controls) {
      await eventually(`${name} has counted all`, isAt(api, REQUESTS));
    }

    const spread = await controls[0]!.api.call('GET', '/configuration');
    const { leader } = spread.body as { leader: string };
    const dead = controls.find(({ name }) => name === leader)!;
    const next = controls.find(({ name }) => name !== leader)!;
    const seen: number[] = [];
    const watching = setInterval(() => void reached(next.api).then(each => seen.push(each)), 100);
    stage.atEnd(() => clearInterval(watching));
    const load = Load.start(stage, { port, clients: 8, requests: REQUESTS, prefix: 'second' });
    await load.more(REQUESTS / 4);
    dead.cutover.signal('SIGKILL');
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
    await next.cutover.logged('leader-changed', { where: each => each.isOurs });
    await eventually('all are counted, and none twice', isAt(next.api, 2 * REQUESTS));
    const last = Load.start(stage, { port, clients: 8, requests: REQUESTS, prefix: 'third' });
    expect(unharmed(await last.finished())).to.deep.equal(nothing);
    await eventually('and those behind them', isAt(next.api, 3 * REQUESTS));
    expect(seen).to.deep.equal([...seen].sort((a, b) => a - b));
  });
});
