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
    ...['-c=/etc/c.json', '-c/etc/c.json', '--config=/etc/c.json', '--config /etc/c.json'].map(
      given => ({
        line: `node cli.js frontend ${given}`,
        running: { role: 'frontend', configFile: '/etc/c.json' },
      }),
    ),
    {
      line: 'node /usr/local/bin/cutover control --name worker -c c.json',
      running: { role: 'control', configFile: 'c.json' },
    },
    {
      line: 'node up/cli.js --log-level info -c c.json up --plain',
      running: { role: 'up', configFile: 'c.json' },
    },
    {
      line: 'node cli.js worker --frontend tcp://a:1 --frontend=tcp://b:2 -c c.json',
      running: { role: 'worker', configFile: 'c.json', frontends: ['tcp://a:1', 'tcp://b:2'] },
    },
    { line: 'node cli.js check --name up -c c.json', running: undefined },
    { line: 'sh up -c c.json', running: undefined },
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

  const [four, six, mapped] = [
    line('0200000A:2384', '01'), // 10.0.0.2
    line('B80D0120000000000000000001000000:2384', '01'), // 2001:db8::1
    line('0000000000000000FFFF00000200000A:2384', '01'), // ::ffff:10.0.0.2
  ];
  for (const { frontend, lines, is } of [
    { frontend: 'tcp://10.0.0.2:9092', lines: [four], is: true },
    { frontend: 'tcp://10.0.0.2:9092', lines: [mapped], is: true },
    { frontend: 'tcp://10.0.0.3:9092', lines: [four, six, mapped], is: false },
    { frontend: 'tcp://10.0.0.2:9093', lines: [four], is: false },
    { frontend: 'tcp://[2001:db8::1]:9092', lines: [six], is: true },
    { frontend: 'tcp://[2001:db8:0::0:1]:9092', lines: [four, six], is: true },
    { frontend: 'tcp://[2001:db8::2]:9092', lines: [four, six], is: false },
    { frontend: 'tcp://0.0.0.0:9092', lines: [line('0100007F:2384', '01')], is: true },
  ]) {
    it(`says ${is} of a connection to ${frontend} by ${lines.join(' / ')}`, () => {
      expect(isConnected([frontend], lines.join('\n'))).to.equal(is);
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
    expect(await ailment({ role: 'frontend' }, configWith({ proxy: { port } }), asked)).to.equal(
      undefined,
    );
  });

  it('says what a frontend says instead', async () => {
    const port = await listening(says('hello\r\n'));
    const because = await ailment({ role: 'frontend' }, configWith({ proxy: { port } }), asked);
    expect(because).to.equal('the frontend says "hello"');
  });

  it('says that a frontend hangs', async () => {
    const port = await listening(createServer(socket => stage.atEnd(() => socket.destroy())));
    const because = await ailment({ role: 'frontend' }, configWith({ proxy: { port } }), asked);
    expect(because).to.equal('the frontend says "nothing in time"');
  });

  it('looks for the frontends that a worker was started with, else for those of the file', async () => {
    const remote = '   0: 0100007F:A0B2 0200007F:2384 01 00000000:00000000 00:00000000';
    const seen = { ...asked, connections: () => Promise.resolve(remote) };
    const config = configWith({ device: { frontends: ['tcp://127.0.0.9:9092'] } });
    const worker = { role: 'worker', configFile: 'c.json' } as const;
    expect(await ailment(worker, config, seen)).to.equal('the worker is connected to no frontend');
    const told = { ...worker, frontends: ['tcp://127.0.0.2:9092'] };
    expect(await ailment(told, config, seen)).to.equal(undefined);
  });

  it('asks frontend and control of `up`', async () => {
    const port = await listening(says('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const isWell = { now: true };
    const api = createHttp((_, response) => response.writeHead(isWell.now ? 200 : 503).end());
    const configService = { port: await listening(api) };
    const config = configWith({ proxy: { port }, configService });
    expect(await ailment({ role: 'up' }, config, asked)).to.equal(undefined);
    isWell.now = false;
    expect(await ailment({ role: 'up' }, config, asked)).to.equal(
      'control says "HTTP/1.1 503 Service Unavailable"',
    );
  });
});
