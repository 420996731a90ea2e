import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { tcpAddress, mayBeIPv6 } from '../../../src/sockets/addresses.js';
import { bindDevice, connectDevice, type DeviceRouter } from '../../../src/sockets/device.js';
import { Outbox } from '../../../src/sockets/outbox.js';
import { nextPause, patiently } from '../../../src/sockets/patience.js';
import { sendRefusal } from '../../../src/sockets/socket-errors.js';
import { listenForClients, type StreamServer } from '../../../src/sockets/stream-server.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { decodeFromWorker } from '../../../src/wire/batch.js';
import { kinds, type FromWorker } from '../../../src/wire/envelope.js';
import type { RouterFrames, StreamFrames } from '../../../src/wire/frames.js';
import { addressOf, listening } from '../../support/scripted-container.js';
import { stageForEach, type Stage } from '../../support/stage.js';
import { eventually, within } from '../../support/within.js';
import { FakeClock } from '../support-clock.js';
import { refusal, settled } from '../frontend/stand.js';

const thrownBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );

/**
 * Reads all the time, as we do: libzmq finishes the end of a connection only while somebody reads.
 * Gives one frame after the other, each within a deadline.
 */
function reader<Frames>(socket: AsyncIterable<Frames>): () => Promise<Frames> {
  const arrived: Frames[] = [];
  const arrivals = new EventEmitter();
  void (async () => {
    for await (const frames of socket) {
      arrived.push(frames);
      arrivals.emit('arrival');
    }
  })();
  return async () => {
    if (arrived.length === 0) {
      await within(5000, 'something arrives', once(arrivals, 'arrival'));
    }
    return arrived.shift()!;
  };
}

describe('addresses', () => {
  const rows = [
    ['127.0.0.1', 80, 'tcp://127.0.0.1:80', false],
    ['::1', 80, 'tcp://[::1]:80', true],
    ['127.0.0.1', '*', 'tcp://127.0.0.1:*', true],
    ['example.org', 80, 'tcp://example.org:80', false],
  ] as const;
  for (const [host, port, address, isSix] of rows) {
    it(`are written as libzmq wants them: ${address}`, () => {
      expect(tcpAddress(host, port)).to.equal(address);
      expect(mayBeIPv6(address)).to.equal(isSix);
    });
  }
});

describe('sendRefusal', () => {
  const rows = [
    [refusal('EAGAIN'), 'full'],
    [refusal('EHOSTUNREACH'), 'gone'],
    [refusal('EBADF'), 'closed'],
    [refusal('ENOTSOCK'), 'closed'],
    [refusal('ETERM'), 'closed'],
    [refusal('EINVAL'), undefined],
    [new Error('no code'), undefined],
    [Object.assign(new Error('a number'), { code: 11 }), undefined],
    [{ code: 'EAGAIN' }, undefined],
    [undefined, undefined],
  ] as const;
  for (const [cause, word] of rows) {
    it(`is ${word ?? 'none'} for ${cause instanceof Error ? cause.message : JSON.stringify(cause)}`, () => {
      expect(sendRefusal(cause)).to.equal(word);
    });
  }
});

describe('patiently', () => {
  it('waits ever longer, and bounds the pause', () => {
    const pauses: number[] = [];
    for (let pause = nextPause(0); pauses.length < 12; pause = nextPause(pause)) pauses.push(pause);
    expect(pauses.slice(0, 4)).to.deep.equal([1, 2, 4, 8]);
    expect(pauses.at(-1)).to.equal(pauses.at(-2));
  });

  it('tries until it is taken', async () => {
    const clock = new FakeClock();
    let attempts = 0;
    const send = () => {
      attempts += 1;
      return attempts < 4 ? Promise.reject(refusal('EAGAIN')) : Promise.resolve();
    };
    const done = patiently(send, clock, () => false);
    for (const pause of [1, 2, 4]) {
      await settled();
      expect(clock.next).to.equal(pause);
      clock.advance(pause);
    }
    expect(await done).to.equal(true);
    expect(clock.waiting).to.equal(0);
  });

  it('ends when the peer has gone, or nobody wants it any more', async () => {
    const clock = new FakeClock();
    const gone = () => Promise.reject(refusal('EHOSTUNREACH'));
    expect(await patiently(gone, clock, () => false)).to.equal(false);
    let isEnded = false;
    const full = () => Promise.reject(refusal('EAGAIN'));
    const done = patiently(full, clock, () => isEnded);
    await settled();
    isEnded = true;
    clock.advance(1);
    expect(await done).to.equal(false);
    expect(await patiently(full, clock, () => true)).to.equal(false);
  });

  it('passes on what it does not know', async () => {
    const odd = () => Promise.reject(refusal('EINVAL'));
    expect(await thrownBy(patiently(odd, new FakeClock(), () => false))).to.have.property(
      'code',
      'EINVAL',
    );
  });
});

