/** Four workers have one retry budget, and leave out the same servers, also while control is away. */
import { createServer } from 'node:http';
import { expect } from 'chai';
import { containerProcess } from '../support/container-process.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import type { LogLine } from '../support/processes.js';
import { addressOf, listening, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { upgradable, type Upgradable } from '../support/upgradable.js';
import { pidOf } from '../support/upgrade-faults.js';

const WORKERS = ['worker-1', 'worker-2', 'worker-3', 'worker-4'];

describe('four workers', () => {
  const stage = stageForEach();

  async function system(
    servers: readonly ServerAddress[],
    rescue: Readonly<Record<string, number>> = {},
  ): Promise<Upgradable> {
    const workers = { count: WORKERS.length };
    const monitor = { policy: 'alert' };
    const at = await upgradable(stage, servers, { workers, rescue, monitor });
    for (const role of WORKERS) {
      await at.cutover.logged('follower-joined', { where: ({ name }) => name === role });
      await at.cutover.logged('role-ready', { where: ready => ready.role === role });
    }
    return at;
  }

  const processOf = (line: LogLine) => String(line['process']);

  /** Until each worker has said this of the server; when it did, in milliseconds. */
  async function eachSaid(
    { cutover }: Upgradable,
    event: 'server-ejected' | 'server-admitted',
    { ip, port }: ServerAddress,
    since = 0,
  ): Promise<readonly number[]> {
    const server = `${ip}:${String(port)}`;
    const times: number[] = [];
    for (const worker of WORKERS) {
      const where = (line: LogLine) => line['server'] === server && processOf(line) === worker;
      const line: LogLine = await cutover.logged(event, { since, where });
      times.push(Date.parse(String(line['time'])));
    }
    return times;
  }

  for (const withControl of [true, false]) {
    const when = withControl ? 'with control' : 'while control is away';
    it(`try no more again than one would, ${when}`, async () => {
      const older = counting({ name: 'v1' });
      const failed = new Set<string>();
      const newer = createServer((request, response) => {
        failed.add(String(request.headers['x-id']));
        response.writeHead(500).end('sorry');
      });
      const at = await system([await httpContainer(stage, older.listener)], {
        share: 0.0001,
        perSecond: 1,
      });
      const bad = addressOf(await listening(stage, newer));
      await at.api.deploy('2.0', bad);
      for (const role of WORKERS) {
        await at.cutover.logged('table-taken', {
          where: line => line.edition === 2 && processOf(line) === role,
        });
      }
      const since = at.cutover.lines.length;
      if (!withControl) process.kill(pidOf(at, 'control'), 'SIGKILL');
      const began = performance.now();
      const load = Load.start(stage, { port: at.port, clients: 32, requests: 600 });
      await load.finished();
      const seconds = (performance.now() - began) / 1000;
      const triedAgain = [...failed].filter(id => older.times.has(id)).length;
      // One a second, for ten seconds that were not used, and for those that it took.
      expect(triedAgain).to.be.within(4, 10 + Math.ceil(seconds));
      if (!withControl) await at.cutover.logged('control-listening', { since });
    });
  }

  it('leave a server out that dies, and let it in when it is back, though control is killed meanwhile', async () => {
    const [a, b, c] = [
      await containerProcess(stage, { name: 'a' }),
      await containerProcess(stage, { name: 'b' }),
      await containerProcess(stage, { name: 'c' }),
    ];
    const at = await system([a.address, b.address, c.address]);
    const load = Load.start(stage, { port: at.port, clients: 16 });
    await load.until(({ byServer }) => (byServer.get('c') ?? 0) > 100);
    await c.kill();
    const ejected = await eachSaid(at, 'server-ejected', c.address);
    const told = at.cutover.all('server-ejected').filter(({ isTold }) => isTold).length;
    const lag = Math.max(...ejected) - Math.min(...ejected);
    console.log(
      `      out for all ${String(lag)} ms after the first, ${String(told)} by being told`,
    );
    expect(lag).to.be.below(5000);

    const since = at.cutover.lines.length;
    process.kill(pidOf(at, 'control'), 'SIGKILL');
    await containerProcess(stage, { name: 'c', ...c.address });
    await at.cutover.logged('control-listening', { since });
    await eachSaid(at, 'server-admitted', c.address, since);
    const served = load.tally.byServer.get('c') ?? 0;
    await load.until(({ byServer }) => (byServer.get('c') ?? 0) > served + 50);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });
});
