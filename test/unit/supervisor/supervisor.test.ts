import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseConfigText } from '../../../src/config/file.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { spawnRole } from '../../../src/supervisor/child-process.js';
import { startSupervisor, type Supervisor } from '../../../src/supervisor/supervisor.js';

const program = fileURLToPath(new URL('./fake-role.js', import.meta.url));

const textOf = (version: string, more: object = {}) =>
  JSON.stringify({
    proxy: { port: 0 },
    cluster: { servers: [{ ip: '127.0.0.1', port: 1 }], version },
    registry: { kind: 'none' },
    ...more,
  });

type On<Type> = Extract<CutoverEvent, { readonly type: Type }>;

/** A supervisor of real processes that do nothing, in a folder of its own. */
class Stage {
  text = textOf('1');
  readonly events: CutoverEvent[] = [];
  readonly #happened = new EventEmitter();
  #base = '';
  #supervisor: Supervisor | undefined;

  isClusterThere = true;

  async start(): Promise<Supervisor> {
    this.#base = await mkdtemp(join(tmpdir(), 'cutover-test-'));
    this.#supervisor = await startSupervisor({
      registryFile: '/nowhere/registry.json',
      read: () => Promise.resolve(parseConfigText(this.text)),
      inherited: {},
      surroundings: { base: this.#base, uid: 0 },
      env: process.env,
      clock: systemClock,
      chance: () => 1,
      anyListens: () => Promise.resolve(this.isClusterThere),
      spawn: (launch, host) => spawnRole(program, launch, host),
      report: event => {
        this.events.push(event);
        this.#happened.emit(event.type, event);
      },
    });
    return this.#supervisor;
  }

  /** The next event of a type. */
  async next<Type extends CutoverEvent['type']>(type: Type): Promise<On<Type>> {
    const [event] = (await once(this.#happened, type)) as [On<Type>];
    return event;
  }

  of<Type extends CutoverEvent['type']>(type: Type): readonly On<Type>[] {
    return this.events.filter((event): event is On<Type> => event.type === type);
  }

  /** Processes that were started and have not ended. */
  living(): readonly string[] {
    const ended = new Set(this.of('role-ended').map(({ pid }) => pid));
    return this.of('role-started').flatMap(({ role, pid }) => (ended.has(pid) ? [] : [role]));
  }

  leftovers(): Promise<readonly string[]> {
    return readdir(this.#base);
  }

  async clear(): Promise<void> {
    await this.#supervisor?.stop().catch(() => undefined);
    if (existsSync(this.#base)) await rm(this.#base, { recursive: true });
  }
}

const answerOf = async (address: string) => (await fetch(`http://${address}/`)).text();

describe('startSupervisor', () => {
  let stage: Stage;
  beforeEach(() => void (stage = new Stage()));
  afterEach(() => stage.clear());

  it('is ready when a frontend and a worker are, and names the real port', async () => {
    await stage.start();
    const { address } = await stage.next('supervisor-ready');
    expect(await answerOf(address)).to.equal('frontend-1 serves 1');
    expect(stage.living()).to.deep.equal(['worker-1', 'worker-2', 'frontend-1']);
  });

  it('ends frontends before workers, and leaves nothing behind', async () => {
    const supervisor = await stage.start();
    await stage.next('supervisor-ready');
    await supervisor.stop();
    await supervisor.stopped;
    const ended = stage.of('role-ended').map(({ role }) => role);
    expect(ended[0]).to.equal('frontend-1');
    expect(ended.slice(1)).to.have.members(['worker-1', 'worker-2']);
    expect(await stage.leftovers()).to.deep.equal([]);
  });

  it('loses no connection while a frontend that died is started again', async () => {
    await stage.start();
    const { address } = await stage.next('supervisor-ready');
    const pid = stage.of('role-started').find(({ role }) => role === 'frontend-1')!.pid;
    const dead = stage.next('role-ended');
    process.kill(pid, 'SIGKILL');
    const { restartIn } = await dead;
    expect(restartIn).to.be.within(50, 100);
    expect(await answerOf(address)).to.equal('frontend-1 serves 1'); // waited in the backlog
  });

  it('gives up and says why if a role cannot start', async () => {
    stage.text = textOf('13');
    const supervisor = await stage.start();
    const cause = await supervisor.stopped.catch((each: unknown) => each);
    expect(cause)
      .to.have.property('message')
      .that.matches(/^worker-[12]: 13 is unlucky$/);
    expect(stage.living()).to.deep.equal([]);
    expect(await stage.leftovers()).to.deep.equal([]);
  });

  it('starts nothing with a wrong configuration', async () => {
    stage.text = '{}';
    const cause = await stage.start().catch((each: unknown) => each);
    expect(cause).to.include({
      message: 'cluster: expected an object, given nothing',
      exitCode: 2,
    });
    expect(stage.events).to.deep.equal([]);
  });

  it('replaces the workers when the cluster changes', async () => {
    const supervisor = await stage.start();
    await stage.next('supervisor-ready');
    stage.text = textOf('2');
    await supervisor.reload();
    expect(stage.events.at(-1)).to.deep.equal({ type: 'supervisor-reloaded', version: '2' });
    expect(stage.living()).to.deep.equal(['frontend-1', 'worker-3', 'worker-4']);
    const order = stage.events.flatMap(event =>
      'role' in event ? [`${event.type} ${event.role}`] : [],
    );
    const replaced = ['role-ready worker-3', 'role-ready worker-4'].map(each =>
      order.indexOf(each),
    );
    expect(Math.max(...replaced)).to.be.below(order.indexOf('role-ended worker-1'));
  });

  it('replaces everything when limits change, and always answers', async () => {
    const supervisor = await stage.start();
    const { address } = await stage.next('supervisor-ready');
    stage.text = textOf('2', { limits: { body: 1 } });
    const reloaded = supervisor.reload().then(() => true);
    const answers = new Set<string>();
    while (!(await Promise.race([reloaded, answerOf(address).then(each => !answers.add(each))]))) {
      // asks until it is reloaded
    }
    answers.add(await answerOf(address));
    expect([...answers]).to.deep.equal(['frontend-1 serves 1', 'frontend-2 serves 2']);
    expect(stage.living()).to.deep.equal(['worker-3', 'worker-4', 'frontend-2']);
  });

  it('replaces frontends in place where their addresses are configured', async () => {
    const device = { frontends: ['ipc://a'] };
    stage.text = textOf('1', { device });
    const supervisor = await stage.start();
    const { address } = await stage.next('supervisor-ready');
    stage.text = textOf('2', { device, limits: { body: 1 } });
    await supervisor.reload();
    expect(await answerOf(address)).to.equal('frontend-1 serves 2');
    expect(stage.living()).to.deep.equal(['worker-3', 'worker-4', 'frontend-1']);
  });

  it('keeps the old ones if the new configuration is wrong', async () => {
    const supervisor = await stage.start();
    await stage.next('supervisor-ready');
    stage.text = '{"cluster":{"servers":[]},"log":1}';
    await supervisor.reload();
    expect(stage.events.at(-1)).to.deep.equal({
      type: 'reload-refused',
      because:
        'cluster.servers: expected a list of 1 to 256 servers, given []; ' +
        'log: expected an object, given 1',
    });
    expect(stage.living()).to.deep.equal(['worker-1', 'worker-2', 'frontend-1']);
  });

  it('keeps the old ones if the new ones cannot start', async () => {
    const supervisor = await stage.start();
    const { address } = await stage.next('supervisor-ready');
    stage.text = textOf('13');
    await supervisor.reload();
    expect(stage.events.at(-1))
      .to.have.property('because')
      .that.matches(/: 13 is unlucky$/);
    expect(stage.living()).to.deep.equal(['worker-1', 'worker-2', 'frontend-1']);
    expect(await answerOf(address)).to.equal('frontend-1 serves 1');
    stage.text = textOf('3'); // and the next reload is not in its way
    await supervisor.reload();
    expect(stage.events.at(-1)).to.deep.equal({ type: 'supervisor-reloaded', version: '3' });
  });

  it('refuses a cluster that is not there, but not the one that it serves', async () => {
    const supervisor = await stage.start();
    await stage.next('supervisor-ready');
    stage.isClusterThere = false;
    const servers = [{ ip: '127.0.0.1', port: 7 }];
    stage.text = JSON.stringify({
      proxy: { port: 0 },
      registry: { kind: 'none' },
      cluster: { servers, version: '2' },
    });
    await supervisor.reload();
    expect(stage.events.at(-1)).to.deep.equal({
      type: 'reload-refused',
      because: 'no server of the new cluster listens',
    });
    stage.text = textOf('3');
    await supervisor.reload();
    expect(stage.events.at(-1)).to.deep.equal({ type: 'supervisor-reloaded', version: '3' });
  });

  it('refuses a change of address', async () => {
    const supervisor = await stage.start();
    await stage.next('supervisor-ready');
    stage.text = textOf('2', { proxy: { port: 2 } });
    await supervisor.reload();
    expect(stage.events.at(-1)).to.deep.equal({
      type: 'reload-refused',
      because: 'proxy.port cannot change without a restart',
    });
  });

  it('kills what hangs, and leaves nothing behind', async () => {
    stage.text = textOf('14');
    const supervisor = await stage.start();
    await stage.next('supervisor-ready');
    const stopped = supervisor.stop();
    await stage.next('role-ended'); // the frontend; the workers do not end
    supervisor.kill();
    await stopped;
    const signals = stage.of('role-ended').map(({ signal }) => signal);
    expect(signals).to.deep.equal([null, 'SIGKILL', 'SIGKILL']);
    expect(await stage.leftovers()).to.deep.equal([]);
  });
});
