/** Hosts whose clocks differ by minutes agree on sessions, on GRADUAL and on verdicts. */
import { createServer } from 'node:http';
import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { configFor, CutoverProcess, homeFor, portOf, type Home } from '../support/processes.js';
import { listening } from '../support/scripted-container.js';
import { withClockAhead } from '../support/shifted-clock.js';
import { stageForEach } from '../support/stage.js';
import { apiOf, neverSlowOrOdd } from '../support/upgradable.js';
import { connections, newVisitors } from '../support/visitor.js';
import { eventually } from '../support/within.js';

/** Seconds that a host is ahead; together less than the five minutes that are tolerated. */
const hosts = { control: 0, frontend: 60, 'worker-a': 120, 'worker-b': -120 } as const;

describe('hosts whose clocks differ by four minutes', () => {
  const stage = stageForEach();
  const container = (name: string) => httpContainer(stage, counting({ name }).listener);

  /** Each process has its host's clock. */
  async function system() {
    const home = await homeFor(stage, {});
    const registry = { file: `${home.folder}/registry.json` };
    const device = {
      frontends: [`ipc://${home.folder}/device`],
      control: `ipc://${home.folder}/control`,
    };
    const monitor = { ...neverSlowOrOdd.monitor, observation: 3 };
    await home.write(configFor([await container('v1')], { registry, device, monitor }));
    const start = (host: keyof typeof hosts, ...args: string[]) => started(home, host, args);
    const control = start('control', 'control');
    await control.logged('control-listening');
    const frontend = start('frontend', 'frontend');
    const { address } = await frontend.logged('frontend-listening');
    const workers = ['worker-a', 'worker-b'] as const;
    for (const name of workers) {
      const worker = start(name, 'worker', '--name', name);
      await worker.logged('worker-ready');
      await control.logged('follower-joined', { where: line => line.name === name });
    }
    return { port: portOf(address), api: apiOf(control) };
  }

  function started(home: Home, host: keyof typeof hosts, args: readonly string[]) {
    const [role = '', ...more] = args;
    const env = { ...home.env, ...withClockAhead(hosts[host]) };
    return new CutoverProcess(stage, [role, '-c', home.file, ...more], { ...home, env });
  }

  it('keep sessions on their version, whichever worker they come to', async () => {
    const { port, api } = await system();
    const agent = connections(stage, 8);
    const before = await newVisitors(port, 16, agent);
    await api.upgrade('2.0', [await container('v2')], { mode: 'SESSION', sessionTimeout: 1800 });
    const after = async () => {
      const [one] = await newVisitors(port, 1, agent);
      return one?.first.server === 'v2';
    };
    await eventually('new sessions move', after);
    const visits = await Promise.all(before.map(({ visitor }) => visitor.servers(8)));
    expect(visits.every(servers => servers.join() === 'v1')).to.be.true;
    const newer = await newVisitors(port, 16, agent);
    expect(newer.every(({ first }) => first.server === 'v2')).to.be.true;
    for (const { visitor } of newer) expect(await visitor.servers(4)).to.deep.equal(['v2']);
  });

  it('move GRADUAL on together, and nobody goes back', async () => {
    const { port, api } = await system();
    const agent = connections(stage, 8);
    const transition = { mode: 'GRADUAL', percentageTransitionPerRequest: 0.5 };
    await api.upgrade('2.0', [await container('v2')], transition);
    const first = await newVisitors(port, 100, agent);
    const crossed = first.filter(visit => visit.first.server === 'v2');
    await newVisitors(port, 150, agent);
    await eventually('all of it', async () => (await api.versions())[0]?.progress === 100);
    const last = await newVisitors(port, 16, agent);
    expect(last.every(visit => visit.first.server === 'v2')).to.be.true;
    for (const { visitor } of crossed) expect((await visitor.ask()).server).to.equal('v2');
  });

  it('take a bad version back, and let a good one complete', async () => {
    const { port, api } = await system();
    const agent = connections(stage, 8);
    const bad = createServer((_, response) => response.writeHead(500).end());
    const { port: at } = (await listening(stage, bad)).address() as { port: number };
    await api.upgrade('2.0', [{ ip: '127.0.0.1', port: at }], { mode: 'INSTANT' });
    await eventually('it is taken back', async () => {
      await newVisitors(port, 50, agent);
      return (await api.states())[0] === '2.0 demoted';
    });
    await api.upgrade('3.0', [await container('v3')], { mode: 'INSTANT' });
    await eventually('it is complete', async () => {
      await newVisitors(port, 50, agent);
      return (await api.states())[0] === '3.0 complete';
    });
  });
});
