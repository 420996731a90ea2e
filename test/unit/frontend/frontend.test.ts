/** The frontend process with real sockets; control and the worker are spoken by the test. */
import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { parseConfig } from '../../../src/config/config.js';
import { startFrontend } from '../../../src/frontend/frontend.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { Role } from '../../../src/kernel/role.js';
import { bindDevice, connectDevice, type DeviceRouter } from '../../../src/sockets/device.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import { decodeFromFrontend, encode } from '../../../src/wire/batch.js';
import {
  decodeFromControl,
  decodeFromFollower,
  encodeMessage,
  type FromControl,
  type FromFollower,
  type TableMessage,
} from '../../../src/wire/control-message.js';
import { kinds, type FromFrontend, type FromWorker } from '../../../src/wire/envelope.js';
import type { DealerFrames, RouterFrames } from '../../../src/wire/frames.js';
import { RawClient } from '../../support/raw-client.js';
import { stageForEach, type Stage } from '../../support/stage.js';
import { within } from '../../support/within.js';
import { answer, inWords } from './stand.js';

function tableOf(edition: number): TableMessage {
  const table = firstTable({
    id: versionId('first'),
    number: '1.0',
    servers: [{ host: '127.0.0.1', port: 1 }],
    transition: { mode: 'INSTANT' },
  });
  return { kind: 'table', table: { ...table, edition }, keys: ['a'.repeat(43)] };
}

/** What comes in order from somewhere, one by one. */
async function next<Frames>(arriving: AsyncIterator<Frames>): Promise<Frames> {
  const { value } = (await within(5000, 'something is said', arriving.next())) as { value: Frames };
  return value;
}

/** Control's end of its link to one frontend. */
class Control {
  readonly #router: DeviceRouter;
  readonly #arriving: AsyncIterator<RouterFrames>;
  #peer: Buffer = Buffer.alloc(0);

  private constructor(router: DeviceRouter) {
    this.#router = router;
    this.#arriving = router[Symbol.asyncIterator]();
  }

  static async bind(stage: Stage, address: string): Promise<Control> {
    const control = new Control(await bindDevice(address));
    stage.atEnd(() => control.die());
    return control;
  }

  /** What it says next, but for this; undefined: it comes or goes. */
  async hears(...but: readonly FromFollower['kind'][]): Promise<FromFollower | undefined> {
    for (;;) {
      const [peer, packed] = await next(this.#arriving);
      this.#peer = peer;
      if (packed.length === 0) return undefined;
      const message = decodeFromFollower(packed);
      if (!but.includes(message.kind)) return message;
    }
  }

  /** What it says next, but for what it says again and again. */
  heard(): Promise<FromFollower | undefined> {
    return this.hears('beat', 'measures');
  }

  async says(message: FromControl): Promise<void> {
    await this.#router.send(this.#peer, encodeMessage(message));
  }

  /** Follows, takes the table, acknowledges it. */
  async giveFirst(message: TableMessage): Promise<FromFollower | undefined> {
    expect(await this.heard()).to.equal(undefined, 'it comes');
    await this.says({ kind: 'stranger' });
    const follow = await this.heard();
    await this.give(message);
    return follow;
  }

  async give(message: TableMessage): Promise<void> {
    await this.says(message);
    const { edition } = message.table;
    expect(await this.heard()).to.deep.equal({ kind: 'acknowledge', edition });
  }

  die(): void {
    this.#router.close();
  }
}

/** A worker's end of the device. */
class Worker {
  readonly #dealer;
  readonly #arriving: AsyncIterator<DealerFrames>;
  #heard: FromFrontend[] = [];

