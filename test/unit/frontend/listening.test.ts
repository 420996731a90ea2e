import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { parseConfig, type Config } from '../../../src/config/config.js';
import { openServers } from '../../../src/frontend/listening.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { stageForEach } from '../../support/stage.js';
import { eventually } from '../../support/within.js';

const ip = '127.0.0.1';

function configOf(proxy: object): Config {
  const cluster = { servers: [{ ip: '127.0.0.2', port: 1 }] };
  const parsed = parseConfig({ cluster, proxy: { ip, ...proxy } });
  if (parsed.ok) return parsed.config;
  throw new Error(JSON.stringify(parsed.problems));
}

async function listening(port = 0): Promise<Server> {
  const server = createServer().listen(port, ip);
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function answers(port: number): Promise<boolean> {
  const probe = connect(port, ip);
  const isAnswered = await once(probe, 'connect').then(
    () => true,
    () => false,
  );
  probe.destroy();
  return isAnswered;
}

describe('openServers', () => {
  const stage = stageForEach();

  async function opened(proxy: object) {
    const servers = await openServers(configOf(proxy), {});
    stage.atEnd(() => servers.forEach(server => server.close(0)));
    return servers;
  }

  it('listens for clients', async () => {
    const servers = await opened({ port: 0 });
    expect(servers).to.have.length(1);
    expect(await answers(servers[0]!.port)).to.equal(true);
  });

  it('listens for a trusted proxy as well, behind the main one', async () => {
    const free = await listening();
    const port = portOf(free);
    free.close();
    await once(free, 'close');
    const servers = await opened({ port: 0, trusted: { ip, port } });
    expect(servers).to.have.length(2);
    expect(servers[1]!.port).to.equal(port);
    expect(await Promise.all(servers.map(server => answers(server.port)))).to.deep.equal([
      true,
      true,
    ]);
  });

  it('leaves none open when one address is taken', async () => {
    const taken = await listening();
    stage.atEnd(() => taken.close());
    const free = await listening();
    const port = portOf(free);
    free.close();
    await once(free, 'close');
    const config = configOf({ port, trusted: { ip, port: portOf(taken) } });
    const cause: unknown = await openServers(config, {}).catch((each: unknown) => each);
    expect(cause).to.be.instanceOf(StartError);
    await eventually('nobody listens there any more', async () => !(await answers(port)));
  });
});
