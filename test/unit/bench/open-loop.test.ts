import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openLoop, type Sample } from '../../../bench/load/open-loop.js';
import { descriptorsOf, ownersOfPorts, usageOf } from '../../../bench/system/family.js';

async function withServer(listener: RequestListener, use: (port: number) => Promise<void>) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function samplesOf(port: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const onSample = (sample: Sample) => void samples.push(sample);
  await openLoop({ port, path: '/', rate: 200, during: 100, onSample });
  return samples;
}

describe('the open loop', () => {
  it('holds no request back for one that is not answered', async () => {
    let held: (() => void) | undefined;
    let seen = 0;
    const listener: RequestListener = (_, answer) => {
      seen += 1;
      if (held === undefined) held = () => answer.end('late');
      else answer.end('soon');
      if (seen === 10) held(); // comes only if the first one stopped nobody
    };
    await withServer(listener, async port => {
      const samples = await samplesOf(port);
      expect(samples).to.have.length(20); // 200 a second, for a tenth of one
      expect(samples.every(({ status }) => status === 200)).to.equal(true);
      expect(samples.filter(({ body }) => body === 'late')).to.have.length(1);
    });
  });

  it('tells other answers, and halves, from whole ones', async () => {
    let seen = 0;
    const listener: RequestListener = (_, answer) => {
      seen += 1;
      if (seen % 2 === 0) {
        answer.writeHead(200, { 'content-length': '10' }).write('half');
        setImmediate(() => answer.destroy());
      } else answer.writeHead(503).end('busy');
    };
    await withServer(listener, async port => {
      const statuses = new Set((await samplesOf(port)).map(({ status }) => status));
      expect([...statuses]).to.have.members([0, 503]);
    });
  });

  it('tells when nobody listens', async () => {
    let closed = 0;
    await withServer(
      () => undefined,
      port => {
        closed = port;
        return Promise.resolve();
      },
    );
    const samples = await samplesOf(closed);
    expect(samples.length).to.be.greaterThan(0);
    expect(samples.every(({ status }) => status === 0)).to.equal(true);
  });
});

describe('what the system accounts of this process', () => {
  it('is some CPU time, memory and descriptors', async function () {
    if (process.platform !== 'linux') this.skip();
    const { cpu, memory } = await usageOf([process.pid]);
    expect(cpu).to.be.greaterThan(0);
    expect(memory).to.be.within(10, 10_000); // MiB
    expect(await descriptorsOf([process.pid])).to.be.greaterThan(3);
    expect(await usageOf([])).to.deep.equal({ cpu: 0, memory: 0 });
  });

  it('names the owner of a port, and nobody where there is none', async function () {
    if (process.platform !== 'linux') this.skip();
    await withServer(
      () => undefined,
      async port => {
        expect([...(await ownersOfPorts([process.pid], [port, 1]))]).to.deep.equal([
          [port, process.pid],
        ]);
      },
    );
  });
});
