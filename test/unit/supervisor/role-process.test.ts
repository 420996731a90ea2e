import { expect } from 'chai';
import type { Clock } from '../../../src/kernel/clock.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { keepAlive, RoleStopped, type ChildHost } from '../../../src/supervisor/role-process.js';

const PATIENCE = 1000;

/** A role whose processes exist only in the test, and time that stands still until it is moved. */
function stage() {
  const events: CutoverEvent[] = [];
  const hosts: ChildHost[] = [];
  const signals: string[] = [];
  let now = 0;
  let tasks: { readonly at: number; readonly task: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    after(ms, task) {
      const planned = { at: now + ms, task };
      tasks.push(planned);
      return () => void (tasks = tasks.filter(each => each !== planned));
    },
    every: () => () => undefined,
  };
  function pass(ms: number): void {
    now += ms;
    const due = tasks.filter(({ at }) => at <= now);
    tasks = tasks.filter(({ at }) => at > now);
    for (const { task } of due) task();
  }
  const role = keepAlive({
    role: 'worker-1',
    spawn: host => {
      const pid = hosts.push(host);
      return { pid, kill: signal => void signals.push(`${signal} ${pid}`) };
    },
    patience: PATIENCE,
    clock,
    chance: () => 0,
    report: event => void events.push(event),
  });
  const latest = () => hosts.at(-1)!;
  const types = () => events.map(({ type }) => type);
  return { role, pass, latest, hosts, signals, events, types, waiting: () => tasks.length };
}

const rejection = (promise: Promise<void>) =>
  promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );

describe('keepAlive', () => {
  it('starts a process at once, and is ready when that says so', async () => {
    const { role, latest, types } = stage();
    expect(types()).to.deep.equal(['role-started']);
    latest().ready();
    await role.ready;
    expect(types()).to.deep.equal(['role-started', 'role-ready']);
  });

  it('starts the next process after a while when one has died', () => {
    const { latest, pass, hosts, events } = stage();
    latest().ready();
    latest().ended(null, 'SIGKILL');
    expect(events.at(-1)).to.include({ type: 'role-ended', pid: 1, restartIn: 100 });
    pass(99);
    expect(hosts).to.have.length(1);
    pass(1);
    expect(hosts).to.have.length(2);
  });

  it('waits longer each time, and forgets that when one lived for a while', () => {
    const { latest, pass, events } = stage();
    const restarts = [0, 0, 0, 60_000, 0].map(lived => {
      latest().ready();
      pass(lived);
      latest().ended(1, null);
      pass(10_000);
      return events.findLast(({ type }) => type === 'role-ended');
    });
    expect(restarts.map(each => each && 'restartIn' in each && each.restartIn)).to.deep.equal([
      100, 200, 400, 100, 200,
    ]);
  });

  it('gives up, and says why, when the first process cannot start', async () => {
    const { role, latest, waiting } = stage();
    latest().failed('port 80 is taken');
    latest().ended(1, null);
    const cause = await rejection(role.ready);
    expect(cause).to.be.instanceOf(StartError);
    expect(cause).to.have.property('message', 'worker-1: port 80 is taken');
    expect(waiting()).to.equal(0);
  });

  it('lets a process drain when it is stopped', async () => {
    const { role, latest, signals, events, waiting } = stage();
    latest().ready();
    const stopped = role.stop();
    expect(signals).to.deep.equal(['SIGTERM 1']);
    latest().ended(0, null);
    await stopped;
    expect(events.at(-1)).to.include({ type: 'role-ended', exitCode: 0, restartIn: undefined });
    expect(waiting()).to.equal(0);
  });

  it('kills a process that does not end in time', async () => {
    const { role, latest, pass, signals } = stage();
    const stopped = role.stop();
    pass(PATIENCE);
    expect(signals).to.deep.equal(['SIGTERM 1', 'SIGKILL 1']);
    latest().ended(null, 'SIGKILL');
    await stopped;
  });

  it('starts nothing after a process that ends by itself while all are stopping', async () => {
    const { role, latest, pass, hosts, events } = stage();
    latest().ready();
    role.startNoMore();
    latest().ended(0, null);
    expect(events.at(-1)).to.include({ type: 'role-ended', exitCode: 0, restartIn: undefined });
    pass(60_000);
    expect(hosts).to.have.length(1);
    await role.stop();
  });

  for (const [how, exitCode, signal] of [
    ['by itself', 0, null],
    ['by a signal that all have got', null, 'SIGTERM'],
  ] as const) {
    it(`starts nothing after one that ends ${how}, of those that crashes would be mended of`, async () => {
      const { role, latest, pass, hosts } = stage();
      latest().ready();
      role.startNoMore('it crashes');
      latest().ended(exitCode, signal);
      pass(60_000);
      expect(hosts).to.have.length(1);
      await role.stop();
    });
  }

  it('starts one that crashes while others drain, where that was said, and ends it with them', async () => {
    const { role, latest, pass, hosts, signals } = stage();
    latest().ready();
    role.startNoMore('it crashes');
    latest().ended(null, 'SIGKILL');
    pass(60_000);
    expect(hosts).to.have.length(2);
    const stopped = role.stop();
    expect(signals.at(-1)).to.match(/^SIGTERM/);
    latest().ended(0, null);
    await stopped;
  });

  it('does not start what it waits to start once all are stopping', async () => {
    const { role, latest, pass, hosts, waiting } = stage();
    latest().ready();
    latest().ended(0, null);
    role.startNoMore();
    expect(waiting()).to.equal(0);
    pass(60_000);
    expect(hosts).to.have.length(1);
    await role.stop();
  });

  it('starts nothing more when it is stopped between two processes', async () => {
    const { role, latest, pass, hosts } = stage();
    latest().ended(null, 'SIGSEGV');
    await role.stop();
    pass(60_000);
    expect(hosts).to.have.length(1);
    expect(await rejection(role.ready)).to.be.instanceOf(RoleStopped);
  });

  it('kills at once, for good', async () => {
    const { role, latest, pass, hosts, signals } = stage();
    latest().ready();
    role.kill();
    expect(signals).to.deep.equal(['SIGKILL 1']);
    latest().ended(null, 'SIGKILL');
    await role.stop();
    pass(60_000);
    expect(hosts).to.have.length(1);
  });

  it('can be stopped twice', async () => {
    const { role, latest, signals } = stage();
    const both = Promise.all([role.stop(), role.stop()]);
    latest().ended(0, null);
    await both;
    expect(signals).to.deep.equal(['SIGTERM 1']);
  });
});
