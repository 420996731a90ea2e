/** Random faults of etcd and of controls, while operators change versions. CUTOVER_ETCD_SEED decides every step. */
import { expect } from 'chai';
import { isDeepStrictEqual } from 'node:util';
import { StartedControl } from '../support/controls.js';
import { wholeDraws } from '../support/draws.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

const SEED = Number(process.env['CUTOVER_ETCD_SEED'] ?? 7);
const STEPS = 40;
const MEMBERS = 3;

/** Without what each has seen itself since it began. */
async function stateOf(control: StartedControl): Promise<unknown> {
  const { edition } = await control.spread();
  const versions = await control.versions();
  return [
    edition,
    versions.map(({ id, version, state, servers }) => ({ id, version, state, servers })),
  ];
}

describeWithEtcd(`faults of etcd and controls (CUTOVER_ETCD_SEED=${SEED})`, function () {
  this.timeout(240_000);
  const stage = stageForEach();

  it('lose nothing that was answered with 202, and leave one state', async () => {
    const draw = wholeDraws(SEED);
    const etcd = await EtcdCluster.start(stage, { members: MEMBERS });
    const registry = { kind: 'etcd', endpoints: etcd.endpoints };
    const start = (name: string) => StartedControl.start(stage, name, { registry });
    const controls = await Promise.all(['a', 'b', 'c'].map(start));
    const kept = new Set<string>();
    /** Answered with 503, or not at all: both are possible. */
    let unknown = 0;
    let number = 1;

    const put = async (control: StartedControl) => {
      number += 1;
      const { status, id, error } = await control.put(`${number}.0`);
      expect(status === 202 || status === 503, `${status} ${error}`).to.equal(true);
      if (status === 202) kept.add(id);
      else unknown += 1;
    };
    const remove = async (control: StartedControl) => {
      const id = [...kept][draw(kept.size)];
      if (id === undefined) return;
      const { status } = await control.call(`/configuration/cluster/${id}`, 'DELETE');
      // A control that is behind may not know it yet.
      if (status !== 404) kept.delete(id);
      expect([202, 404, 503]).to.include(status);
    };
    const steps: readonly (() => unknown)[] = [
      () => put(controls[draw(3)]!),
      () => Promise.all(controls.map(put)),
      () => remove(controls[draw(3)]!),
      () => etcd.kill(draw(MEMBERS)),
      () => {
        etcd.pause(draw(MEMBERS));
      },
      () => heal(),
      async () => {
        await heal();
        const at = draw(3);
        await controls[at]!.stop();
        controls[at] = await start(controls[at]!.name);
      },
    ];
    const heal = async () => {
      for (let at = 0; at < MEMBERS; at += 1) {
        etcd.resume(at);
        etcd.restart(at);
      }
      await etcd.ready();
    };

    for (let at = 0; at < STEPS; at += 1) await steps[draw(steps.length)]!();
    await heal();
    for (const control of controls) {
      await eventually('it can change again', async () => {
        number += 1;
        const { status, id } = await control.put(`${number}.0`);
        if (status === 202) kept.add(id);
        return status === 202;
      });
    }
    await eventually('all show one state', async () => {
      const shown = await Promise.all(controls.map(stateOf));
      return shown.every(each => isDeepStrictEqual(each, shown[0]));
    });
    await eventually('one leads', async () => {
      const shown = await Promise.all(controls.map(each => each.spread()));
      const [one] = shown;
      const names = shown.map(({ leader }) => leader);
      return one?.leader !== undefined && names.every(name => name === one.leader);
    });
    const ids = (await controls[0]!.versions()).map(({ id }) => id);
    expect(ids).to.include.members([...kept]);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(kept.size, `${unknown} are not known`).to.be.above(3);
  });
});