describe('Outbox', () => {
  const beat: FromWorker = [kinds.beat];
  const goodbye: FromWorker = [kinds.goodbye];

  it('sends in one message what gathers during one turn', async () => {
    const sent: number[] = [];
    const outbox = new Outbox<FromWorker>(
      packed => {
        sent.push(decodeFromWorker(packed).length);
        return Promise.resolve();
      },
      () => expect.fail('undelivered'),
    );
    for (let n = 0; n < 3; n++) outbox.push(beat);
    expect(sent).to.deep.equal([]);
    await settled();
    outbox.push(goodbye);
    outbox.flush();
    outbox.flush();
    await settled();
    expect(sent).to.deep.equal([3, 1]);
  });

  it('says what was not delivered, and goes on', async () => {
    const causes: unknown[] = [];
    let attempts = 0;
    const outbox = new Outbox<FromWorker>(
      () => {
        attempts += 1;
        return Promise.reject(refusal(attempts === 1 ? 'EHOSTUNREACH' : 'EBADF'));
      },
      cause => causes.push(cause),
    );
    outbox.push(beat);
    await settled();
    outbox.push(beat);
    await settled();
    expect(causes.map(String)).to.deep.equal(['Error: EHOSTUNREACH', 'Error: EBADF']);
  });
});

