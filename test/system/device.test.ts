import { expect } from 'chai';
import { unpack, pack } from 'msgpackr';
import { join } from 'node:path';
import { Dealer, Router } from 'zeromq';
import { WIRE_VERSION } from '../../src/wire/batch.js';
import { counting, httpContainer } from '../support/containers.js';
import { gate } from '../support/gate.js';
import { statusOf } from '../support/http-message.js';
import { Load, nothing, unharmed } from '../support/load.js';
import {
  configFor,
  CutoverProcess,
  frontend,
  homeFor,
  worker,
  type Home,
} from '../support/processes.js';
import { ask } from '../support/raw-client.js';
import { answeringWhen, freePort, ScriptedContainer } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { within } from '../support/within.js';

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`;

/** Hears of peers when they connect (ZMQ_ROUTER_NOTIFY), as a frontend does. */
class NotifiedRouter extends Router {
  announcePeers(): void {
    this.setInt32Option(97, 3);
  }
}

describe('system: the device', () => {
  const stage = stageForEach();

  const addresses: Readonly<Record<string, (folder: string) => Promise<string>>> = {
    ipc: folder => Promise.resolve(`ipc://${join(folder, 'device')}`),
    async tcp() {
      const { ip, port } = await freePort();
      return `tcp://${ip}:${port}`;
    },
  };

  for (const [transport, address] of Object.entries(addresses)) {
    it(`carries requests and answers over ${transport}://`, async () => {
      const container = await httpContainer(stage, counting({ name: 'a' }).listener);
      const home = await homeFor(stage, {});
      await home.write(
        configFor([container], { device: { frontends: [await address(home.folder)] } }),
      );
      const { port } = await frontend(stage, home);
      await worker(stage, home);
      const load = Load.start(stage, {
        port,
        clients: 16,
        requests: 500,
        method: 'POST',
        body: 'x',
      });
      expect(unharmed(await load.finished())).to.deep.equal(nothing);
    });
  }

  it('lets workers come first, and wait for their frontend', async () => {
    const container = await httpContainer(stage, counting({ name: 'a' }).listener);
    const home = await meshHome([container], 1);
    const early = new CutoverProcess(stage, ['worker', '-c', home.file], home);
    const { cutover, port } = await frontend(stage, home);
    await cutover.logged('worker-joined');
    await early.logged('worker-ready');
    const load = Load.start(stage, { port, clients: 2, requests: 20 });
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
  });

  async function meshHome(servers: Parameters<typeof configFor>[0], size: number): Promise<Home> {
    const home = await homeFor(stage, {});
    const frontends = Array.from({ length: size }, (_, n) => `ipc://${home.folder}/device-${n}`);
    await home.write(configFor(servers, { device: { frontends, heartbeat: 0.2, silence: 3 } }));
    return home;
  }

  it('connects every frontend with every worker, and does without any one of them', async () => {
    const { listener, times } = counting({ name: 'a', delay: 2 });
    const home = await meshHome([await httpContainer(stage, listener)], 2);
    const device = (n: number) => `ipc://${home.folder}/device-${n}`;
    const first = await frontend(stage, home, '--device', device(0));
    const second = await frontend(stage, home, '--device', device(1));
    const workers = [await worker(stage, home), await worker(stage, home)];
    for (const { cutover } of [first, second]) {
      await cutover.logged('worker-joined');
      await cutover.logged('worker-joined', { since: afterFirst(cutover, 'worker-joined') });
    }

    const one = Load.start(stage, { ...first, clients: 8, prefix: 'one' });
    const two = Load.start(stage, { ...second, clients: 8, prefix: 'two' });
    await Promise.all([one.more(100), two.more(100)]);
    expect(unharmed(await one.stop())).to.deep.equal(nothing);

    first.cutover.signal('SIGKILL');
    for (const each of workers) await each.logged('frontend-lost');
    await two.more(100);
    const again = await frontend(stage, home, '--device', device(0));
    const three = Load.start(stage, { ...again, clients: 8, prefix: 'three', requests: 100 });
    expect(unharmed(await three.finished())).to.deep.equal(nothing);

    expect(await workers[0]!.stop()).to.deep.equal({ code: 0, signal: null });
    await two.more(100);
    expect(unharmed(await two.stop())).to.deep.equal(nothing);
    expect(Math.max(...times.values())).to.equal(1);
  });

  const afterFirst = (process: CutoverProcess, event: string) =>
    process.lines.findIndex(line => line.event === event) + 1;

  it('lets a worker drain: it finishes what it has, takes nothing new, and leaves in order', async () => {
    const { opened, open } = gate();
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answeringWhen(opened));
    const home = await meshHome([container.address], 1);
    const { cutover, port } = await frontend(stage, home);
    const draining = await worker(stage, home);
    const asked = container.asked('/held');
    const held = ask(stage, { port }, get('/held'));
    await asked;
    draining.signal('SIGTERM');
    await draining.logged('worker-draining');

    const replacement = await worker(stage, home);
    const fresh = container.asked('/fresh');
    const next = ask(stage, { port }, get('/fresh'));
    await fresh;
    expect(draining.all('worker-stopped')).to.be.empty;
    open();
    expect((await held).body.toString()).to.equal('/held');
    expect((await next).body.toString()).to.equal('/fresh');
    expect(await draining.ended()).to.deep.equal({ code: 0, signal: null });
    await cutover.logged('worker-left');
    expect(cutover.all('worker-lost')).to.be.empty;
    expect(replacement.all('worker-draining')).to.be.empty;
  });

  it('cuts off at the deadline what does not finish while a worker drains', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(() => undefined);
    const home = await homeFor(stage, {});
    const device = { frontends: [`ipc://${home.folder}/device`] };
    await home.write(configFor([container.address], { device, timeouts: { drain: 0.5 } }));
    const { port } = await frontend(stage, home);
    const draining = await worker(stage, home);
    const asked = container.asked('/');
    const answer = ask(stage, { port }, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    await asked;
    await draining.stop(5_000);
    expect(statusOf(await answer)).to.equal(502);
  });

  describe('refuses a peer with another version of the protocol', () => {
    const ofVersion99 = pack([99, []]);

    it('that is a worker: both sides can say why, and others are served', async () => {
      const container = await httpContainer(stage, counting({ name: 'a' }).listener);
      const home = await meshHome([container], 1);
      const { cutover, port } = await frontend(stage, home);
      const peer = new Dealer({ linger: 0 });
      stage.atEnd(() => peer.close());
      peer.connect(`ipc://${home.folder}/device-0`);
      await peer.send(ofVersion99);
      const { because } = await cutover.logged('peer-refused');
      expect(because)
        .to.include('99')
        .and.match(/version/);
      const [told] = await within(5_000, 'an answer that tells our version', peer.receive());
      expect((unpack(told!) as unknown[])[0]).to.equal(WIRE_VERSION);

      await worker(stage, home);
      const load = Load.start(stage, { port, clients: 2, requests: 20 });
      expect(unharmed(await load.finished())).to.deep.equal(nothing);
    });

    it('that is a frontend: both sides can say why', async () => {
      const home = await meshHome([{ ip: '127.0.0.1', port: 9 }], 1);
      const peer = new NotifiedRouter({ linger: 0 });
      stage.atEnd(() => peer.close());
      peer.announcePeers();
      await peer.bind(`ipc://${home.folder}/device-0`);
      const refusing = new CutoverProcess(stage, ['worker', '-c', home.file], home);
      const [id] = await within(10_000, 'a worker connects', peer.receive());
      await peer.send([id!, ofVersion99]);
      const { because } = await refusing.logged('peer-refused');
      expect(because)
        .to.include('99')
        .and.match(/version/);
      const [, told] = await within(5_000, 'an answer that tells its version', peer.receive());
      expect((unpack(told!) as unknown[])[0]).to.equal(WIRE_VERSION);
    });

    it('and nonsense', async () => {
      const home = await meshHome([{ ip: '127.0.0.1', port: 9 }], 1);
      const { cutover } = await frontend(stage, home);
      const peer = new Dealer({ linger: 0 });
      stage.atEnd(() => peer.close());
      peer.connect(`ipc://${home.folder}/device-0`);
      await peer.send(Buffer.from('nonsense'));
      expect((await cutover.logged('peer-refused')).because).to.match(/\w/);
    });
  });
});
