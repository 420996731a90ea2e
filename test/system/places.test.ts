/** Near workers and near servers are asked first, and others at once when these are gone. */
import { expect } from 'chai';
import { containerProcess } from '../support/container-process.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { configFor, frontend, homeFor, worker, type Home } from '../support/processes.js';
import type { ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';

describe('system: places', () => {
  const stage = stageForEach();

  /** One server in each of two zones, told apart by what they are called. */
  async function servers() {
    const [a, b] = [
      await containerProcess(stage, { name: 'in-a' }),
      await containerProcess(stage, { name: 'in-b' }),
    ];
    const zoned = [
      { ...a.address, zone: 'a' },
      { ...b.address, zone: 'b' },
    ] as const satisfies readonly (ServerAddress & { readonly zone: string })[];
    return { a, b, zoned };
  }

  async function homeOf(zoned: readonly ServerAddress[], place = {}): Promise<Home> {
    const home = await homeFor(stage, {});
    const frontends = [`ipc://${home.folder}/device`];
    await home.write(configFor(zoned, { device: { frontends }, place }));
    return home;
  }

  const at = (host: string, zone: string) => ['--name', host, '--host', host, '--zone', zone];

  /** How many of the next answers came from which server. */
  async function next(load: Load, count: number): Promise<Readonly<Record<string, number>>> {
    const before = new Map(load.tally.byServer);
    await load.more(count);
    const since = [...load.tally.byServer].map(
      ([server, answers]) => [server, answers - (before.get(server) ?? 0)] as const,
    );
    return Object.fromEntries(since.filter(([, answers]) => answers > 0));
  }

  it('prefers the worker on its own host, loses nothing with it, and comes back to it', async () => {
    const { zoned } = await servers();
    const home = await homeOf(zoned);
    const { cutover, port } = await frontend(stage, home, ...at('one', 'a'));
    const here = await worker(stage, home, ...at('one', 'a'));
    await worker(stage, home, ...at('two', 'b'));
    for (const [name, distance] of [
      ['one', 'here'],
      ['two', 'far'],
    ] as const) {
      const joined = await cutover.logged('worker-joined', { where: each => each.name === name });
      expect(joined.distance).to.equal(distance);
    }
    const load = Load.start(stage, { port, clients: 4 });
    expect(await next(load, 200)).to.have.all.keys('in-a');

    here.signal('SIGKILL');
    await cutover.logged('worker-lost');
    await load.more(4); // what was on its way back from it
    expect(await next(load, 200)).to.have.all.keys('in-b');

    const since = cutover.lines.length;
    await worker(stage, home, ...at('one', 'a'));
    await cutover.logged('worker-joined', { since });
    await load.more(4); // what the other one still has
    expect(await next(load, 200)).to.have.all.keys('in-a');
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });

  it('prefers the servers of its own zone, and asks others at once when these are gone', async () => {
    const { a, zoned } = await servers();
    const home = await homeOf(zoned, { zone: 'a' });
    const { port } = await frontend(stage, home);
    await worker(stage, home);
    const load = Load.start(stage, { port, clients: 4 });
    expect(await next(load, 200)).to.have.all.keys('in-a');
    await a.kill();
    await load.more(4); // what had been answered by then
    expect(await next(load, 200)).to.have.all.keys('in-b');
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });
});