describe('STREAM, bound', () => {
  const stage = stageForEach();
  const options = {
    host: '127.0.0.1',
    port: 0,
    backlog: 100,
    writeTimeout: 60_000,
    descriptor: undefined,
  };

  async function listen(): Promise<{ server: StreamServer; next: () => Promise<StreamFrames> }> {
    const server = await listenForClients(options);
    stage.atEnd(() => server.close(0));
    return { server, next: reader(server) };
  }

  async function client(port: number): Promise<Socket> {
    const socket = connectTo({ host: '127.0.0.1', port });
    stage.atEnd(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  it('learns its port, and announces hello and goodbye alike, by the same id', async () => {
    const { server, next } = await listen();
    expect(server.port).to.be.greaterThan(0);
    const socket = await client(server.port);
    const [id, hello] = await next();
    expect([id.length, hello.length]).to.deep.equal([5, 0]);
    socket.write('hello');
    expect((await next()).map(String)).to.deep.equal([String(id), 'hello']);
    socket.end();
    const [sameId, goodbye] = await next();
    expect([sameId.equals(id), goodbye.length]).to.deep.equal([true, 0]);
    // For a moment its pipe takes nothing; then there is none any more.
    await eventually('it has gone', async () => {
      const said = sendRefusal(await thrownBy(server.send(id, Buffer.from('late'))));
      expect(said).to.be.oneOf(['full', 'gone']);
      return said === 'gone';
    });
  });

  it('delivers what was sent before the close, and does not announce our own close', async () => {
    const { server, next } = await listen();
    const socket = await client(server.port);
    const [id] = await next();
    const bytes: Buffer[] = [];
    socket.on('data', (piece: Buffer) => bytes.push(piece));
    await server.send(id, Buffer.from('answer'));
    await server.send(id, Buffer.alloc(0));
    await within(5000, 'the connection ends', once(socket, 'close'));
    expect(Buffer.concat(bytes).toString()).to.equal('answer');
    await client(server.port);
    const [other, hello] = await next();
    expect([other.equals(id), hello.length]).to.deep.equal([false, 0]);
  });

  it('refuses at once what a client does not read, close included, while others go on', async () => {
    const { server, next } = await listen();
    const slow = await client(server.port);
    slow.pause();
    const [slowId] = await next();
    const fast = await client(server.port);
    const [fastId] = await next();
    const piece = Buffer.alloc(65_536);
    // The kernel takes some megabytes more, in its own time: full is what is full twice in a row.
    const isFull = async () => sendRefusal(await thrownBy(server.send(slowId, piece))) === 'full';
    await eventually('its pipe stays full', async () => {
      while (!(await isFull()));
      await new Promise(resume => setTimeout(resume, 50));
      return isFull();
    });
    expect(sendRefusal(await thrownBy(server.send(slowId, Buffer.alloc(0))))).to.equal('full');
    const answer = once(fast, 'data');
    await server.send(fastId, Buffer.from('at once'));
    expect(String((await within(5000, 'the other is served', answer))[0])).to.equal('at once');
  });

  it('takes a port that is taken for what it is', async () => {
    const { server } = await listen();
    const cause = await thrownBy(listenForClients({ ...options, port: server.port }));
    expect(cause).to.be.instanceOf(StartError);
    expect(String(cause)).to.include(String(server.port)).and.include('taken by another process');
  });

  it('takes an address that is not ours for what it is', async () => {
    const cause = await thrownBy(listenForClients({ ...options, host: '192.0.2.1' }));
    expect(String(cause)).to.include('192.0.2.1').and.include('no such address');
  });
});

describe('ROUTER and DEALER', () => {
  const stage = stageForEach();

  async function bound(at: Stage, address: string): Promise<DeviceRouter> {
    const router = await bindDevice(address);
    at.atEnd(() => router.close());
    return router;
  }

  for (const transport of ['ipc', 'tcp'] as const) {
    it(`announce over ${transport} that a worker comes and goes, in order with what it says`, async () => {
      const path = `${await stage.folder()}/device`;
      const router = await bound(
        stage,
        transport === 'ipc' ? `ipc://${path}` : 'tcp://127.0.0.1:*',
      );
      const next = reader<RouterFrames>(router);
      const dealer = connectDevice(router.address);
      stage.atEnd(() => dealer.close());
      const [id, coming] = await next();
      expect(coming).to.have.length(0);
      await dealer.send(Buffer.from('first'));
      await router.send(id, Buffer.from('to you'));
      const [packed] = await reader(dealer)();
      expect(packed.toString()).to.equal('to you');
      await dealer.send(Buffer.from('last'));
      dealer.closeGently();
      expect((await next())[1].toString()).to.equal('first');
      expect((await next())[1].toString()).to.equal('last');
      const [sameId, going] = await next();
      expect([sameId.equals(id), going.length]).to.deep.equal([true, 0]);
      await eventually(
        'nothing can be sent to it',
        async () => sendRefusal(await thrownBy(router.send(id, Buffer.from('late')))) === 'gone',
      );
    });
  }

  it('end their loops when they are closed', async () => {
    const router = await bound(stage, `ipc://${await stage.folder()}/device`);
    const dealer = connectDevice(router.address);
    const heard: number[] = [];
    const reading = (async () => {
      for await (const [, packed] of router) heard.push(packed.length);
    })();
    const listeningTo = (async () => {
      for await (const [packed] of dealer) heard.push(packed.length);
    })();
    await settled();
    dealer.close();
    dealer.closeGently(); // again: nothing happens
    router.close();
    await within(5000, 'both have ended', Promise.all([reading, listeningTo]));
  });

  it('take over the path of a frontend that died, and leave that of a living one alone', async () => {
    const path = `${await stage.folder()}/device`;
    const living = await bound(stage, `ipc://${path}`);
    const cause = await thrownBy(bindDevice(`ipc://${path}`));
    expect(cause).to.be.instanceOf(StartError);
    expect(String(cause)).to.include(path).and.include('another frontend');
    const dealer = connectDevice(living.address);
    stage.atEnd(() => dealer.close());
    expect((await reader<RouterFrames>(living)())[1]).to.have.length(0, 'it still listens');

    const dead = `${await stage.folder()}/device`;
    const server = createServer().listen(dead);
    await once(server, 'listening');
    stage.atEnd(() => server.close());
    server.unref();
    // What is left of a process that was killed: a path at which nobody answers.
    const { rename } = await import('node:fs/promises');
    const left = `${dead}-left`;
    await rename(dead, left);
    server.close();
    await once(server, 'close');
    expect((await bound(stage, `ipc://${left}`)).address).to.equal(`ipc://${left}`);
  });

  const wrong: readonly (readonly [string, (folder: string) => string])[] = [
    ['no such folder', folder => `ipc://${folder}/missing/device`],
    ['no such address', () => 'tcp://192.0.2.1:5555'],
  ];
  for (const [what, addressIn] of wrong) {
    it(`say that there is ${what}`, async () => {
      const address = addressIn(await stage.folder());
      const cause = await thrownBy(bindDevice(address));
      expect(cause).to.be.instanceOf(StartError);
      expect(String(cause)).to.include(address).and.include(what);
    });
  }

  it('say that a tcp address is taken', async () => {
    const { port } = addressOf(await listening(stage, createServer()));
    const cause = await thrownBy(bindDevice(`tcp://127.0.0.1:${port}`));
    expect(String(cause)).to.include('taken by another process');
  });

  it('say that a folder is not writable', async function () {
    if (process.getuid?.() === 0) return; // root may write anywhere
    const folder = await stage.folder();
    await chmod(folder, 0o500);
    expect(String(await thrownBy(bindDevice(`ipc://${folder}/device`)))).to.include('not writable');
  });
});
