import { expect } from 'chai';
import { connect } from 'node:net';
import { once } from 'node:events';
import { Dealer, Router } from 'zeromq';
import { FakeClock } from '../support-clock.js';
import { tcpPlace } from '../../../src/config/address.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { newKeyPair, type KeyPair } from '../../../src/security/key-pair.js';
import { bindDevice, connectDevice, type DeviceRouter } from '../../../src/sockets/device.js';
import { doorkeeper } from '../../../src/sockets/doorkeeper.js';
import { mechanismAt, mechanismIn } from '../../../src/sockets/greeting.js';
import { probe } from '../../../src/sockets/probe.js';
import { Redial } from '../../../src/sockets/redial.js';
import type { RouterFrames } from '../../../src/wire/frames.js';
import { freePort } from '../../support/scripted-container.js';
import { stageForEach } from '../../support/stage.js';
import { eventually, within } from '../../support/within.js';

describe('a device with keys', () => {
  const stage = stageForEach();
  const server = newKeyPair();
  const client = newKeyPair();
  let events: CutoverEvent[];
  beforeEach(() => (events = []));

  async function bound(...believed: readonly string[]): Promise<DeviceRouter> {
    const credentials = { own: server, believed };
    const report = (event: CutoverEvent) => events.push(event);
    const router = await bindDevice('tcp://127.0.0.1:*', {
      credentials,
      now: () => 0,
      report,
    });
    stage.atEnd(() => router.close());
    return router;
  }

  function connected({ address }: DeviceRouter, own?: KeyPair, key = server.publicKey) {
    const dealer = connectDevice(address, own && { own, server: key });
    stage.atEnd(() => dealer.close());
    return dealer;
  }

  const comes = async (router: DeviceRouter) => {
    const next = router[Symbol.asyncIterator]().next() as Promise<{ value: RouterFrames }>;
    return (await within(10_000, 'somebody is let in', next)).value;
  };

  const refusals = () => events.filter(({ type }) => type === 'key-refused');

  it('lets in whose key is believed, and carries what both say', async () => {
    const router = await bound(client.publicKey);
    const dealer = connected(router, client);
    const [id, hello] = await comes(router);
    expect(hello).to.have.lengthOf(0);
    await router.send(id, Buffer.from('who?'));
    const heard = await within(5000, 'it hears', dealer[Symbol.asyncIterator]().next());
    expect(String(heard.value)).to.equal('who?');
    await dealer.send(Buffer.from('me'));
    const [, said] = await comes(router);
    expect(String(said)).to.equal('me');
    expect(events).to.deep.equal([]);
  });

  it('shows nothing of what is said to who listens on the wire', async () => {
    const router = await bound(client.publicKey);
    const { host, port } = tcpPlace(router.address) ?? { host: '', port: 0 };
    const { createServer } = await import('node:net');
    let seen = '';
    const tap = createServer(incoming => {
      const outgoing = connect({ host, port });
      for (const [from, to] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        from.on('data', (piece: Buffer) => (seen += piece.toString('latin1')));
        from.pipe(to).on('error', () => undefined);
      }
    }).listen(0, '127.0.0.1');
    await once(tap, 'listening');
    stage.atEnd(() => tap.close());
    const place = tap.address();
    const through = typeof place === 'object' ? `tcp://127.0.0.1:${place?.port}` : '';
    const dealer = connectDevice(through, { own: client, server: server.publicKey });
    stage.atEnd(() => dealer.close());
    const [id] = await comes(router);
    await dealer.send(Buffer.from('a marked secret of the worker'));
    await comes(router);
    await router.send(id, Buffer.from('a marked secret of the frontend'));
    await within(5000, 'it hears', dealer[Symbol.asyncIterator]().next());
    expect(seen).to.include('CURVE').and.not.include('marked');
  });

  it('turns an unknown key away, and says so once, with the key and where it came from', async () => {
    const router = await bound(client.publicKey);
    const stranger = newKeyPair();
    for (let n = 0; n < 3; n += 1) {
      await connected(router, stranger).send(Buffer.from('let me in'));
    }
    await eventually('it is told of', () => refusals().length > 0);
    connected(router, client);
    await comes(router); // nothing of the stranger came before it
    expect(refusals()).to.deep.equal([
      {
        type: 'key-refused',
        link: 'tcp://127.0.0.1:*',
        key: stranger.publicKey,
        from: '127.0.0.1',
        untold: 0,
      },
    ]);
  });

  it('lets nobody in without a key, nor with its own name for the key of the server', async () => {
    const router = await bound(client.publicKey);
    await connected(router).send(Buffer.from('plain'));
    const wrong = connected(router, client, newKeyPair().publicKey);
    await wrong.send(Buffer.from('to another'));
    const plain = new Dealer({ linger: 0, plainUsername: 'u', plainPassword: 'p' });
    stage.atEnd(() => plain.close());
    plain.connect(router.address);
    await plain.send('by password');
    connected(router, client);
    const [, first] = await comes(router);
    expect(first).to.have.lengthOf(0); // the hello of the one that has a key
    const second = router[Symbol.asyncIterator]().next();
    connected(router, client);
    expect((await within(5000, 'another hello', second)).value).to.have.nested.property(
      '[1].length',
      0,
    );
    expect(refusals()).to.deep.equal([]); // libzmq asks nobody about these
  });

  it('goes on after garbage', async () => {
    const router = await bound(client.publicKey);
    const place = tcpPlace(router.address) ?? { host: '', port: 0 };
    for (const piece of [
      'GET / HTTP/1.1\r\n\r\n',
      '\xff'.repeat(500),
      '\xff\0\0\0\0\0\0\0\x01\x7f\x03',
    ]) {
      const socket = connect(place);
      stage.atEnd(() => socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(Buffer.from(piece, 'latin1'));
    }
    connected(router, client);
    expect((await comes(router))[1]).to.have.lengthOf(0);
  });

  it('lets nobody in when the doorkeeper is gone', async () => {
    const believed = [client.publicKey];
    const asked: unknown[] = [];
    const failed = (cause: unknown) => asked.push(cause);
    const options = { own: server, believed, failed, turnedAway: failed };
    const [leaving, staying] = [await doorkeeper(options), await doorkeeper(options)];
    stage.atEnd(() => staying.close());
    leaving.close();
    const firsts: string[] = [];
    for (const { guarded } of [leaving, staying]) {
      const router = new Router({ ...guarded, linger: 0 });
      stage.atEnd(() => router.close());
      await router.bind('tcp://127.0.0.1:*');
      const dealer = connectDevice(router.lastEndpoint ?? '', {
        own: client,
        server: server.publicKey,
      });
      stage.atEnd(() => dealer.close());
      await dealer.send(Buffer.from('hello'));
      const said = router.receive().then(
        ([, text]) => firsts.push(String(text)),
        () => undefined,
      );
      // The one that is guarded speaks later, and is heard first.
      if (guarded === staying.guarded) await within(5000, 'the believed one is heard', said);
    }
    expect(firsts).to.deep.equal(['hello']);
    expect(asked).to.deep.equal([]);
  });

  it('believes several keys', async () => {
    const other = newKeyPair();
    const router = await bound(client.publicKey, other.publicKey);
    connected(router, other);
    await comes(router);
    connected(router, client);
    await comes(router);
    expect(refusals()).to.deep.equal([]);
  });

  it('needs none over ipc://, where the folder is the guard', async () => {
    const address = `ipc://${await stage.folder()}/device`;
    const guard = { credentials: { own: server, believed: [client.publicKey] }, now: () => 0 };
    const router = await bindDevice(address, { ...guard, report: event => events.push(event) });
    stage.atEnd(() => router.close());
    connected(router, client, newKeyPair().publicKey);
    expect((await comes(router))[1]).to.have.lengthOf(0);
  });

  it('can be bound, closed and bound again at the same address', async () => {
    const { ip: host, port } = await freePort();
    for (let n = 0; n < 3; n += 1) {
      const guard = { credentials: { own: server, believed: [client.publicKey] }, now: () => 0 };
      const address = `tcp://${host}:${port}`;
      const router = await bindDevice(address, { ...guard, report: event => events.push(event) });
      const dealer = connected(router, client);
      await comes(router);
      dealer.close();
      router.close();
      // libzmq lets the address go in its own thread, a moment later.
      await eventually('the address is free', async () => {
        const answer = await probe({ host, port }, 1000);
        return answer !== 'listens' && answer !== 'silent';
      });
    }
  });

  describe('the greeting', () => {
    it('tells whether it wants keys', async () => {
      const router = await bound(client.publicKey);
      const open = await bindDevice('tcp://127.0.0.1:*');
      stage.atEnd(() => open.close());
      const mechanismOf = ({ address }: DeviceRouter) =>
        mechanismAt(tcpPlace(address) ?? { host: '', port: 0 }, 5000);
      expect([await mechanismOf(router), await mechanismOf(open)]).to.deep.equal(['CURVE', 'NULL']);
    });

    it('is nothing where nobody listens, or somebody else', async () => {
      const { ip: host, port } = await freePort();
      expect(await mechanismAt({ host, port }, 5000)).to.equal(undefined);
      for (const bytes of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n', '\xff'.repeat(64)]) {
        expect(mechanismIn(Buffer.from(bytes, 'latin1'))).to.equal(undefined);
      }
    });
  });

  describe('dialled again and again', () => {
    const clock = new FakeClock();
    const redial = (address: string, own: KeyPair | undefined, ...believed: readonly string[]) =>
      new Redial({
        address,
        credentials: own && { own, believed },
        silence: 5000,
        report: event => events.push(event),
      });

    it('finds the right one of several keys, and stays with it', async () => {
      const router = await bound(client.publicKey);
      const [wrong, alsoWrong] = [newKeyPair().publicKey, newKeyPair().publicKey];
      const dialling = redial(router.address, client, wrong, server.publicKey, alsoWrong);
      const first = dialling.connect(clock.now());
      expect(dialling.isInVain(clock.now() + 500)).to.equal(false);
      expect(dialling.isInVain(clock.now() + 501)).to.equal(true);
      first.close();
      for (let n = 0; n < 2; n += 1) {
        const dealer = dialling.connect(clock.now());
        const [id] = await comes(router);
        await router.send(id, Buffer.from('who?'));
        await within(5000, 'it hears', dealer[Symbol.asyncIterator]().next());
        dialling.heard();
        expect(dialling.isInVain(clock.now() + 60_000)).to.equal(false);
        dealer.close();
        await comes(router); // it goes
      }
    });

    it('takes longer with every round, and never longer than for one key', () => {
      const keys = [newKeyPair().publicKey, newKeyPair().publicKey];
      const dialling = redial('tcp://127.0.0.1:1', client, ...keys);
      const waits = Array.from({ length: 40 }, () => {
        dialling.connect(0).close();
        const wait = [500, 1000, 2000, 4000, 5000].find(each => dialling.isInVain(each + 1));
        return wait;
      });
      expect(waits.slice(0, 9)).to.deep.equal([500, 500, 1000, 1000, 2000, 2000, 4000, 4000, 5000]);
      expect(waits.at(-1)).to.equal(5000);
    });

    /** What it says; the other end may have something to say as well, if the handshake comes so far. */
    const turnedAway = () => events.filter(event => event.type === 'turned-away');

    const told = async (address: string, own: KeyPair | undefined) => {
      const dialling = redial(address, own, server.publicKey);
      for (let n = 0; n < 3; n += 1) {
        dialling.connect(0).close();
        expect(dialling.isInVain(5001)).to.equal(true);
        await eventually('it says why', () => turnedAway().length > 0);
      }
      expect(turnedAway()).to.have.lengthOf(1);
      return turnedAway()[0]!;
    };

    it('says once why nobody talks to it: no key here', async () => {
      const { address } = await bound(client.publicKey);
      const { because } = await told(address, undefined);
      expect(because).to.include('security.key is not set here');
    });

    it('says once why nobody talks to it: no key there', async () => {
      const open = await bindDevice('tcp://127.0.0.1:*');
      stage.atEnd(() => open.close());
      expect((await told(open.address, client)).because).to.include('security.key is set here');
    });

    it('says once why nobody talks to it: a key that is not believed, and which', async () => {
      const { address } = await bound(client.publicKey);
      const stranger = newKeyPair();
      const { because } = await told(address, stranger);
      expect(because).to.include(stranger.publicKey).and.not.include(stranger.secretKey);
    });
  });
});
