import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { Packr } from 'msgpackr/pack';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import { bindDevice, type DeviceRouter } from '../../../src/sockets/device.js';
import { decodeFromWorker, encode } from '../../../src/wire/batch.js';
import { kinds, type FromFrontend, type FromWorker } from '../../../src/wire/envelope.js';
import type { RouterFrames } from '../../../src/wire/frames.js';
import { FrontendLink } from '../../../workers/frontend-link.js';
import { stageForEach, type Stage } from '../../support/stage.js';
import { within } from '../../support/within.js';
import { FakeClock } from '../support-clock.js';

const id = exchangeId(7);
const terms = { window: 500, accounts: true };
const welcome: FromFrontend = [kinds.welcome, 'frontend', 500, true];
const asks: FromFrontend = [kinds.request, id, 'GET', 'GET / ...', false, Buffer.alloc(0), false];

/** A frontend's end of the device, spoken by the test: who came or went, and what was said. */
class Frontend {
  readonly device: DeviceRouter;
  readonly #arriving: AsyncIterator<RouterFrames>;
  readonly #present = new Set<string>();
  #peer: Buffer = Buffer.alloc(0);

  private constructor(device: DeviceRouter) {
    this.device = device;
    this.#arriving = device[Symbol.asyncIterator]();
  }

  static async bind(stage: Stage, address: string): Promise<Frontend> {
    const frontend = new Frontend(await bindDevice(address));
    stage.atEnd(() => frontend.device.close());
    return frontend;
  }

  /** What is said next, or that somebody comes or goes. */
  async heard(): Promise<readonly FromWorker[] | 'comes' | 'goes'> {
    const arriving = this.#arriving.next() as Promise<{ value: RouterFrames }>;
    const [peer, packed] = (await within(5000, 'the worker speaks', arriving)).value;
    if (packed.length > 0) return decodeFromWorker(packed);
    if (this.#present.delete(peer.toString('hex'))) return 'goes';
    this.#present.add(peer.toString('hex'));
    this.#peer = peer;
    return 'comes';
  }

  async says(...batch: FromFrontend[]): Promise<void> {
    await this.device.send(this.#peer, encode(batch));
  }

  async sends(packed: Buffer): Promise<void> {
    await this.device.send(this.#peer, packed);
  }

  /** Comes, is asked who it is, says hello, is welcomed. */
  async join(): Promise<void> {
    while ((await this.heard()) !== 'comes'); // its predecessor may go before or behind it
    await this.says([kinds.stranger]);
    let hello = await this.heard();
    if (hello === 'goes') hello = await this.heard();
    expect(hello).to.deep.equal([[kinds.hello, 'worker-1', 300, 'host-1', 'a']]);
    await this.says(welcome);
  }
}

describe('FrontendLink', () => {
  const stage = stageForEach();
  let clock: FakeClock;
  let events: CutoverEvent[];
  let happenings: EventEmitter;
  let address: string;
  let link: FrontendLink;

  beforeEach(async () => {
    clock = new FakeClock();
    events = [];
    happenings = new EventEmitter();
    address = `ipc://${await stage.folder()}/device`;
  });

  const types = () => events.map(({ type }) => type);

  function start(): void {
    link = new FrontendLink(
      {
        address,
        name: 'worker-1',
        place: { host: 'host-1', zone: 'a' },
        window: 300,
        heartbeat: 1000,
        silence: 5000,
        clock,
        report: event => events.push(event),
      },
      {
        request: ([, exchange], given) => happenings.emit('request', exchange, given),
        said: ([kind]) => happenings.emit('said', kind),
        table: packed => happenings.emit('table', Buffer.from(packed).toString()),
        lost: () => happenings.emit('lost'),
        joined: () => happenings.emit('joined'),
      },
    );
    const running = link.run();
    stage.atEnd(async () => {
      link.close();
      await within(5000, 'the link has ended', running);
    });
  }

  const happens = (what: string) => within(5000, what, once(happenings, what));

  async function joinedTo(frontend: Frontend): Promise<void> {
    const joined = happens('joined');
    await frontend.join();
    await joined;
  }

  it('says hello to who asks, and serves once it is welcome', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    expect([link.isJoined, link.isOpen]).to.deep.equal([false, false]);
    await joinedTo(frontend);
    expect([link.isJoined, link.isOpen]).to.deep.equal([true, true]);
    const [request, said] = [happens('request'), happens('said')];
    await frontend.says([kinds.beat], asks, [kinds.cancel, id]);
    expect(await request).to.deep.equal([7, terms]);
    expect(await said).to.deep.equal([kinds.cancel]);
    link.push([kinds.failure, id, 'ERR_SERVER_RESET', '', null]);
    expect(await frontend.heard()).to.deep.equal([
      [kinds.failure, id, 'ERR_SERVER_RESET', '', null],
    ]);
    expect(events).to.deep.equal([{ type: 'frontend-joined', frontend: address }]);
  });

  it('hands on the table behind the welcome, and each that follows, before what comes behind it', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    const heard: unknown[] = [];
    happenings.on('joined', () => heard.push('joined'));
    happenings.on('table', table => heard.push(table));
    happenings.on('said', () => heard.push('cancel'));
    await joinedTo(frontend);
    const request = happens('request');
    await frontend.says(
      [kinds.table, Buffer.from('first')],
      [kinds.cancel, id],
      [kinds.table, Buffer.from('second')],
      asks,
    );
    await request;
    expect(heard).to.deep.equal(['joined', 'first', 'cancel', 'second']);
  });

  it('asks for a request again, and hands it on as often as it comes', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    await joinedTo(frontend);
    for (let time = 0; time < 2; time++) {
      const request = happens('request');
      await frontend.says(asks);
      expect(await request).to.deep.equal([7, terms]);
      link.push([kinds.again, id]);
      expect(await frontend.heard()).to.deep.equal([[kinds.again, id]]);
    }
  });

  it('waits for a frontend that comes later', async () => {
    start();
    await joinedTo(await Frontend.bind(stage, address));
  });

  it('takes all that it had as void when it is not known any more, and begins anew', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    await joinedTo(frontend);
    const lost = happens('lost');
    await frontend.says([kinds.stranger], asks);
    await lost;
    expect(await frontend.heard()).to.deep.equal([[kinds.hello, 'worker-1', 300, 'host-1', 'a']]);
    expect(link.isJoined).to.equal(false);
    const request = happens('request'); // that of the past is not served
    await frontend.says(welcome, [
      kinds.request,
      exchangeId(8),
      'GET',
      '',
      false,
      Buffer.alloc(0),
      false,
    ]);
    expect(await request).to.deep.equal([8, terms]);
    expect(types()).to.deep.equal(['frontend-joined', 'frontend-lost', 'frontend-joined']);
  });

