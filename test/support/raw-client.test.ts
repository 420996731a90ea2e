import { expect } from 'chai';
import { statusOf } from './http-message.js';
import { ask, RawClient } from './raw-client.js';
import {
  answering,
  answeringInChunks,
  answeringUntilClose,
  hanging,
  playing,
  playingEarly,
  playingThenReset,
  refusing,
  ScriptedContainer,
} from './scripted-container.js';
import { stageForEach } from './stage.js';

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('support: raw client and scripted container', () => {
  const stage = stageForEach();
  let container: ScriptedContainer;
  let client: RawClient;

  beforeEach(async () => {
    container = await ScriptedContainer.start(stage);
    client = await RawClient.connect(stage, container.address);
  });

  it('delivers exactly the bytes that were sent, in any pieces', async () => {
    container.serve('/', answering(200, 'hello'));
    await client.send(...Array.from(get('/')));
    expect((await client.answer()).body.toString()).to.equal('hello');
    expect(container.received).to.equal(get('/'));
    expect(container.requests.map(({ raw }) => raw)).to.deep.equal([get('/')]);
  });

  it('plays each target its own script, on one connection', async () => {
    container.serve('/a', answering(201)).serve('/b', answeringInChunks(['x', 'yz'], [['T', '1']]));
    await client.send(get('/a') + get('/b') + get('/none'));
    expect(statusOf(await client.answer())).to.equal(201);
    const chunked = await client.answer();
    expect(chunked.body.toString()).to.equal('xyz');
    expect(chunked.trailers).to.deep.equal([['T', '1']]);
    expect(statusOf(await client.answer())).to.equal(404);
    expect(container.connections).to.equal(1);
    expect(container.times('/a')).to.equal(1);
  });

  it('shows 1xx answers one by one', async () => {
    container.serve(
      '/',
      playing('HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n', 'HTTP/1.1 204 N\r\n\r\n'),
    );
    await client.send(get('/'));
    expect(statusOf(await client.answer())).to.equal(103);
    expect(statusOf(await client.answer())).to.equal(204);
  });

  it('sees the end of a connection, and what came before it', async () => {
    container.serve('/end', answeringUntilClose('over'));
    container.serve('/reset', playingThenReset('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'));
    await client.send(get('/end'));
    expect((await client.answer()).body.toString()).to.equal('over');
    await client.closed();

    const other = await RawClient.connect(stage, container.address);
    await other.send(get('/reset'));
    await other.closed();
    expect(other.received).to.match(/\r\n\r\nab$/);
  });

  it('answers before the body has come', async () => {
    container.serve('/', playingEarly('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
    expect(statusOf(await client.answer())).to.equal(200);
    expect(container.requests).to.be.empty;
  });

  it('says when it is asked, and when the client has gone', async () => {
    container.serve('/', hanging);
    const asked = container.asked('/');
    await client.send(get('/'));
    const { gone, method } = await asked;
    expect(method).to.equal('GET');
    client.reset();
    await gone;
  });

  it('says what had arrived when an answer is cut off', async () => {
    container.serve('/', playingThenReset('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'));
    await client.send(get('/'));
    const fault = await client.answer().catch(String);
    expect(fault).to.include('cut off after').and.include('nab');
  });

  it('asks one question on a connection of its own', async () => {
    container.serve('/', playing('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'));
    const answer = await ask(stage, container.address, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(statusOf(answer)).to.equal(200);
  });

  it('has an address that refuses', async () => {
    const { ip, port } = await refusing(stage);
    const refused = await RawClient.connect(stage, { host: ip, port }).catch(String);
    expect(refused).to.include('ECONNREFUSED');
  });

  it('is closed by the container', async () => {
    await container.close();
    await client.closed();
  });
});
