import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { anyListens } from '../../../src/sockets/listens.js';
import { stageForEach } from '../../support/stage.js';

describe('anyListens', () => {
  const stage = stageForEach();
  const nobody = { host: '127.0.0.1', port: 1 };

  it('is true if one of many listens', async () => {
    const server = createServer(socket => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    stage.atEnd(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await anyListens([nobody, { host: '127.0.0.1', port }])).to.equal(true);
  });

  it('is false if none does, or none has an address', async () => {
    expect(await anyListens([nobody, { host: 'nobody.invalid', port: 80 }])).to.equal(false);
  });
});
