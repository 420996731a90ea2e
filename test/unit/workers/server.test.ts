import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { ServerAddress } from '../../../src/config/cluster.js';
import { codeOf, CutoverError } from '../../../src/kernel/errors.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { Version } from '../../../src/versions/version.js';
import { Server } from '../../../workers/containers/server.js';
import { Servers } from '../../../workers/containers/servers.js';
import { addressOf, listening, refusing } from '../../support/scripted-container.js';
import { stageForEach, type Stage } from '../../support/stage.js';
import { within } from '../../support/within.js';
import { FakeClock } from '../support-clock.js';

/** A container whose connections the test holds in its hands. */
async function container(stage: Stage) {
  const sockets: Socket[] = [];
  const server = createServer(socket => {
    socket.on('error', () => undefined).resume();
    sockets.push(socket);
  });
  const { ip: host, port } = addressOf(await listening(stage, server));
  /** The connection of that number: libzmq may have it before we do. */
  async function socketOf(number: number): Promise<Socket> {
    while (sockets.length <= number) await within(5000, 'it connects', once(server, 'connection'));
    return sockets[number]!;
  }
  return { address: { host, port } as ServerAddress, sockets, socketOf };
}

const gone = (socket: Socket) =>
  within(
    5000,
    'the connection is closed',
    socket.closed ? Promise.resolve([]) : once(socket, 'close'),
  );

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (cause: unknown) => cause,
  );
}

describe('Server', () => {
  const stage = stageForEach();
  let clock: FakeClock;
  beforeEach(() => (clock = new FakeClock()));

  const serverAt = (address: ServerAddress, mostConnections = 10): Server => {
    const server = new Server(address, { mostConnections, connectTimeout: 1000, clock });
    stage.atEnd(() => server.close());
    return server;
  };

  it('lends a new connection, and the same one again when it was given back', async () => {
    const { address, socketOf, sockets } = await container(stage);
    const server = serverAt(address);
    const first = await server.lend();
    expect([first.isUsed, server.outstanding]).to.deep.equal([false, 1]);
    server.giveBack(first, 1000);
    expect(server.outstanding).to.equal(0);
    const again = await server.lend();
    expect(again).to.equal(first);
    expect(again.isUsed).to.equal(true);
    await again.stream.send(Buffer.from('hello'));
    (await socketOf(0)).write('answer');
    expect((await again.receive()).toString()).to.equal('answer');
    (await socketOf(0)).write('more');
    expect((await again.receive()).toString()).to.equal('more');
    server.giveBack(again, undefined);
    await gone(await socketOf(0));
    expect(sockets).to.have.length(1);
  });

  it('lends the connection that was used last: the others may time out', async () => {
    const { address, socketOf } = await container(stage);
    const server = serverAt(address);
    const [first, second] = [await server.lend(), await server.lend()];
    server.giveBack(first, 1000);
    clock.advance(500);
    server.giveBack(second, 1000);
    clock.advance(500);
    server.sweep(clock.now());
    await gone(await socketOf(0));
    expect(await server.lend()).to.equal(second);
    server.giveBack(second, 0);
    await gone(await socketOf(1));
  });

  it('drops an idle connection at once when the container says goodbye on it', async () => {
    const { address, socketOf } = await container(stage);
    const server = serverAt(address);
    const first = await server.lend();
    server.giveBack(first, 1000);
    (await socketOf(0)).end();
    await gone(await socketOf(0)); // we have closed it as well
    const next = await server.lend();
    expect(next).not.to.equal(first);
    server.giveBack(next, undefined);
  });

  it('drops an idle connection that says something that nobody asked for', async () => {
    const { address, socketOf } = await container(stage);
    const server = serverAt(address);
    server.giveBack(await server.lend(), 1000);
    (await socketOf(0)).write('HTTP/1.1 408 Request Timeout\r\n\r\n');
    await gone(await socketOf(0));
    const next = await server.lend();
    expect(next.isUsed).to.equal(false);
    server.giveBack(next, undefined);
  });

  it('lends one that nobody has used where that is wanted, in the place of the oldest idle one', async () => {
    const { address, socketOf } = await container(stage);
    const server = serverAt(address, 2);
    const [first, second] = [await server.lend(), await server.lend()];
    server.giveBack(first, 1000);
    server.giveBack(second, 1000);
    const fresh = await server.lend(true);
    expect(fresh.isUsed).to.equal(false);
    await socketOf(2);
    expect(await server.lend(), 'the other one is still there').to.equal(second);
    expect(server.hasRoom).to.equal(false);
    server.giveBack(fresh, undefined);
    server.giveBack(second, undefined);
  });

  it('has room for so many connections, idle ones included', async () => {
    const { address, socketOf, sockets } = await container(stage);
    const server = serverAt(address, 2);
    const lent = [await server.lend(), await server.lend()];
    expect(server.hasRoom).to.equal(false);
    server.giveBack(lent[0]!, 1000);
    expect(server.hasRoom).to.equal(true);
    const again = await server.lend();
    expect(again).to.equal(lent[0]);
    expect(server.hasRoom).to.equal(false);
    server.giveBack(again, 1000);
    server.giveBack(lent[1]!, 1000);
    await socketOf(1);
    expect(sockets).to.have.length(2);
    server.close();
    await Promise.all(sockets.map(gone));
  });

  it('rests when it refused, and has nothing outstanding then', async () => {
    const { ip: host, port } = await refusing(stage);
    const server = serverAt({ host, port });
    const lending = server.lend();
    expect(server.outstanding).to.equal(1);
    const probing = setInterval(() => clock.advance(5), 1); // the refusal comes through a probe
    const cause = await thrownBy(Promise.resolve(lending));
    clearInterval(probing);
    expect(codeOf(cause)).to.equal('ERR_SERVER_REFUSED');
    expect(server.outstanding).to.equal(0);
    expect(server.restsUntil).to.equal(clock.now() + 1000);
    expect(server.name).to.equal(`${host}:${port}`);
  });
});

