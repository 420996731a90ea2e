import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { openListeningDescriptor } from '../../src/sockets/listening-descriptor.js';
import { counting, httpContainer } from '../support/containers.js';
import { gate } from '../support/gate.js';
import { statusOf, valuesOf } from '../support/http-message.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { descendantsOf, isAlive } from '../support/process-facts.js';
import {
  cli,
  configFor,
  CutoverProcess,
  frontend,
  homeFor,
  portOf,
  up,
  worker,
  type Running,
} from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  addressOf,
  answering,
  answeringWhen,
  listening,
  ScriptedContainer,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`;
const nobody = { ip: '127.0.0.1', port: 9 };

describe('system: a start that fails', () => {
  const stage = stageForEach();

  /** Runs it to its end; what it says of itself is on standard error or in its log. */
  async function run(config: unknown, role: string, options = {}, ...args: string[]) {
    const home = await homeFor(stage, config);
    const cutover = new CutoverProcess(stage, [role, '-c', home.file, ...args], {
      ...home,
      ...options,
    });
    const { code } = await cutover.ended();
    const said = `${cutover.errors}${cutover.output}${JSON.stringify(cutover.lines)}`;
    return { code, said, cutover };
  }

  const wrong = {
    proxy: { ip: '127.0.0.1', port: 70_000 },
    cluster: { servers: [{ ip: '127.0.0.1', port: 'http' }, { port: 9101 }], version: 1.1 },
    timeouts: { awnser: 3, head: -1 },
  };
  const problems = [
    'proxy.port',
    '70000',
    'cluster.servers[0].port',
    '"http"',
    'cluster.servers[1].ip',
    'cluster.version',
    '1.1',
    'timeouts.awnser',
    'timeouts.head',
    '-1',
  ];

  for (const role of ['up', 'frontend', 'worker', 'check']) {
    it(`${role} with a wrong configuration: every problem with its path, exit code 2`, async () => {
      const { code, said, cutover } = await run(wrong, role);
      expect(code).to.equal(2);
      for (const each of problems) expect(said).to.include(each);
      expect(cutover.lines, 'nothing was started').to.be.empty;
    });
  }

  it('check --json prints the problems for machines', async () => {
    const { code, cutover } = await run(wrong, 'check', {}, '--json');
    expect(code).to.equal(2);
    const paths = JSON.stringify(JSON.parse(cutover.output));
    for (const each of problems.filter(path => path.includes('.'))) expect(paths).to.include(each);
  });

  it('check has nothing to say against a good configuration', async () => {
    expect((await run(configFor([nobody]), 'check')).code).to.equal(0);
  });

  it('up with a file that is not JSON: exit code 2', async () => {
    const { code, said } = await run('{ "proxy": ', 'up');
    expect(code).to.equal(2);
    expect(said).to.include('config.json');
  });

  it('up without its file, or with an unknown option: exit code 2', async () => {
    for (const args of [['up', '-c', '/none/such.json'], ['up', '--wrokers', '2'], ['sideways']]) {
      const cutover = new CutoverProcess(stage, args);
      expect((await cutover.ended()).code, args.join(' ')).to.equal(2);
      expect(cutover.errors).to.match(/\w/);
    }
  });

  for (const role of ['up', 'frontend']) {
    it(`${role} on a port that is taken: named, exit code 1`, async () => {
      const { port } = addressOf(await listening(stage, createServer()));
      const config = configFor([nobody], { proxy: { ip: '127.0.0.1', port } });
      const { code, said } = await run(config, role);
      expect(code).to.equal(1);
      expect(said).to.include(String(port)).and.match(/taken/);
    });
  }

  it('frontend on an address that this machine has not: named, exit code 1', async () => {
    const config = configFor([nobody], { proxy: { ip: '192.0.2.1', port: 0 } });
    const { code, said } = await run(config, 'frontend');
    expect(code).to.equal(1);
    expect(said).to.include('192.0.2.1');
  });

  for (const role of ['up', 'frontend']) {
    it(`${role} with an ipc path that is not writable: named, exit code 1`, async () => {
      const device = { frontends: ['ipc:///proc/none/device'] };
      const { code, said } = await run(configFor([nobody], { device }), role);
      expect(code).to.equal(1);
      expect(said).to.include('/proc/none/device');
    });
  }

  it('frontend on the device of another one: named, exit code 1, the other goes on', async () => {
    const container = await httpContainer(stage, counting({ name: 'a' }).listener);
    const home = await homeFor(stage, {});
    const config = configFor([container], {
      device: { frontends: [`ipc://${home.folder}/device`] },
    });
    await home.write(config);
    const { port } = await frontend(stage, home);
    const { code, said } = await run(config, 'frontend');
    expect(code).to.equal(1);
    expect(said).to.include(`${home.folder}/device`).and.match(/taken/);
    await worker(stage, home);
    const load = Load.start(stage, { port, clients: 1, requests: 5 });
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
  });

  const limits = [
    ['too few descriptors to start', 64, {}],
    ['too few descriptors for limits.connections', 1_000, { connections: 5_000 }],
  ] as const;
  for (const role of ['up', 'frontend']) {
    for (const [what, descriptors, limit] of limits) {
      it(`${role} with ${what}: named, exit code 1`, async () => {
        const shell = `ulimit -n ${descriptors}; exec "$0" "$@"`;
        const command = ['bash', '-c', shell, process.execPath, cli];
        const { code, said } = await run(configFor([nobody], { limits: limit }), role, { command });
        expect(code).to.equal(1);
        expect(said)
          .to.include(String(descriptors))
          .and.match(/limit of open files/);
      });
    }
  }
});

