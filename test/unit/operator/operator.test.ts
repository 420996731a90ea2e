import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ControlClient, OperatorError } from '../../../src/operator/control-client.js';
import { namedVersion } from '../../../src/operator/named-version.js';
import type { ShownVersion } from '../../../src/operator/shown-version.js';
import { statusTable } from '../../../src/operator/status-table.js';

const version = (about: Partial<ShownVersion>): ShownVersion => ({
  id: 'aaaa-1',
  version: '1.0',
  servers: [{ ip: '127.0.0.1', port: 9101 }],
  upgradeTransition: { mode: 'INSTANT' },
  state: 'complete',
  ...about,
});

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A control that gives one answer to everything, and remembers what it was asked. */
async function answering(status: number, body: string, headers: Record<string, string> = {}) {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method, url } = request;
      const { authorization } = request.headers;
      asked.push({ method, url, authorization, body: Buffer.concat(pieces).toString() });
      response.writeHead(status, headers).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url, asked, close };
}

async function errorOf(promise: Promise<unknown>): Promise<OperatorError> {
  try {
    await promise;
  } catch (cause) {
    expect(cause).to.be.instanceOf(OperatorError);
    return cause as OperatorError;
  }
  throw new Error('it did not fail');
}

describe('the client of control', () => {
  it('asks what each verb means', async () => {
    const control = await answering(202, '{"id":"v2","edition":7}');
    const client = new ControlClient({ url: control.url, token: 'secret' });
    expect(await client.deploy({ version: '2.0' })).to.equal('v2');
    await client.remove('a/b');
    await client.tell('v2', 'promote');
    await control.close();
    expect(control.asked.map(({ method, url, body }) => [method, url, body])).to.deep.equal([
      ['PUT', '/configuration/cluster', '{"cluster":{"version":"2.0"}}'],
      ['DELETE', '/configuration/cluster/a%2Fb', ''],
      ['POST', '/configuration/cluster/v2/promote', ''],
    ]);
    expect(new Set(control.asked.map(({ authorization }) => authorization))).to.deep.equal(
      new Set(['Bearer secret']),
    );
  });

  it('returns the versions, and sends no token where there is none', async () => {
    const versions = [version({}), version({ id: 'b', state: 'running', progress: 5 })];
    const control = await answering(200, JSON.stringify(versions));
    const found = await new ControlClient({ url: control.url, token: undefined }).versions();
    await control.close();
    expect(found).to.deep.equal(versions);
    expect(control.asked[0]?.authorization).to.equal(undefined);
  });

  const refusals = [
    { status: 409, body: '{"error":"it is complete"}', says: 'it is complete' },
    {
      status: 400,
      body: '{"error":"x","problems":[{"message":"a: wrong"},{"message":"b: wrong"}]}',
      says: 'control refused it:\n  a: wrong\n  b: wrong',
    },
    { status: 502, body: '<html>', says: 'control answered 502' },
    { status: 200, body: '<html>', says: "that is not control's" },
    { status: 200, body: '[{"id":1}]', says: "that is not control's" },
  ];
  for (const { status, body, says } of refusals) {
    it(`says of ${status} ${body}: ${says.split('\n')[0]}`, async () => {
      const control = await answering(status, body);
      const client = new ControlClient({ url: control.url, token: undefined });
      const { message } = await errorOf(client.versions());
      await control.close();
      expect(message).to.contain(says);
    });
  }

  it('says where it looked for a control that is not there, and why it found none', async () => {
    const control = await answering(200, '[]');
    await control.close();
    const client = new ControlClient({ url: control.url, token: undefined });
    const { message } = await errorOf(client.versions());
    expect(message).to.contain(`not reachable at ${control.url}`).and.to.contain('ECONNREFUSED');
  });

  it('follows no redirection: the token goes nowhere else', async () => {
    const elsewhere = await answering(200, '[]');
    const control = await answering(302, '', { location: elsewhere.url });
    await errorOf(new ControlClient({ url: control.url, token: 'secret' }).versions());
    await Promise.all([control.close(), elsewhere.close()]);
    expect(elsewhere.asked).to.be.empty;
  });

  it('gives up a control that does not answer', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new ControlClient({ url, token: undefined, timeout: 50 });
    expect((await errorOf(client.versions())).message).to.contain('timeout');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
});

describe('the version that an operator means', () => {
  const versions = [
    version({ id: 'aaaa-2', version: '2.0' }),
    version({ id: 'aabb-1', version: '2.0' }),
    version({ id: 'cccc-1', version: '1.0' }),
  ];
  for (const { name, is } of [
    { name: 'aabb-1', is: 'aabb-1' },
    { name: 'aaaa', is: 'aaaa-2' },
    { name: '1.0', is: 'cccc-1' },
  ]) {
    it(`is ${is} for ${name}`, () => {
      expect(namedVersion(versions, name).id).to.equal(is);
    });
  }
  for (const { name, because } of [
    { name: '2.0', because: '2 versions are called 2.0' },
    { name: 'aa', because: 'there is no version aa' },
    { name: '3.0', because: 'there is no version 3.0' },
  ]) {
    it(`is nobody for ${name}: ${because}; all are listed`, () => {
      expect(() => namedVersion(versions, name)).to.throw(OperatorError, because);
      expect(() => namedVersion(versions, name)).to.throw(OperatorError, '  1.0  cccc-1');
    });
  }
});

describe('the status table', () => {
  it('has a line for each version, aligned, and one for a reason', () => {
    const table = statusTable([
      version({
        id: 'b',
        version: '2.0',
        state: 'demoted',
        progress: 12.3456,
        because: 'worse failures',
        upgradeTransition: { mode: 'GRADUAL' },
      }),
      version({ id: 'a', servers: [{ ip: '::1', port: 1 }] }),
    ]);
    expect(table).to.equal(
      [
        'VERSION  STATE     STRATEGY  PROGRESS  SERVERS         ID',
        '2.0      demoted   GRADUAL   12.35 %   127.0.0.1:9101  b',
        '  worse failures',
        '1.0      complete  INSTANT   -         ::1:1           a',
        '',
      ].join('\n'),
    );
  });

  it('lets no control character through to the terminal', () => {
    const table = statusTable([version({ version: '\u001b[2J', because: 'a\nb\u009b' })]);
    expect(table).to.contain('?[2J').and.to.contain('a?b?');
    expect(table).not.to.match(/[\u001b\u009b]/);
  });
});
