/**
 * Somebody on the inner links who keeps to nothing. Others go on as if it were not there, no process grows or
 * falls, and the log says what happened without becoming the next problem.
 */
import { expect } from 'chai';
import { pack } from 'msgpackr';
import { join } from 'node:path';
import { encode, WIRE_VERSION } from '../../src/wire/batch.js';
import { CONTROL_WIRE_VERSION, encodeMessage } from '../../src/wire/control-message.js';
import { kinds, type Envelope } from '../../src/wire/envelope.js';
import { exchangeId } from '../../src/kernel/ids.js';
import { counting, httpContainer } from '../support/containers.js';
import { wholeDraws } from '../support/draws.js';
import { garbage, RawHost, RawPeer } from '../support/flooding.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { memoryOf } from '../support/process-facts.js';
import { configFor, CutoverProcess, frontend, homeFor, worker } from '../support/processes.js';
import { stageForEach } from '../support/stage.js';
import { upgradable } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const SEED = Number(process.env['CUTOVER_SEED'] ?? 20_261_123);
const MiB = 1024 * 1024;

const body = Buffer.alloc(100, 'x');
const id = exchangeId(1_000_000);

/** One of each that a worker may say, and of each that a frontend may say. */
const fromWorker: readonly Envelope[] = [
  [kinds.beat],
  [kinds.part, id, body, true, ''],
  [kinds.credit, id, 1_000_000],
  [kinds.interim, id, 103, 'Early', 'Link: x\r\n'],
  [kinds.answer, id, 200, 'OK', 'X: y\r\n', 1, body, true, '', null],
  [kinds.failure, id, 'ERR_INTERNAL', 'because', null],
  [kinds.again, id],
];
const fromFrontend: readonly Envelope[] = [
  [kinds.beat],
  [kinds.part, id, body, true, ''],
  [kinds.credit, id, 1_000_000],
  [kinds.cancel, id],
];

const packed = (envelopes: readonly Envelope[]) => envelopes.map(each => encode([each]));

/** Strangers of every kind, for a socket that expects version `ours` in front of `good`. */
function nonsense(ours: number, good: readonly Buffer[], count: number): readonly Buffer[] {
  const draw = wholeDraws(SEED);
  const fixed = [
    pack([99, []]),
    pack([ours + 1, []]),
    pack([-1]),
    pack([ours]),
    pack([ours, []]),
    pack([ours, [], 'more']),
    pack([ours, { kind: 'follow' }]),
    pack({}),
    pack(null),
    Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), // a list of 4,294,967,295
    Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff]), // bytes, as many
    Buffer.alloc(4096, 0x91), // lists in lists
    Buffer.alloc(1 * MiB),
  ];
  return [...fixed, ...Array.from({ length: count - fixed.length }, () => garbage(draw, good))];
}

/** Lines of the log that a flood may cost, however long it is. */
const MOST_LINES = 600;

interface Bounded {
  readonly process: CutoverProcess;
  readonly pid: number;
}

/** What it costs a process, in memory and lines, while `flood` goes on. */
async function cost({ process, pid }: Bounded, flood: () => Promise<void>) {
  const before = await memoryOf(pid);
  const lines = process.lines.length;
  await flood();
  const after = await memoryOf(pid);
  return { grown: after.peak - before.now, lines: process.lines.length - lines };
}

