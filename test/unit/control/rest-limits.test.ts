import { expect } from 'chai';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import * as answers from '../../../src/control/answers.js';
import { within } from '../../support/within.js';
import { MOST_CONNECTIONS, restApi, type RestHost } from '../../../src/control/rest.js';

/** It is not asked for anything: no call comes so far. */
const nobody = {} as unknown as RestHost;

describe('the REST API, of requests that cannot be taken', () => {
  const app = restApi(nobody, undefined);
  after(() => app.close());

  const impossible = [
    ['x'.repeat(2000), 'too long'],
    ['%zz', 'wrongly escaped'],
    ['%ff', 'escaped, and no UTF-8'],
  ] as const;
  for (const [id, why] of impossible) {
    for (const method of ['GET', 'DELETE'] as const) {
      it(`answers 404 to ${method} of an id that is ${why}, in the shape of every error`, async () => {
        const answer = await app.inject({ method, url: `/configuration/cluster/${id}` });
        expect(answer.statusCode).to.equal(404);
        expect(answers.error.safeParse(answer.json()).error).to.equal(undefined);
        expect(answer.json()).to.deep.equal({ error: 'there is no version with this id' });
      });
    }
  }

  it('waits 30 s for a request to arrive whole', () => {
    expect(app.server.requestTimeout).to.equal(30_000);
  });

  it('ends at once though somebody has connected and asks for nothing', async () => {
    const closing = restApi(nobody, undefined);
    await closing.listen({ host: '127.0.0.1', port: 0 });
    const { port } = closing.server.address() as AddressInfo;
    const arrived = once(closing.server, 'connection');
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    await arrived;
    const gone = once(socket, 'close');
    await within(10_000, 'it has ended', closing.close());
    await gone;
  });

  it('turns away who comes when there are as many connections as may be', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const connected = () => connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    const sockets = Array.from({ length: MOST_CONNECTIONS }, connected);
    await Promise.all(sockets.map(each => once(each, 'connect')));
    const tooMany = connected();
    await once(tooMany, 'close');
    expect(sockets.some(({ destroyed }) => destroyed)).to.equal(false);
    for (const each of sockets) each.destroy();
  });
});
