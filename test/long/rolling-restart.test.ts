/** Every role is restarted, one after another, as docs/several-hosts.md says, while clients come and stay. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { expect } from 'chai';
import { anyListens } from '../../src/sockets/listens.js';
import { openListeningDescriptor } from '../../src/sockets/listening-descriptor.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { Newcomers } from '../support/newcomers.js';
import {
  configFor,
  CutoverProcess,
  homeFor,
  type Home,
  type StartOptions,
} from '../support/processes.js';
import { freePort, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { hasTool, itWith } from '../support/tools.js';
import { apiOf, neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const inOrder = { code: 0, signal: null };
const names = ['one', 'two'] as const;
type Name = (typeof names)[number];

describe('system: a rolling restart', () => {
  const stage = stageForEach();

  /** Two hosts' worth of processes on one: they find each other by the addresses of the configuration. */
  async function homeOf(servers: readonly ServerAddress[], proxy: object): Promise<Home> {
    const home = await homeFor(stage, {});
    const at = (name: string) => `ipc://${join(home.folder, name)}`;
    const config = configFor(servers, {
      proxy,
      registry: { file: join(home.folder, 'registry.json') },
      device: { frontends: names.map(name => at(`device-${name}`)), control: at('control') },
      // Whoever comes all the time keeps a frontend from finding a moment in which nobody is there.
      timeouts: { drain: 2 },
      ...neverSlowOrOdd,
    });
    await home.write(config);
    return home;
  }

  function control(home: Home): CutoverProcess {
    return new CutoverProcess(stage, ['control', '-c', home.file], home);
  }

  function worker(home: Home, name: Name): CutoverProcess {
    const args = ['worker', '-c', home.file, '--name', `worker-${name}`];
    return new CutoverProcess(stage, args, home);
  }

  async function frontend(home: Home, name: Name, file: string, options: StartOptions = home) {
    const device = `ipc://${join(home.folder, `device-${name}`)}`;
    const args = ['frontend', '-c', file, '--name', name, '--device', device];
    const started = new CutoverProcess(stage, args, options);
    await started.logged('frontend-listening');
    return started;
  }

  const joined = (name: Name) => ({
    where: (line: { readonly name: string }) => line.name === `worker-${name}`,
  });

  /** `frontends`: starts one, and is asked again for its successor. */
  async function restarted(home: Home, frontends: (name: Name) => Promise<CutoverProcess>) {
    let running = control(home);
    await running.logged('control-listening');
    const atFront = new Map<Name, CutoverProcess>();
    for (const name of names) atFront.set(name, await frontends(name));
    const atWork = new Map(names.map(name => [name, worker(home, name)] as const));
    for (const name of names) {
      for (const frontend of atFront.values()) await frontend.logged('worker-joined', joined(name));
    }

    return {
      api: () => apiOf(running),

      async control(): Promise<void> {
        expect(await running.stop()).to.deep.equal(inOrder);
        running = control(home);
        for (const follower of [...names.map(name => `worker-${name}`), ...names]) {
          await running.logged('follower-joined', { where: ({ name }) => name === follower });
        }
      },

      async worker(name: Name): Promise<void> {
        const since = new Map([...atFront].map(([at, { lines }]) => [at, lines.length]));
        expect(await atWork.get(name)?.stop()).to.deep.equal(inOrder);
        atWork.set(name, worker(home, name));
        for (const [at, frontend] of atFront) {
          const options = { ...joined(name), since: since.get(at) ?? 0 };
          await frontend.logged('worker-joined', options);
        }
      },

      async frontend(name: Name): Promise<void> {
        expect(await atFront.get(name)?.stop()).to.deep.equal(inOrder);
        const successor = await frontends(name);
        atFront.set(name, successor);
        for (const each of names) await successor.logged('worker-joined', joined(each));
      },

      lost: () => [...atFront.values()].flatMap(frontend => frontend.all('worker-lost')),
    };
  }

  it('of control, workers and frontends behind one address loses nothing, and an upgrade goes on', async () => {
    const [v1, v2] = [counting({ name: 'v1' }), counting({ name: 'v2' })];
    const home = await homeOf([await httpContainer(stage, v1.listener)], {});
    const socket = await openListeningDescriptor({ host: '127.0.0.1', port: 0 }, 4_096);
    stage.atEnd(() => socket.close());
    const { address } = socket;
    const roles = await restarted(home, name =>
      frontend(home, name, home.file, {
        env: { ...home.env, LISTEN_FDS: '1', LISTEN_FDNAMES: 'proxy' },
        stdio: ['ignore', 'pipe', 'pipe', socket.fd],
      }),
    );
    const id = await roles.api().upgrade('2.0', [await httpContainer(stage, v2.listener)], {
      mode: 'GRADUAL',
      duration: '1h',
      steps: [50],
    });

    const loads = ['GET', 'POST'].map(method =>
      Load.start(stage, { ...address, clients: 4, method, prefix: method }),
    );
    const newcomers = Newcomers.start(stage, { ...address, clients: 2 });
    const busy = () => Promise.all([...loads.map(load => load.more(100)), newcomers.more(20)]);

    await busy();
    await roles.control();
    await busy();
    for (const name of names) {
      await roles.worker(name);
      await busy();
    }
    for (const name of names) {
      await roles.frontend(name);
      await busy();
    }

    expect(await roles.api().states()).to.deep.equal(['2.0 running', '1.0 complete']);
    expect((await roles.api().versions())[0]).to.include({ id });
    for (const load of loads) expect(unharmed(await load.stop())).to.deep.equal(nothing);
    const { refused, wrong, cut } = await newcomers.stop();
    expect({ refused, wrong }).to.deep.equal({ refused: 0, wrong: [] });
    // Without it libzmq cannot stop taking connections in its last moment (docs/not-supported.md).
    if (hasTool('prlimit')) expect(cut).to.equal(0);
    const times = [...v1.times, ...v2.times].filter(([id]) => id.startsWith('POST'));
    expect(Math.max(...times.map(([, count]) => count))).to.equal(1);
    expect(roles.lost()).to.deep.equal([]);
  });

  itWith(
    'haproxy',
    'of every role loses nothing behind a balancer that speaks the PROXY protocol',
    async () => {
      const { listener } = counting({ name: 'v1' });
      const home = await homeOf([await httpContainer(stage, listener)], {});
      const reached = new Map<Name, ServerAddress>();
      for (const name of names) reached.set(name, await freePort());
      const config = JSON.parse(await readFile(home.file, 'utf8')) as object;
      const roles = await restarted(home, async name => {
        const file = join(home.folder, `${name}.json`);
        const proxy = { port: 0, trusted: reached.get(name) };
        await writeFile(file, JSON.stringify({ ...config, proxy }));
        return frontend(home, name, file);
      });
      const { address, tell } = await balancer(home, reached);

      const load = Load.start(stage, { ...address, clients: 4 });
      const newcomers = Newcomers.start(stage, { ...address, clients: 2 });
      const busy = () => Promise.all([load.more(100), newcomers.more(20)]);
      await busy();
      for (const name of names) {
        await tell(`set server cutover/${name} state drain`);
        await roles.frontend(name);
        await tell(`set server cutover/${name} state ready`);
        await busy();
        await roles.worker(name);
        await busy();
      }
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
      const { refused, wrong, cut } = await newcomers.stop();
      expect({ refused, wrong, cut }).to.deep.equal({ refused: 0, wrong: [], cut: 0 });
      expect(roles.lost()).to.deep.equal([]);
    },
  );

  /** In front of two frontends, on layer 4. `tell`: its runtime API, by which operators take servers out and in. */
  async function balancer(home: Home, servers: ReadonlyMap<Name, ServerAddress>) {
    const { ip: host, port } = await freePort();
    const [file, control] = [join(home.folder, 'haproxy.cfg'), join(home.folder, 'haproxy')];
    const lines = [...servers].map(
      ([name, { ip, port }]) => `  server ${name} ${ip}:${port} send-proxy-v2`,
    );
    const text = `global
  stats socket ${control} level admin
defaults
  mode tcp
  timeout connect 3s
  timeout client 60s
  timeout server 60s
frontend clients
  bind ${host}:${port}
  default_backend cutover
backend cutover
${lines.join('\n')}
`;
    await writeFile(file, text);
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    stage.atEnd(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await eventually('haproxy listens', () => anyListens([{ host, port }]));
    const tell = async (command: string) => {
      const socket = connect(control);
      socket.end(`${command}\n`);
      const said = await readAll(socket);
      expect(said.trim(), command).to.equal('');
    };
    return { address: { host, port }, tell };
  }
});