describe(`hostile: peers on the inner links (seed ${SEED})`, function () {
  this.timeout(120_000);
  const stage = stageForEach();

  async function served() {
    const { listener, times } = counting({ name: 'a' });
    const folder = await stage.folder();
    const device = {
      frontends: [`ipc://${join(folder, 'd')}`],
      control: `ipc://${join(folder, 'c')}`,
      heartbeat: 0.2,
      silence: 3,
    };
    const running = await upgradable(stage, [await httpContainer(stage, listener)], { device });
    const { cutover, port } = running;
    const pidOf = (role: string) =>
      cutover.all('role-started').find(started => started.role === role)!.pid;
    const load = Load.start(stage, { port, clients: 4 });
    await load.more(50);
    return { ...running, device, load, times, pidOf };
  }

  type Served = Awaited<ReturnType<typeof served>>;

  /** All requests were answered, each once, and no process fell. */
  async function unaffected({ load, times, cutover }: Served): Promise<void> {
    await load.more(50);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(Math.max(...times.values())).to.equal(1);
    expect(cutover.all('role-ended')).to.deep.equal([]);
    expect(cutover.all('fault')).to.deep.equal([]);
  }

  /** Sends to `address` from several connections at once; each is read from by nobody. */
  const flood = async (address: string, from: number, messages: readonly Buffer[]) => {
    const peers = Array.from({ length: from }, () => new RawPeer(stage, address));
    await Promise.all(peers.map(peer => peer.send(...messages)));
    return peers;
  };

  it('that send garbage to a frontend are refused, once each', async () => {
    const world = await served();
    const { cutover, device, load } = world;
    const address = device.frontends[0]!;
    const { grown, lines } = await cost(
      { process: cutover, pid: world.pidOf('frontend-1') },
      async () => {
        await flood(address, 20, nonsense(WIRE_VERSION, packed(fromWorker), 2_000));
        await cutover.logged('peer-refused');
        await load.more(500);
      },
    );
    expect(lines).to.be.at.most(MOST_LINES);
    expect(grown).to.be.lessThan(150 * MiB);
    await unaffected(world);
  });

  it('that speak in order of exchanges that they do not have are not heeded', async () => {
    const world = await served();
    const all = packed(fromWorker);
    const messages = Array.from({ length: 20_000 }, (_, at) => all[at % all.length]!);
    await flood(world.device.frontends[0]!, 4, messages);
    await world.load.more(500);
    expect(world.cutover.all('peer-refused')).to.deep.equal([]);
    await unaffected(world);
  });

  it('that say hello to a frontend again and again are one worker, not thousands', async () => {
    const world = await served();
    const { cutover, device, load } = world;
    // Draining at once: it wants no requests, so that those of others are not lost with it.
    const hello = encode([[kinds.hello, 'again', 1000, '', ''], [kinds.goodbye]]);
    const { grown, lines } = await cost(
      { process: cutover, pid: world.pidOf('frontend-1') },
      async () => {
        await flood(device.frontends[0]!, 4, new Array<Buffer>(20_000).fill(hello));
        await cutover.logged('worker-joined', { where: ({ name }) => name === 'again' });
        await load.more(500);
      },
    );
    expect(lines).to.be.at.most(MOST_LINES);
    expect(grown).to.be.lessThan(150 * MiB);
    await unaffected(world);
  });

  it('that send more in one message than a message may have are cut off', async () => {
    const world = await served();
    const before = await memoryOf(world.pidOf('frontend-1'));
    await flood(world.device.frontends[0]!, 4, new Array<Buffer>(8).fill(Buffer.alloc(9 * MiB)));
    await world.load.more(500);
    const { peak } = await memoryOf(world.pidOf('frontend-1'));
    expect(peak - before.now).to.be.lessThan(150 * MiB);
    await unaffected(world);
  });

  it('that come and go a thousand times leave nothing behind', async () => {
    const world = await served();
    const { cutover, device } = world;
    const { lines } = await cost({ process: cutover, pid: world.pidOf('frontend-1') }, async () => {
      for (let round = 0; round < 50; round++) {
        const peers = await flood(device.frontends[0]!, 20, [Buffer.from('nonsense')]);
        for (const { socket } of peers) socket.close();
      }
      await world.load.more(200);
    });
    expect(lines).to.be.at.most(MOST_LINES);
    await unaffected(world);
  });

  const follow = (name: string) =>
    encodeMessage({ kind: 'follow', role: 'worker', name, edition: 0, progress: undefined });
  const control: readonly Buffer[] = [
    follow('x'),
    encodeMessage({ kind: 'acknowledge', edition: 1 }),
    encodeMessage({ kind: 'beat' }),
  ];

  const floodsOfControl: readonly (readonly [what: string, messages: () => readonly Buffer[]])[] = [
    ['send garbage', () => nonsense(CONTROL_WIRE_VERSION, control, 5_000)],
    ['say again and again that they follow', () => new Array<Buffer>(10_000).fill(follow('again'))],
    ['send nothing but beats', () => new Array<Buffer>(20_000).fill(control[2]!)],
    ['speak version 99', () => new Array<Buffer>(5_000).fill(pack([99, { kind: 'beat' }]))],
  ];

  for (const [what, messages] of floodsOfControl) {
    it(`that ${what} to control keep it from nothing`, async () => {
      const world = await served();
      const { cutover, device, api, load } = world;
      const newer = await httpContainer(stage, counting({ name: 'b' }).listener);
      const { grown, lines } = await cost(
        { process: cutover, pid: world.pidOf('control') },
        async () => {
          await flood(device.control, 8, messages());
          await api.deploy('2.0', newer);
          await load.until(({ byServer }) => (byServer.get('b') ?? 0) > 50);
        },
      );
      expect(lines).to.be.at.most(MOST_LINES);
      expect(grown).to.be.lessThan(150 * MiB);
      expect(await api.states()).to.deep.equal(['2.0 running', '1.0 complete']);
      expect(cutover.all('role-ended')).to.deep.equal([]);
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
    });
  }

  const floodsOfWorkers: readonly (readonly [what: string, messages: () => readonly Buffer[]])[] = [
    ['sends garbage', () => nonsense(WIRE_VERSION, packed(fromFrontend), 5_000)],
    ['welcomes again and again', () => repeated([kinds.welcome, 'x', 1000, false])],
    ['asks again and again who is there', () => repeated([kinds.stranger])],
    ['speaks of exchanges that it does not have', () => every(fromFrontend)],
    ['sends tables that are none', () => repeated([kinds.table, Buffer.from('nonsense')])],
    [
      'speaks in order and nonsense in turn',
      () => every(fromFrontend).flatMap(each => [each, Buffer.from('nonsense')]),
    ],
  ];
  const repeated = (envelope: Envelope) => new Array<Buffer>(10_000).fill(encode([envelope]));
  const every = (envelopes: readonly Envelope[]) => {
    const all = packed(envelopes);
    return Array.from({ length: 10_000 }, (_, at) => all[at % all.length]!);
  };

  for (const [what, messages] of floodsOfWorkers) {
    it(`a frontend that ${what} costs the worker nothing that its other frontend would feel`, async () => {
      const { listener, times } = counting({ name: 'a' });
      const home = await homeFor(stage, {});
      const frontends = [`ipc://${home.folder}/d`, `ipc://${home.folder}/fake`];
      const servers = [await httpContainer(stage, listener)];
      await home.write(configFor(servers, { device: { frontends, heartbeat: 0.2, silence: 3 } }));
      const { port } = await frontend(stage, home, '--device', frontends[0]!);
      const fake = await RawHost.bind(stage, frontends[1]!);
      const flooded = new CutoverProcess(stage, ['worker', '-c', home.file], home);
      await flooded.logged('frontend-joined');
      const load = Load.start(stage, { port, clients: 4 });
      await load.more(50);

      const [peer] = await fake.peers(1);
      const { grown, lines } = await cost({ process: flooded, pid: flooded.pid }, async () => {
        await fake.send(peer!, ...messages());
        await load.more(500);
      });
      expect(lines).to.be.at.most(MOST_LINES);
      expect(grown).to.be.lessThan(150 * MiB);
      await load.more(50);
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
      expect(Math.max(...times.values())).to.equal(1);
    });
  }

  it('a control that sends garbage, and old tables, keeps nobody from being served', async () => {
    const { listener } = counting({ name: 'a' });
    const home = await homeFor(stage, {});
    const device = {
      frontends: [`ipc://${home.folder}/d`],
      control: `ipc://${home.folder}/fake`,
      heartbeat: 0.2,
      silence: 3,
    };
    const servers = [await httpContainer(stage, listener)];
    await home.write(configFor(servers, { device, registry: { file: `${home.folder}/r` } }));
    const fake = await RawHost.bind(stage, device.control);
    const { cutover, port } = await frontend(stage, home);
    const flooded = await worker(stage, home);
    const load = Load.start(stage, { port, clients: 4 });
    await load.more(50);
    const peers = await fake.peers(2);
    const stranger = encodeMessage({ kind: 'stranger' });
    const beat = encodeMessage({ kind: 'beat' });
    const messages = nonsense(CONTROL_WIRE_VERSION, [stranger, beat], 5_000);
    const told = (async () => {
      for (const peer of peers) await fake.send(peer, ...messages);
    })();
    const costs = await Promise.all(
      [cutover, flooded].map(process =>
        cost({ process, pid: process.pid }, async () => {
          await eventually('it was heard', () => process.all('announcement-refused').length > 0);
          await load.more(500);
        }),
      ),
    );
    await told;
    for (const { grown, lines } of costs) {
      expect(lines).to.be.at.most(MOST_LINES);
      expect(grown).to.be.lessThan(150 * MiB);
    }
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
  });
});