describe('Servers', () => {
  const stage = stageForEach();

  const version = (...ports: number[]): Version => {
    const [first = 1, ...more] = ports.map(port => ({ host: '127.0.0.1', port }));
    const servers = [first, ...more] as Version['servers'];
    const transition = { mode: 'INSTANT' } as const;
    return { id: versionId('v'), number: '1.0', servers, transition, state: { name: 'complete' } };
  };

  it('takes turns, leaves out whom it tried, and then has none', () => {
    const clock = new FakeClock();
    const options = { mostConnections: 1, connectTimeout: 1000, clock };
    const servers = new Servers(version(1001, 1002, 1003), options);
    const tried = new Map<Server, CutoverError>();
    const picked = [1, 2, 3].map(() => servers.pick(tried)!);
    expect(new Set(picked.map(({ name }) => name)).size).to.equal(3);
    const refused = new CutoverError('ERR_SERVER_REFUSED', '');
    for (const each of picked.slice(1)) tried.set(each, refused);
    expect(servers.pick(tried)).to.equal(picked[0]);
    tried.set(picked[0]!, refused);
    expect(servers.pick(tried)).to.equal(undefined);
  });

  it('passes over a server that has no room, and sweeps and closes them all', async () => {
    const clock = new FakeClock();
    const { address, socketOf } = await container(stage);
    const servers = new Servers(version(address.port, 1002), {
      mostConnections: 1,
      connectTimeout: 1000,
      clock,
    });
    stage.atEnd(() => servers.close());
    const none = new Map<Server, CutoverError>();
    const server = [servers.pick(none)!, servers.pick(none)!].find(
      ({ address: { port } }) => port === address.port,
    )!;
    const lent = await server.lend();
    for (let n = 0; n < 3; n++) expect(servers.pick(none)?.address.port).to.equal(1002);
    server.giveBack(lent, 1000);
    clock.advance(1000);
    servers.sweep(clock.now());
    await gone(await socketOf(0));
    const next = await server.lend();
    server.giveBack(next, 1000);
    servers.close();
    await gone(await socketOf(1));
  });
});