  private constructor(stage: Stage, address: string) {
    this.#dealer = connectDevice(address);
    this.#arriving = this.#dealer[Symbol.asyncIterator]();
    stage.atEnd(() => this.#dealer.close());
  }

  static async join(stage: Stage, address: string): Promise<Worker> {
    const worker = new Worker(stage, address);
    expect(await worker.heard()).to.deep.equal([kinds.stranger]);
    await worker.says([kinds.hello, 'worker', 1000, '', '']);
    expect((await worker.heard())[0]).to.equal(kinds.welcome);
    return worker;
  }

  /** What it is told next but beats. */
  async heard(): Promise<FromFrontend> {
    for (;;) {
      const envelope = this.#heard.shift();
      if (envelope === undefined) {
        const [packed] = await next(this.#arriving);
        this.#heard = [...decodeFromFrontend(packed)];
      } else if (envelope[0] !== kinds.beat) return envelope;
    }
  }

  async table(): Promise<unknown> {
    const envelope = await this.heard();
    expect(envelope[0]).to.equal(kinds.table);
    return decodeFromControl(envelope[1] as Uint8Array);
  }

  async says(...batch: FromWorker[]): Promise<void> {
    await this.#dealer.send(encode(batch));
  }
}

describe('the frontend', () => {
  const stage = stageForEach();
  let folder: string;
  let device: string;
  let happenings: EventEmitter;

  beforeEach(async () => {
    folder = await stage.folder();
    device = `ipc://${folder}/device`;
    happenings = new EventEmitter();
  });

  async function start(more: { control?: readonly string[]; name?: string } = {}) {
    const parsed = parseConfig({
      proxy: { ip: '127.0.0.1', port: 0 },
      cluster: { servers: [{ ip: '127.0.0.1', port: 1 }] },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const listening = once(happenings, 'frontend-listening');
    const role: Role = await startFrontend({
      config: parsed.config,
      device,
      descriptors: {},
      clock: systemClock,
      report: event => happenings.emit(event.type, event),
      ...more,
    });
    stage.atEnd(() => role.stop());
    const [{ address }] = (await listening) as [
      Extract<CutoverEvent, { type: 'frontend-listening' }>,
    ];
    return { role, port: Number(address.split(':').at(-1)) };
  }

  describe('with control', () => {
    let control: Control;
    let address: string;

    beforeEach(async () => {
      address = `ipc://${folder}/control`;
      control = await Control.bind(stage, address);
    });

    it('follows it as a frontend, by its name', async () => {
      await start({ control: [address], name: 'frontend-3' });
      expect(await control.giveFirst(tableOf(1))).to.deep.include({
        kind: 'follow',
        role: 'frontend',
        name: 'frontend-3',
        edition: 0,
      });
    });

    it('gives the last table and the keys to a worker that comes while control is down', async () => {
      await start({ control: [address] });
      await control.giveFirst(tableOf(1));
      await control.give(tableOf(7));
      control.die();
      const worker = await Worker.join(stage, device);
      expect(await worker.table()).to.deep.equal(tableOf(7));
    });

    it('gives newer ones to workers that are there, before what is asked of them later', async () => {
      const { port } = await start({ control: [address] });
      const worker = await Worker.join(stage, device);
      await control.giveFirst(tableOf(1));
      await control.give(tableOf(2));
      const rotated = { ...tableOf(2), keys: ['b'.repeat(43), 'a'.repeat(43)] };
      await control.give(rotated);
      const client = await RawClient.connect(stage, { port });
      await client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
      expect(await worker.table()).to.deep.equal(tableOf(1));
      expect(await worker.table()).to.deep.equal(tableOf(2));
      expect(await worker.table()).to.deep.equal(rotated, 'keys change under one edition');
      expect((await worker.heard())[0]).to.equal(kinds.request);
    });

    it('shows it that it is alive', async () => {
      await start({ control: [address] });
      await control.giveFirst(tableOf(1));
      expect(await control.hears('measures')).to.deep.equal({ kind: 'beat' });
    });

    it('measures itself and what it serves, also in its last moment', async () => {
      const { role, port } = await start({ control: [address] });
      await control.giveFirst(tableOf(1));
      const worker = await Worker.join(stage, device);
      expect(await worker.table()).to.deep.equal(tableOf(1));
      const client = await RawClient.connect(stage, { port });
      await client.send('nonsense\r\n\r\n');
      await client.until('400');
      await within(5000, 'it has stopped', role.stop());
      const refusals: number[] = [];
      for (;;) {
        const message = await control.hears('beat');
        if (message?.kind !== 'measures') break;
        const { process, work } = message.measures;
        expect(process.memory).to.be.above(1_000_000);
        expect(work.role === 'frontend' && work.workers.length).to.equal(1);
        refusals.push(work.role === 'frontend' ? (work.refusals.ERR_HEAD_MALFORMED ?? 0) : NaN);
      }
      expect(refusals.reduce((a, b) => a + b)).to.equal(1);
    });

    it('leaves it when it stops', async () => {
      const { role } = await start({ control: [address] });
      await control.giveFirst(tableOf(1));
      const heard = control.heard();
      await within(5000, 'it has stopped', role.stop());
      expect(await heard).to.equal(undefined, 'it goes');
    });

    it('serves before control has been there', async () => {
      control.die();
      const { port } = await start({ control: [`${address}-later`] });
      const worker = await Worker.join(stage, device);
      const client = await RawClient.connect(stage, { port });
      await client.send('GET / HTTP/1.1\r\nHost: app\r\n\r\n');
      const [kind] = await worker.heard();
      expect(kind).to.equal(kinds.request, 'and no table before it');
      const late = await Control.bind(stage, `${address}-later`);
      await late.giveFirst(tableOf(3));
      expect(await worker.table()).to.deep.equal(tableOf(3));
    });
  });

  it('sends a request again to the worker that asks for it, and passes on its answer', async () => {
    const { port } = await start();
    const worker = await Worker.join(stage, device);
    const client = await RawClient.connect(stage, { port });
    await client.send('PUT / HTTP/1.1\r\nHost: app\r\nContent-Length: 7\r\n\r\npayload');
    const request = await worker.heard();
    if (request[0] !== kinds.request) throw new Error(inWords(request));
    await worker.says([kinds.again, request[1]]);
    expect(await worker.heard()).to.deep.equal(request);
    await worker.says(answer(request[1], { fields: 'Content-Length: 0\r\n' }), [
      kinds.again,
      request[1],
    ]);
    expect(await client.answer()).to.deep.include({ body: Buffer.alloc(0) });
    // What was asked for again after the answer is over: the next thing that the worker hears is new.
    await client.send('GET /next HTTP/1.1\r\nHost: app\r\n\r\n');
    const following = await worker.heard();
    expect([following[0], following[1] !== request[1]]).to.deep.equal([kinds.request, true]);
  });
});
