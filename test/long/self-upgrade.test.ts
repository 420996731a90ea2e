/** Cutover itself is upgraded: its processes are replaced while clients come, stay, and hold WebSockets. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openListeningDescriptor } from '../../src/sockets/listening-descriptor.js';
import { CONTROL_WIRE_VERSION } from '../../src/wire/control-message.js';
import { counting, httpContainer } from '../support/containers.js';
import { gate } from '../support/gate.js';
import { valuesOf } from '../support/http-message.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { Newcomers } from '../support/newcomers.js';
import { nextBuild } from '../support/next-build.js';
import {
  cli,
  configFor,
  CutoverProcess,
  frontend,
  homeFor,
  worker,
  type Home,
  type Sections,
} from '../support/processes.js';
import { RawClient } from '../support/raw-client.js';
import {
  answeringWhen,
  freePort,
  ScriptedContainer,
  type ServerAddress,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { hasTool, itWith } from '../support/tools.js';
import { apiOf, neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`;
const inOrder = { code: 0, signal: null };

describe('system: Cutover is upgraded', () => {
  const stage = stageForEach();

  /** Frontend, workers and control find each other by the addresses of the configuration. */
  async function homeOf(servers: readonly ServerAddress[], sections: Sections = {}) {
    const home = await homeFor(stage, {});
    const device = {
      frontends: [`ipc://${home.folder}/device`],
      control: `ipc://${home.folder}/control`,
    };
    await home.write(configFor(servers, { device, ...sections }));
    return home;
  }

  describe('frontends', () => {
    /** As systemd does it: the unit's own command, and a listening socket that outlives the process. */
    async function activation(home: Home) {
      const unit = new URL('../../../packaging/systemd/cutover-frontend.service', import.meta.url);
      const [, program = '', args = ''] =
        /^ExecStart=(\S+) (.*)$/m.exec(await readFile(unit, 'utf8')) ?? [];
      expect(program).to.equal('/usr/local/bin/cutover');
      const socket = await openListeningDescriptor({ host: '127.0.0.1', port: 0 }, 4_096);
      stage.atEnd(() => socket.close());
      const { fd, address } = socket;
      const given = args.replace('/etc/cutover/cutover.json', home.file).split(' ');
      // LISTEN_PID must be that of the process that takes the descriptor, which is known too late for us.
      const shell = 'LISTEN_FDS=1 LISTEN_PID=$$ exec systemd-socket-activate "$@"';
      const activated = ['bash', '-c', shell, 'bash', '--fdname=proxy', process.execPath, cli];
      const start = () =>
        new CutoverProcess(stage, given, {
          ...home,
          command: activated as [string, ...string[]],
          stdio: ['ignore', 'pipe', 'pipe', fd],
        });
      return { address, start };
    }

    const cases = [
      { who: 'no connection', moment: 0, each: 50 },
      { who: 'none of a client that takes a moment to ask', moment: 150, each: 20 },
    ];
    for (const { who, moment, each } of cases) {
      itWith(
        'systemd-socket-activate',
        `are restarted again and again, and ${who} is refused or cut off`,
        async () => {
          const container = await httpContainer(stage, counting({ name: 'a' }).listener);
          // Whoever comes all the time keeps a frontend from finding a moment in which nobody is there.
          const home = await homeOf([container], { timeouts: { drain: 2 } });
          new CutoverProcess(stage, ['worker', '-c', home.file], home);
          const { address, start } = await activation(home);
          const clients = 3;
          let running = start();
          const newcomers = Newcomers.start(stage, { ...address, clients, moment });
          const restarts = 3;
          for (let restart = 0; restart < restarts; restart += 1) {
            await running.logged('frontend-listening');
            await newcomers.more(each);
            expect(await running.stop()).to.deep.equal(inOrder);
            running = start();
          }
          await newcomers.more(each);
          const { refused, wrong, cut } = await newcomers.stop();
          expect({ refused, wrong }).to.deep.equal({ refused: 0, wrong: [] });
          // Without it libzmq cannot stop taking connections in its last moment (docs/not-supported.md).
          if (hasTool('prlimit')) expect(cut).to.equal(0);
        },
      );
    }
  });

  describe('what drains', () => {
    const tunnelled =
      'GET /tunnel HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const switching =
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

    /** A request that waits for a gate, and a tunnel whose server echoes, in one frontend and one worker. */
    async function busy(timeouts: { readonly drain: number; readonly drainTunnel: number }) {
      const { opened, open } = gate();
      const container = await ScriptedContainer.start(stage);
      container.serve('/held', answeringWhen(opened)).serve('/tunnel', ({ socket, write }) => {
        socket.on('data', (bytes: Buffer) => socket.write(bytes));
        write(switching);
      });
      const home = await homeOf([container.address], { timeouts });
      const { cutover, port } = await frontend(stage, home);
      const serving = await worker(stage, home);
      const [held, tunnel] = [
        await RawClient.connect(stage, { port }),
        await RawClient.connect(stage, { port }),
      ];
      const asked = container.asked('/held');
      await held.send(get('/held'));
      await asked;
      await tunnel.send(tunnelled);
      await tunnel.until('\r\n\r\n');
      const echoes = async (text: string) => {
        await tunnel.send(text);
        await tunnel.until(text);
      };
      await echoes('before');
      return { frontend: cutover, worker: serving, held, tunnel, echoes, open };
    }

    const long = 60;
    const short = 0.5;

    it('lets WebSockets go on in a frontend when the time of requests is over', async () => {
      const at = await busy({ drain: short, drainTunnel: long });
      at.frontend.signal('SIGTERM');
      await at.held.closed();
      expect(at.held.received).to.equal('');
      await at.echoes('afterwards');
      at.tunnel.end();
      expect(await at.frontend.ended()).to.deep.equal(inOrder);
    });

    it('lets requests go on in a frontend when the time of WebSockets is over', async () => {
      const at = await busy({ drain: long, drainTunnel: short });
      at.frontend.signal('SIGTERM');
      await at.tunnel.closed();
      at.open();
      const answer = await at.held.answer();
      expect(answer.body.toString()).to.equal('/held');
      expect(valuesOf(answer, 'connection')).to.deep.equal(['close']);
      expect(await at.frontend.ended()).to.deep.equal(inOrder);
    });

    it('lets WebSockets go on in a worker when the time of requests is over', async () => {
      const at = await busy({ drain: short, drainTunnel: long });
      at.open(); // nothing but the tunnel is left
      await at.held.answer();
      at.worker.signal('SIGTERM');
      await at.worker.logged('worker-draining');
      const begin = performance.now();
      await eventually('that time is over', () => performance.now() - begin > 3 * short * 1000);
      await at.echoes('afterwards');
      at.tunnel.end();
      expect(await at.worker.ended()).to.deep.equal(inOrder);
    });

    it('lets requests go on in a worker when the time of WebSockets is over', async () => {
      const at = await busy({ drain: long, drainTunnel: short });
      at.worker.signal('SIGTERM');
      await at.tunnel.closed();
      at.open();
      expect((await at.held.answer()).body.toString()).to.equal('/held');
      expect(await at.worker.ended()).to.deep.equal(inOrder);
      await at.frontend.logged('worker-left');
    });
  });

  describe('workers', () => {
    it('are replaced one after another under load: nothing is lost, and no POST is done twice', async () => {
      const { listener, times } = counting({ name: 'a', delay: 2 });
      const home = await homeOf([await httpContainer(stage, listener)]);
      const { cutover, port } = await frontend(stage, home);
      const names = ['one', 'two', 'three'];
      const start = (name: string) => worker(stage, home, '--name', name);
      const workers = await Promise.all(names.map(start));
      const loads = ['GET', 'POST'].map(method =>
        Load.start(stage, { port, clients: 8, method, prefix: method }),
      );
      for (const [index, old] of workers.entries()) {
        await Promise.all(loads.map(load => load.more(100)));
        const fresh = `${names[index]}-anew`;
        await start(fresh);
        await cutover.logged('worker-joined', { where: ({ name }) => name === fresh });
        expect(await old.stop()).to.deep.equal(inOrder);
        await cutover.logged('worker-left', { where: ({ name }) => name === names[index] });
      }
      await Promise.all(loads.map(load => load.more(100)));
      for (const load of loads) expect(unharmed(await load.stop())).to.deep.equal(nothing);
      expect(Math.max(...times.values())).to.equal(1);
      expect(cutover.all('worker-lost')).to.deep.equal([]);
    });
  });

  describe('a later build beside an earlier one', () => {
    /** A role of a later build. */
    const later = (build: string, home: Home, ...args: readonly string[]) =>
      new CutoverProcess(stage, [...args, '-c', home.file], {
        ...home,
        command: [process.execPath, build],
      });

    /** Both versions of the device's protocol, as somebody who refuses tells them. */
    const versions = (because: string) =>
      /speaks version (\d+) of the device protocol, we speak (\d+)/
        .exec(because)
        ?.slice(1)
        .map(Number);

    for (const changed of ['device', 'control'] as const) {
      it(`is refused where ${changed} messages differ; when the frontend follows, it serves`, async () => {
        const build = await nextBuild(stage, changed);
        const { listener } = counting({ name: 'a' });
        const proxy = await freePort();
        const home = await homeOf([await httpContainer(stage, listener)], { proxy });
        const old = await frontend(stage, home);
        const earlier = await worker(stage, home, '--name', 'earlier');
        const reach = { port: proxy.port, host: proxy.ip };
        const first = Load.start(stage, { ...reach, clients: 4 });

        const fresh = later(build, home, 'worker', '--name', 'later');
        const told = await old.cutover.logged('peer-refused');
        const heard = await fresh.logged('peer-refused');
        const [theirs = 0, ours = 0] = versions(told.because) ?? [];
        expect(theirs).to.be.above(ours);
        expect(versions(heard.because)).to.deep.equal([ours, theirs]);
        await first.more(200);
        expect(unharmed(await first.stop())).to.deep.equal(nothing);
        expect(old.cutover.all('worker-joined').map(({ name }) => name)).to.deep.equal(['earlier']);

        // The other way round: a later frontend takes the place of the earlier one. Nobody else is restarted.
        expect(await old.cutover.stop()).to.deep.equal(inOrder);
        const since = earlier.lines.length;
        const next = later(build, home, 'frontend');
        await next.logged('worker-joined', { where: ({ name }) => name === 'later' });
        expect(versions((await next.logged('peer-refused')).because)).to.deep.equal([ours, theirs]);
        await earlier.logged('peer-refused', { since });
        const second = Load.start(stage, { ...reach, clients: 4, requests: 200 });
        expect(unharmed(await second.finished())).to.deep.equal(nothing);
        expect(next.all('worker-joined').map(({ name }) => name)).to.deep.equal(['later']);
        for (const each of [earlier, fresh]) expect(await each.stop()).to.deep.equal(inOrder);
      });
    }

    it('is refused where it is control; others go on with the last table, and follow when they can', async () => {
      const build = await nextBuild(stage, 'control');
      const [one, two] = [
        await httpContainer(stage, counting({ name: 'v1' }).listener),
        await httpContainer(stage, counting({ name: 'v2' }).listener),
      ];
      const home = await homeOf([one], neverSlowOrOdd);
      const registry = { file: join(home.folder, 'registry.json') };
      const device = {
        frontends: [`ipc://${home.folder}/device`],
        control: `ipc://${home.folder}/control`,
        heartbeat: 0.2,
        silence: 1,
      };
      await home.write(configFor([one], { registry, device, ...neverSlowOrOdd }));
      const control = new CutoverProcess(stage, ['control', '-c', home.file], home);
      await control.logged('control-listening');
      const { cutover, port } = await frontend(stage, home);
      const serving = await worker(stage, home, '--name', 'worker');
      await apiOf(control).deploy('2.0', two);
      await serving.logged('table-taken', { where: ({ edition }) => edition === 2 });
      const load = Load.start(stage, { port, clients: 4 });
      await load.more(50);

      expect(await control.stop()).to.deep.equal(inOrder);
      const next = later(build, home, 'control');
      await next.logged('control-listening');
      for (const follower of [cutover, serving]) {
        const { because } = await follower.logged('announcement-refused');
        expect(because).to.include(
          `speaks version ${CONTROL_WIRE_VERSION + 1} of the control protocol, we speak ${CONTROL_WIRE_VERSION}`,
        );
      }
      expect((await fetch(`${apiOf(next).url}/readyz`)).status).to.equal(503);
      const before = load.tally.byServer.get('v1');
      await load.more(200);
      expect(load.tally.byServer.get('v1'), 'nobody went back').to.equal(before);

      expect(await next.stop()).to.deep.equal(inOrder);
      const again = new CutoverProcess(stage, ['control', '-c', home.file], home);
      await again.logged('follower-joined', { where: ({ name }) => name === 'worker' });
      await load.more(50);
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
    });
  });
});
