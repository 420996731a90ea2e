import { expect } from 'chai';
import { once } from 'node:events';
import { get, request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { deterministicBytes, digestOf } from './bytes.js';
import { bulk, httpContainer, serverSentEvents, webSocketEcho } from './containers.js';
import { RawClient } from './raw-client.js';
import { stageForEach } from './stage.js';
import { eventually } from './within.js';

describe('support: containers', () => {
  const stage = stageForEach();

  it('streams bytes whose digest is known', async () => {
    const { port } = await httpContainer(stage, bulk().listener);
    const [answer] = (await once(get({ port, path: '/?bytes=300000' }), 'response')) as [
      IncomingMessage,
    ];
    expect(digestOf((await answer.toArray()) as Buffer[])).to.deep.equal(
      digestOf(deterministicBytes(300_000)),
    );
  });

  it('digests what it gets', async () => {
    const { port } = await httpContainer(stage, bulk().listener);
    const upload = request({ port, method: 'PUT' });
    for (const piece of deterministicBytes(300_000)) upload.write(piece);
    upload.end();
    const [answer] = (await once(upload, 'response')) as [IncomingMessage];
    const told = JSON.parse(
      Buffer.concat((await answer.toArray()) as Buffer[]).toString(),
    ) as unknown;
    expect(told).to.deep.equal(digestOf(deterministicBytes(300_000)));
  });

  it('is slowed down by who does not read, and says how much it wrote', async () => {
    const { listener, progress } = bulk();
    const client = await RawClient.connect(stage, await httpContainer(stage, listener));
    client.socket.pause();
    await client.send('GET /?bytes=200000000 HTTP/1.1\r\nHost: a\r\n\r\n');
    let before = -1;
    await eventually('nothing more is written', () => {
      const still = progress.written === before && before > 0;
      before = progress.written;
      return still;
    });
    expect(progress.written).to.be.within(1, 50_000_000);
    client.reset();
    await eventually('the container notices', () => progress.cut === 1);
  });

  it('sends events on command', async () => {
    const events = serverSentEvents();
    const client = await RawClient.connect(stage, await httpContainer(stage, events.listener));
    const joined = events.joins();
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await joined;
    events.send('one');
    await client.until('data: one\n\n');
    const left = events.leaves();
    client.end();
    client.socket.destroy();
    await left;
  });

  it('echoes over WebSocket', async () => {
    const { port } = await webSocketEcho(stage);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    socket.send('hello');
    expect(String((await once(socket, 'message'))[0])).to.equal('hello');
    socket.send('close');
    expect((await once(socket, 'close'))[0]).to.equal(4001);
  });
});
