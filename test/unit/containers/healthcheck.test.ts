import { expect } from 'chai';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { parseConfig, type Config } from '../../../src/config/config.js';
import { ailment, isConnected, runningIn } from '../../../src/healthcheck/health.js';
import { stageForEach } from '../../support/stage.js';

describe('runningIn', () => {
  for (const { line, running } of [
    {
      line: 'node /cutover/dist/src/cli.js worker -c /etc/cutover.json ',
      running: { role: 'worker', configFile: '/etc/cutover.json' },
    },
    {
      line: '/sbin/docker-init -- node cli.js up --config=/etc/cutover.json',
      running: { role: 'up', configFile: '/etc/cutover.json' },
    },
    { line: 'node cli.js check -c /etc/cutover.json', running: undefined },
    { line: 'node cli.js control', running: undefined },
  ]) {
    it(`reads ${line}`, () => {
      expect(runningIn(line.replaceAll(' ', '\0'))).to.deep.equal(running);
    });
  }
});

describe('isConnected', () => {
  const line = (remote: string, state: string) =>
    `   0: 0100007F:A0B2 ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000`;
  for (const { lines, is } of [
    { lines: [line('0100007F:2384', '01')], is: true },
    { lines: ['  sl  local_address rem_address   st', line('0100007F:2384', '02')], is: false },
    { lines: [line('0100007F:2385', '01')], is: false },
    { lines: [], is: false },
  ]) {
    it(`says ${is} of ${lines.join(' / ') || 'nothing'}`, () => {
      expect(isConnected(['tcp://frontend:9092'], lines.join('\n'))).to.equal(is);
    });
  }

  it('takes a worker for connected whose links it cannot see', () => {
    expect(isConnected(['ipc:///run/cutover/device'], '')).to.equal(true);
  });
});

describe('ailment', () => {
  const stage = stageForEach();
  async function listening(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stage.atEnd(() => server.close());
    return (server.address() as AddressInfo).port;
  }
  const configWith = (sections: object): Config => {
    const servers = [{ ip: '127.0.0.1', port: 1 }];
    const parsed = parseConfig({ cluster: { servers }, ...sections });
    return parsed.ok ? parsed.config : expect.fail(JSON.stringify(parsed.problems));
  };
  const asked = { patience: 200, connections: () => Promise.resolve('') };
  const says = (answer: string) => createServer(socket => socket.end(answer));

  it('finds a frontend well that refuses what is no request', async () => {
    const port = await listening(says('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await ailment('frontend', configWith({ proxy: { port } }), asked)).to.equal(undefined);
  });

  it('says what a frontend says instead', async () => {
    const port = await listening(says('hello\r\n'));
    const because = await ailment('frontend', configWith({ proxy: { port } }), asked);
    expect(because).to.equal('the frontend says "hello"');
  });

  it('says that a frontend hangs', async () => {
    const port = await listening(createServer(socket => stage.atEnd(() => socket.destroy())));
    const because = await ailment('frontend', configWith({ proxy: { port } }), asked);
    expect(because).to.equal('the frontend says "nothing in time"');
  });

  it('asks frontend and control of `up`', async () => {
    const port = await listening(says('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const isWell = { now: true };
    const api = createHttp((_, response) => response.writeHead(isWell.now ? 200 : 503).end());
    const configService = { port: await listening(api) };
    const config = configWith({ proxy: { port }, configService });
    expect(await ailment('up', config, asked)).to.equal(undefined);
    isWell.now = false;
    expect(await ailment('up', config, asked)).to.equal(
      'control says "HTTP/1.1 503 Service Unavailable"',
    );
  });
});
