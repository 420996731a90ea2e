import { expect } from 'chai';
import { join } from 'node:path';
import type { ShownSpread } from '../../src/control/spread.js';
import { LinkedFollower } from '../support/controls.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import { configFor, CutoverProcess, homeFor } from '../support/processes.js';
import { stageForEach } from '../support/stage.js';
import { Api, neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';
import { failing, many, ok } from '../unit/verdict/seen.js';

interface Control {
  readonly name: string;
  readonly process: CutoverProcess;
  readonly api: Api;
  readonly announcements: string;
}

const SERVER = { ip: '127.0.0.1', port: 9101 };

/** Milliseconds: the lease has five seconds, and each looks once a second. */
const HANDED_OVER = 8000;

describeWithEtcd('controls as processes', function () {
  this.timeout(90_000);
  const stage = stageForEach();
  let etcd: EtcdCluster;
  let controls: readonly Control[];

  async function start(name: string): Promise<Control> {
    const { file, folder, env } = await homeFor(
      stage,
      configFor([SERVER], {
        configService: { ip: '127.0.0.1', port: 0 },
        registry: { kind: 'etcd', endpoints: etcd.endpoints },
        ...neverSlowOrOdd,
      }),
    );
    const announcements = `ipc://${join(folder, 'control')}`;
    const args = ['control', '-c', file, '--name', name, '--announce', announcements];
    const process = new CutoverProcess(stage, args, { env });
    const { address } = await process.logged('control-listening');
    return { name, process, api: new Api(Number(address.split(':').at(-1))), announcements };
  }

  const spread = async ({ api }: Control) =>
    (await api.call('GET', '/configuration')).body as ShownSpread;

  /** Whom all of these believe to lead. */
  async function leaderOf(of: readonly Control[]): Promise<Control> {
    let leader: Control | undefined;
    await eventually('one leads', async () => {
      const names = await Promise.all(of.map(async each => (await spread(each)).leader));
      leader = of.find(({ name }) => name === names[0]);
      return leader !== undefined && names.every(name => name === names[0]);
    });
    return leader!;
  }

  beforeEach(async () => {
    etcd = await EtcdCluster.start(stage, { members: 3 });
    controls = await Promise.all(['a', 'b', 'c'].map(start));
  });

  const faults = {
    killed: (control: Control) => control.process.signal('SIGKILL'),
    frozen: (control: Control) => control.process.signal('SIGSTOP'),
  };
  for (const [what, fault] of Object.entries(faults)) {
    it(`hand over when the leader is ${what}, and the version is demoted once`, async () => {
      const leader = await leaderOf(controls);
      const rest = controls.filter(each => each !== leader);
      const [one] = rest as [Control, Control];
      const follower = await LinkedFollower.follow(stage, controls);
      const id = await one.api.deploy('2.0', SERVER);
      const { edition } = await spread(one);
      await follower.isTold(edition);
      fault(leader);
      const at = performance.now();
      follower.saw(many(20, failing), many(180, ok));
      await eventually('it is demoted', () => follower.newest.stateOf('2.0')?.name === 'demoted');
      const took = performance.now() - at;
      expect(took).to.be.below(HANDED_OVER);
      expect((await spread(one)).leader).to.not.equal(leader.name);

      if (what === 'frozen') leader.process.signal('SIGCONT');
      const living = what === 'frozen' ? controls : rest;
      await leaderOf(living);
      const states = await Promise.all(living.map(each => each.api.states()));
      for (const each of states) expect(each).to.deep.equal(['2.0 demoted', '1.0 complete']);
      const editions = await Promise.all(living.map(async each => (await spread(each)).edition));
      expect(new Set(editions)).to.deep.equal(new Set([edition + 1]));
      // What an operator wants after that counts.
      expect(await one.api.tell(id, 'resume')).to.equal(202);
    });
  }

  it('are begun anew with what all of them had, when all are killed', async () => {
    const [one] = controls as [Control, ...Control[]];
    const id = await one.api.deploy('2.0', SERVER);
    for (const { process } of controls) process.signal('SIGKILL');
    await Promise.all(controls.map(({ process }) => process.ended()));
    const again = await Promise.all(['a', 'b', 'c'].map(start));
    for (const { api } of again) {
      expect((await api.versions()).map(({ id: each }) => each)[0]).to.equal(id);
    }
    await leaderOf(again);
  });

  it('are shown by `cutover status`, which tells the same wherever it is asked', async () => {
    await leaderOf(controls);
    await eventually('they know each other', async () => {
      const all = await Promise.all(controls.map(spread));
      return all.every(({ controls: live }) => live?.join() === 'a,b,c');
    });
    const outputs = await Promise.all(
      controls.map(async ({ api }) => {
        const port = Number(api.url.split(':').at(-1));
        const { file, env } = await homeFor(
          stage,
          configFor([SERVER], { configService: { ip: '127.0.0.1', port }, registry: {} }),
        );
        const verb = new CutoverProcess(stage, ['status', '-c', file], { env });
        expect(await verb.ended()).to.deep.equal({ code: 0, signal: null });
        return verb.output;
      }),
    );
    expect(outputs[0]).to.match(/\n[abc] leads; controls: a, b, c\n$/);
    expect(new Set(outputs).size).to.equal(1);
  });
});