describe('system: up', () => {
  const stage = stageForEach();

  /** One request in flight, at a container that waits for a gate. */
  async function busy(sections = {}) {
    const { opened, open } = gate();
    const container = await ScriptedContainer.start(stage);
    container.serve('/held', answeringWhen(opened)).serve('/', answering(200, 'served'));
    const running = await up(stage, configFor([container.address], sections), ['--workers', '2']);
    const client = await RawClient.connect(stage, running);
    const asked = container.asked('/held');
    await client.send(get('/held'));
    await asked;
    return { ...running, container, client, open };
  }

  const allGone = (pids: readonly number[]) =>
    eventually('all processes have ended', async () =>
      (await Promise.all(pids.map(isAlive))).every(alive => !alive),
    );

  it('drains on SIGTERM: frontends first, then workers, and nothing is lost', async () => {
    const { cutover, client, open } = await busy();
    const children = await descendantsOf(cutover.pid);
    cutover.signal('SIGTERM');
    await cutover.logged('frontend-draining');
    open();
    expect((await client.answer()).body.toString()).to.equal('/held');
    await client.closed();
    expect(await cutover.ended()).to.deep.equal({ code: 0, signal: null });
    const ended = cutover
      .all('role-ended')
      .map(({ role, exitCode }) => `${role.replace(/-.*/, '')} ${exitCode}`);
    expect(ended).to.deep.equal(['frontend 0', 'worker 0', 'worker 0']);
    await allGone(children);
  });

  it('ends at once on a second SIGTERM', async () => {
    const { cutover, client } = await busy();
    const children = await descendantsOf(cutover.pid);
    cutover.signal('SIGTERM');
    await cutover.logged('frontend-draining');
    const begin = performance.now();
    cutover.signal('SIGTERM');
    expect((await cutover.ended()).code).not.to.equal(0);
    expect(performance.now() - begin, 'the drain would take 30 s').to.be.below(10_000);
    await client.closed();
    await allGone(children);
  });

  it('ends at the deadline what does not finish', async () => {
    const { cutover, client } = await busy({ timeouts: { drain: 0.5 } });
    await cutover.stop(8_000);
    await client.closed();
  });

  it('takes its roles with it when it is killed, but lets them finish what they have', async () => {
    const { cutover, client, open } = await busy();
    const children = await descendantsOf(cutover.pid);
    expect(children).to.have.lengthOf(3);
    cutover.signal('SIGKILL');
    await cutover.logged('frontend-draining');
    open();
    expect((await client.answer()).body.toString()).to.equal('/held');
    await allGone(children);
  });

  it('starts again what dies', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serve('/', answering(200, 'served'));
    const { cutover, port } = await up(stage, configFor([container.address]), ['--workers', '1']);
    for (const kind of ['worker', 'frontend'] as const) {
      const since = cutover.lines.length;
      const [pid = 0] = cutover.pidsOf(kind);
      process.kill(pid, 'SIGKILL');
      const { role, restartIn } = await cutover.logged('role-ended', { since });
      expect(restartIn).to.be.within(1, 1_000);
      await cutover.logged('role-ready', { since, where: ready => ready.role === role });
      expect(statusOf(await ask(stage, { port }, get('/')))).to.equal(200);
    }
  });

  it('leaves nothing in its folder for temporary files', async () => {
    const { cutover, home, client, open } = await busy();
    open();
    await client.answer();
    client.end();
    await cutover.stop();
    expect(await readdir(home.folder)).to.deep.equal(['config.json']);
  });

  it('drains when its whole process group gets SIGTERM, as from timeout(1) or systemd', async () => {
    const { listener } = counting({ name: 'slow', delay: 800 });
    const underWay = new EventEmitter();
    let asked = 0;
    const server = await httpContainer(stage, (request, answer) => {
      asked += 1;
      if (asked === 6) underWay.emit('all');
      listener(request, answer);
    });
    const { cutover, port } = await up(stage, configFor([server]));
    const all = once(underWay, 'all');
    const load = Load.start(stage, { port, clients: 6, requests: 6 });
    await all;
    process.kill(-cutover.pid, 'SIGTERM');
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
    expect(await cutover.ended()).to.deep.equal({ code: 0, signal: null });
  });

  describe('on SIGHUP', () => {
    const version = (name: string, delay = 1) =>
      httpContainer(stage, counting({ name, delay }).listener);

    it('moves all users to another cluster, with traffic flowing and nothing lost', async () => {
      const old = await version('old');
      const fresh = await version('new');
      const { cutover, home, port } = await up(stage, configFor([old]), ['--workers', '2']);
      const loads = ['GET', 'POST'].map(method =>
        Load.start(stage, { port, clients: 16, method, prefix: method }),
      );
      const more = () => Promise.all(loads.map(load => load.more(200)));
      await more();
      await home.write(configFor([fresh], { cluster: { servers: [fresh], version: '2.0' } }));
      cutover.signal('SIGHUP');
      expect((await cutover.logged('supervisor-reloaded')).version).to.equal('2.0');
      const before = loads.map(({ tally }) => tally.byServer.get('old'));
      await more();
      for (const [index, load] of loads.entries()) {
        const tally = await load.stop();
        expect(unharmed(tally)).to.deep.equal(nothing);
        expect(tally.byServer.get('new')).to.be.at.least(150);
        // What was on its way at that moment may still be the old one's.
        expect(tally.byServer.get('old')! - before[index]!).to.be.at.most(16);
      }
    });

    it('goes on as before if nobody is there in the new cluster', async () => {
      const { cutover, home, port } = await up(stage, configFor([await version('old')]));
      const gone = { ip: '127.0.0.1', port: 1 };
      await home.write(configFor([gone], { cluster: { servers: [gone], version: '2.0' } }));
      cutover.signal('SIGHUP');
      expect((await cutover.logged('reload-refused')).because).to.include('no server');
      const load = Load.start(stage, { port, clients: 2, requests: 20 });
      expect(unharmed(await load.finished())).to.deep.equal(nothing);
    });

    it('goes on as before if the configuration is wrong now', async () => {
      const { cutover, home, port } = await up(stage, configFor([await version('old')]));
      await home.write({ cluster: { servers: [] } });
      cutover.signal('SIGHUP');
      expect((await cutover.logged('reload-refused')).because).to.include('cluster.servers');
      const load = Load.start(stage, { port, clients: 2, requests: 20 });
      expect(unharmed(await load.finished())).to.deep.equal(nothing);
    });
  });
});

