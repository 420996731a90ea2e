/** Streams over real connections: what a reader does not take is held by the system first, then by us. */
import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { LiveStreams, SLOWEST } from '../../../../src/control/live/streams.js';
import { stageForEach } from '../../../support/stage.js';
import { eventually, within } from '../../../support/within.js';
import { FakeClock } from '../../support-clock.js';

const EVENT = 1_000_000;

describe('streams over connections', function () {
  this.timeout(30_000);
  const stage = stageForEach();
  let clock: FakeClock;
  let streams: LiveStreams;
  let port: number;
  let responses: ServerResponse[];

  beforeEach(async () => {
    clock = new FakeClock();
    responses = [];
    let edition = 0;
    streams = new LiveStreams({
      clock,
      live: () => ({
        at: '',
        release: 'x'.repeat(EVENT),
        policy: 'rollback',
        spread: { edition: ++edition, followers: 0, acknowledged: 0, workers: 0 },
        versions: [],
        processes: [],
        events: [],
      }),
    });
    const server = createServer((_, response) => {
      responses.push(response);
      streams.open(response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stage.atEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    ({ port } = server.address() as AddressInfo);
  });

  async function reader(): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
    stage.atEnd(() => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const known = responses.length;
    await eventually('it is heard', () => responses.length > known);
    return socket;
  }

  /** Lets time pass until a response holds something that the system does not take. */
  async function stuck(response: ServerResponse): Promise<void> {
    for (let n = 0; n < 50; n++) {
      clock.advance(1000);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      if (response.writableLength > 0) return;
    }
    throw new Error('the system took 50 MB that nobody has read');
  }

  it('cut off who does not read, and hold one event for it at most', async () => {
    const slow = (await reader()).pause();
    const response = responses[0]!;
    await stuck(response);
    for (let ms = 0; ms < SLOWEST - 1000; ms += 1000) {
      clock.advance(1000);
      expect(response.writableLength).to.be.within(1, EVENT + 1000);
    }
    expect(streams.size).to.equal(1);
    clock.advance(2000);
    expect([streams.size, response.destroyed]).to.deep.equal([0, true]);
    expect(clock.waiting).to.equal(0);
    slow.resume();
    await within(10_000, 'it is cut off', once(slow, 'close'));
  });

  it('end at once when control ends, whoever reads or does not', async () => {
    const reading = (await reader()).resume();
    const slow = (await reader()).pause();
    const ended = Promise.all([once(reading, 'close'), once(responses[1]!, 'close')]);
    await stuck(responses[1]!);
    streams.close();
    await within(10_000, 'both have ended', ended);
    slow.destroy();
  });

  it('forget who goes away', async () => {
    (await reader()).destroy();
    await eventually('it is forgotten', () => streams.size === 0);
    expect(clock.waiting).to.equal(0);
  });
});