  it('shows that it is alive, while somebody knows it', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    link.sweep(clock.now());
    await joinedTo(frontend);
    clock.advance(1000);
    link.sweep(clock.now());
    link.sweep(clock.now());
    expect(await frontend.heard()).to.deep.equal([[kinds.beat]], 'one, and nothing before it');
    clock.advance(1000);
    link.sweep(clock.now());
    expect(await frontend.heard()).to.deep.equal([[kinds.beat]]);
  });

  it('gives up a frontend that is silent, and connects anew', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    await joinedTo(frontend);
    for (const ms of [2500, 2500]) {
      clock.advance(ms);
      link.sweep(clock.now());
      expect(await frontend.heard()).to.deep.equal([[kinds.beat]]);
    }
    const lost = happens('lost');
    clock.advance(1);
    link.sweep(clock.now());
    await lost;
    expect(events.at(-1)).to.deep.include({ type: 'frontend-lost', because: 'it was silent' });
    await joinedTo(frontend);
  });

  it('takes what waited for it while it hung itself as void', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    await joinedTo(frontend);
    const lost = happens('lost');
    let served = 0;
    happenings.on('request', () => (served += 1));
    clock.advance(2501); // without a sweep: half of the time, and the frontend may have given us up
    await frontend.says(asks);
    await lost;
    await joinedTo(frontend);
    expect(served).to.equal(0);
  });

  it('refuses another version: reported once, answered once, and well again afterwards', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    await joinedTo(frontend);
    const lost = happens('lost');
    const theirs = Buffer.from(new Packr().pack([99, []]));
    await frontend.sends(theirs);
    await frontend.sends(theirs);
    await lost;
    expect(await frontend.heard()).to.deep.equal([[kinds.hello, 'worker-1', 300, 'host-1', 'a']]);
    const refusals = events.filter(({ type }) => type === 'peer-refused');
    expect(refusals).to.have.length(1);
    expect(refusals[0]).to.have.property('because').that.includes('version 99');
    const joined = happens('joined');
    await frontend.says(welcome);
    await joined;
    expect(events.filter(({ type }) => type === 'peer-refused')).to.have.length(1);
  });

  describe('when it leaves', () => {
    it('says goodbye, finishes, and is done at the farewell', async () => {
      const frontend = await Frontend.bind(stage, address);
      start();
      await joinedTo(frontend);
      link.leave();
      link.leave();
      expect(await frontend.heard()).to.deep.equal([[kinds.goodbye]]);
      expect(link.isOpen).to.equal(true, 'a request may be on its way');
      const said = happens('said');
      await frontend.says([kinds.farewell], [kinds.cancel, id]);
      await said;
      expect([link.isJoined, link.isOpen]).to.deep.equal([true, false]);
    });

    it('sends what it said last', async () => {
      const frontend = await Frontend.bind(stage, address);
      start();
      await joinedTo(frontend);
      link.push([kinds.credit, id, 5]);
      link.close();
      expect(await frontend.heard()).to.deep.equal([[kinds.credit, id, 5]]);
      expect(await frontend.heard()).to.equal('goes');
    });

    it('says goodbye also when it was welcomed too late', async () => {
      const frontend = await Frontend.bind(stage, address);
      start();
      expect(await frontend.heard()).to.equal('comes');
      await frontend.says([kinds.stranger]);
      expect(await frontend.heard()).to.have.length(1);
      link.leave();
      await frontend.says(welcome);
      expect(await frontend.heard()).to.deep.equal([[kinds.goodbye]]);
    });

    it('does not say hello any more to somebody new', async () => {
      start();
      link.leave();
      expect(link.isOpen).to.equal(false);
      const frontend = await Frontend.bind(stage, address);
      expect(await frontend.heard()).to.equal('comes');
      const lost = happens('lost');
      await frontend.says([kinds.stranger]);
      await lost;
      link.push([kinds.beat]);
      expect(await frontend.heard()).to.deep.equal([[kinds.beat]], 'nothing before it');
    });
  });

  it('hears that its frontend stops, and waits for it or its successor', async () => {
    const frontend = await Frontend.bind(stage, address);
    start();
    await joinedTo(frontend);
    const lost = happens('lost');
    await frontend.says([kinds.farewell]);
    await lost;
    expect(link.isJoined).to.equal(false);
    expect(types()).to.deep.equal(['frontend-joined', 'frontend-left']);
    const joined = happens('joined');
    await frontend.says([kinds.stranger]);
    expect(await frontend.heard()).to.deep.equal([[kinds.hello, 'worker-1', 300, 'host-1', 'a']]);
    await frontend.says(welcome);
    await joined;
    expect(link.isOpen).to.equal(true);
  });
});