describe('system: descriptors handed over', () => {
  const stage = stageForEach();
  const loopback = { host: '127.0.0.1', port: 0 };

  /** A listening descriptor of the test, as a service manager would hand it over. */
  async function descriptor() {
    const opened = await openListeningDescriptor(loopback, 100);
    stage.atEnd(() => opened.close());
    return opened;
  }

  async function echoingContainer() {
    const container = await ScriptedContainer.start(stage);
    container.serve('/', answering(200, 'served'));
    return container;
  }

  it('are listened on by up, also after a frontend was killed', async () => {
    const container = await echoingContainer();
    const { fd, address } = await descriptor();
    const home = await homeFor(stage, configFor([container.address]));
    const cutover = new CutoverProcess(stage, ['up', '-c', home.file, '--workers', '1'], {
      env: { ...home.env, LISTEN_FDS: '1' },
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    await cutover.logged('supervisor-ready');
    expect(statusOf(await ask(stage, address, get('/')))).to.equal(200);
    process.kill(cutover.pidsOf('frontend')[0]!, 'SIGKILL');
    await cutover.logged('role-ended');
    expect(statusOf(await ask(stage, address, get('/')))).to.equal(200);
  });

  it('are listened on by a frontend', async () => {
    const container = await echoingContainer();
    const { fd, address } = await descriptor();
    const home = await homeFor(stage, {});
    const device = { frontends: [`ipc://${home.folder}/device`] };
    await home.write(configFor([container.address], { device }));
    const cutover = new CutoverProcess(stage, ['frontend', '-c', home.file], {
      env: { ...home.env, LISTEN_FDS: '1' },
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    await cutover.logged('frontend-listening');
    await worker(stage, home);
    expect(statusOf(await ask(stage, address, get('/')))).to.equal(200);
  });
});

describe('system: PROXY protocol', () => {
  const stage = stageForEach();

  const trusted = { ip: '127.0.0.1', port: 0 };
  const version1 = 'PROXY TCP4 203.0.113.7 127.0.0.1 51000 80\r\n';
  const version2 = Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([0x21, 0x11, 0, 12, 203, 0, 113, 8, 127, 0, 0, 1, 0xc7, 0x38, 0, 80]),
  ]);

  /** Two addresses: the first for everybody, the second for trusted senders. */
  async function addresses() {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answering(200, 'served'));
    const home = await homeFor(stage, {});
    const device = { frontends: [`ipc://${home.folder}/device`] };
    const proxy = { ip: '127.0.0.1', port: 0, trusted };
    await home.write(configFor([container.address], { device, proxy }));
    const main: Running = await frontend(stage, home);
    const { lines } = main.cutover;
    const since = lines.findIndex(({ event }) => event === 'frontend-listening') + 1;
    const { address } = await main.cutover.logged('frontend-listening', { since });
    await worker(stage, home);
    return { container, main: main.port, trusted: portOf(address) };
  }

  it('tells the client’s address on the trusted address, in both versions', async () => {
    const { container, trusted: port } = await addresses();
    for (const [header, client] of [
      [version1, '203.0.113.7'],
      [version2, '203.0.113.8'],
    ] as const) {
      const target = `/${client}`;
      const forged = `GET ${target} HTTP/1.1\r\nHost: app\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`;
      expect(statusOf(await ask(stage, { port }, header, forged))).to.equal(200);
      const request = container.requests.find(({ startLine }) => startLine.includes(target));
      expect(valuesOf(request!, 'x-forwarded-for')).to.deep.equal([client]);
    }
  });

  it('is understood in any pieces, with the request in the same one', async () => {
    const { trusted: port } = await addresses();
    for (const header of [version1, version2.toString('latin1')]) {
      expect(statusOf(await ask(stage, { port }, ...Array.from(header), get('/')))).to.equal(200);
      expect(statusOf(await ask(stage, { port }, `${header}${get('/')}`))).to.equal(200);
    }
  });

  it('is required on the trusted address', async () => {
    const { container, trusted: port } = await addresses();
    const client = await RawClient.connect(stage, { port });
    await client.send(get('/without'));
    await client.closed();
    expect(client.received).not.to.include(' 200 ');
    expect(container.times('/without')).to.equal(0);
  });

  it('is refused on the main address: nobody makes up an address there', async () => {
    const { container, main: port } = await addresses();
    for (const header of [version1, version2]) {
      expect(statusOf(await ask(stage, { port }, header, get('/made-up')))).to.equal(400);
    }
    expect(container.times('/made-up')).to.equal(0);
  });
});
