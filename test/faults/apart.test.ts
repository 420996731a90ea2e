/** Roles that are started one by one, as on several machines: each is killed and started again by itself. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { draws } from '../support/draws.js';
import { CutoverProcess, frontend, worker, type Home, type Running } from '../support/processes.js';
import { Stage } from '../support/stage.js';
import { apiOf } from '../support/upgradable.js';
import { eventually } from '../support/within.js';
import { separately } from '../support/upgrade-faults.js';
import { FaultyContainer } from './faulty-container.js';
import { clientPortsOf, freeze } from './held-connections.js';
import { Ledger, noFaults, ways } from './ledger.js';
import { Traffic, usualMix } from './traffic.js';

describe('roles apart', function () {
  this.timeout(120_000);
  const stage = new Stage();
  const chance = draws(3);
  let container: FaultyContainer;
  let home: Home;
  let control: CutoverProcess;
  let entrance: Running;
  let workers: readonly CutoverProcess[];
  let number = 0;

  before(async () => {
    container = await FaultyContainer.start(stage, 'a', await stage.folder());
    ({ home, control } = await separately(stage, container.address));
    entrance = await frontend(stage, home);
    workers = [
      await worker(stage, home, '--name', 'one'),
      await worker(stage, home, '--name', 'two'),
    ];
    for (const each of workers) await each.logged('table-taken');
  });
  after(() => stage.clear());

  function load(reach: Running) {
    number += 1;
    const ledger = new Ledger();
    const options = { reach, clients: 8, mix: usualMix, prefix: `apart${number}`, chance, ledger };
    const traffic = Traffic.start(stage, options);
    const finish = async () => {
      await traffic.stop();
      for (const execution of await container.news()) ledger.executed(execution);
      expect(ledger.faults).to.deep.equal(noFaults);
      const waysOf = (isSafe: boolean) =>
        ways(ledger.failed.filter(each => each.isSafe === isSafe));
      return { safe: waysOf(true), others: Object.keys(waysOf(false)) };
    };
    return { traffic, finish };
  }

  it('a worker is killed and another one started: nothing that is safe to repeat fails', async () => {
    const { traffic, finish } = load(entrance);
    await traffic.more(100);
    const [first] = workers;
    first?.signal('SIGKILL');
    await entrance.cutover.logged('worker-lost');
    await traffic.more(100);
    workers = [await worker(stage, home, '--name', 'three'), ...workers.slice(1)];
    await traffic.more(100);
    const { safe, others } = await finish();
    expect(safe).to.deep.equal({});
    expect(others.filter(how => how !== '502')).to.deep.equal([]);
  });

  it('a worker drains and another one is started: nothing fails', async () => {
    const { traffic, finish } = load(entrance);
    await traffic.more(100);
    const late = await worker(stage, home, '--name', 'four');
    const [first] = workers;
    expect(await first?.stop(30_000)).to.deep.equal({ code: 0, signal: null });
    workers = [late, ...workers.slice(1)];
    await traffic.more(100);
    expect(await finish()).to.deep.equal({ safe: {}, others: [] });
  });

  it('control is killed and started again: nothing fails, and all that it had told is there', async () => {
    const { traffic, finish } = load(entrance);
    const id = await apiOf(control).upgrade('2.0', [container.address], { mode: 'INSTANT' });
    control.signal('SIGKILL');
    await control.ended();
    await traffic.more(100);
    control = new CutoverProcess(stage, ['control', '-c', home.file], home);
    await control.logged('control-listening');
    await eventually('everybody follows, and has its table', async () => {
      const { body } = await apiOf(control).call('GET', '/configuration');
      return isDeepStrictEqual(body, { edition: 2, followers: 3, acknowledged: 3, workers: 2 });
    });
    expect(await apiOf(control).states()).to.deep.equal(['2.0 running', '1.0 complete']);
    expect((await apiOf(control).versions())[0]).to.include({ id });
    await traffic.more(100);
    expect(await finish()).to.deep.equal({ safe: {}, others: [] });
  });

  it('a frontend is killed: its connections end with it, and who takes its place serves', async () => {
    const { traffic, finish } = load(entrance);
    await traffic.more(100);
    const { pid } = entrance.cutover;
    await freeze(pid);
    traffic.doom(await clientPortsOf(pid, entrance.port));
    entrance.cutover.signal('SIGKILL');
    await entrance.cutover.ended();
    const { safe, others } = await finish(); // nobody listens there now
    // Until its clients have stopped, some of them try to connect to nobody.
    expect(Object.keys(safe).filter(how => how !== 'cut' && how !== 'broken')).to.deep.equal([]);
    expect(others.filter(how => how !== 'cut' && how !== 'broken')).to.deep.equal([]);
    entrance = await frontend(stage, home);
    for (const each of workers) {
      await each.logged('frontend-joined', { since: each.lines.findLastIndex(isLoss) + 1 });
    }
    const later = load(entrance);
    await later.traffic.more(100);
    expect(await later.finish()).to.deep.equal({ safe: {}, others: [] });
  });
});

const isLoss = ({ event }: { readonly event: string }) => event === 'frontend-lost';
