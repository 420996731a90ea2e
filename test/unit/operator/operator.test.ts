import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ControlClient, OperatorError } from '../../../src/operator/control-client.js';
import { namedVersion } from '../../../src/operator/named-version.js';
import { sessionsLine, span } from '../../../src/operator/sessions-line.js';
import type { ShownEvent, ShownVersion } from '../../../src/operator/shown-version.js';
import { eventTable, statusTable } from '../../../src/operator/status-table.js';

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
    expect(await client.rotateKeys()).to.equal(7);
    await control.close();
    expect(control.asked.map(({ method, url, body }) => [method, url, body])).to.deep.equal([
      ['PUT', '/configuration/cluster', '{"cluster":{"version":"2.0"}}'],
      ['DELETE', '/configuration/cluster/a%2Fb', ''],
      ['POST', '/configuration/cluster/v2/promote', ''],
      ['POST', '/configuration/keys/rotate', ''],
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

  it('returns one version, why, and what happened', async () => {
    const one = version({ sessions: { count: 1, isExact: true, endIn: 9 }, verdict: 'healthy' });
    const tally = { exchanges: 1, failed: 0, failedBy: {}, different: 0, repeats: 0 };
    const why = {
      ...{ id: 'a', version: '1.0', verdict: 'inconclusive', because: '1 of 50 exchanges' },
      ...{ since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T00:01:00.000Z' },
      ...{ newer: tally, stable: tally, typical: tally, evidence: {}, examples: {} },
    };
    const event = { at: why.since, id: 'a', version: '1.0', what: 'added', edition: 2 };
    for (const { answer, path, ask } of [
      {
        answer: one,
        path: '/configuration/cluster/a%2Fb',
        ask: (client: ControlClient) => client.version('a/b', 5000),
      },
      {
        answer: why,
        path: '/configuration/cluster/a/why',
        ask: (client: ControlClient) => client.why('a'),
      },
      { answer: [event], path: '/events', ask: (client: ControlClient) => client.events() },
    ]) {
      const control = await answering(200, JSON.stringify(answer));
      const found = await ask(new ControlClient({ url: control.url, token: undefined }));
      await control.close();
      expect(found).to.deep.equal(answer);
      expect(control.asked[0]).to.include({ method: 'GET', url: path });
    }
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

  const failures = [
    { status: 404, body: '{"error":"no version"}', failure: 'unknown' },
    { status: 404, body: '<html>', failure: 'other' }, // not control: nothing is known of the version
    { status: 401, body: '{"error":"a token"}', failure: 'other' },
    { status: 503, body: '{"error":"full"}', failure: 'other' },
  ] as const;
  for (const { status, body, failure } of failures) {
    it(`takes ${status} ${body} for ${failure}`, async () => {
      const control = await answering(status, body);
      const client = new ControlClient({ url: control.url, token: undefined });
      const error = await errorOf(client.version('v2', 5000));
      await control.close();
      expect(error.failure).to.equal(failure);
    });
  }

  it('takes a control that is not there for unreachable', async () => {
    const control = await answering(200, '[]');
    await control.close();
    const client = new ControlClient({ url: control.url, token: undefined });
    expect((await errorOf(client.versions())).failure).to.equal('unreachable');
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
    const patient = new ControlClient({ url, token: undefined });
    expect((await errorOf(patient.version('v2', 50))).message).to.contain('timeout');
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
  it('has a line for each version, aligned, and one each for a reason and for its sessions', () => {
    const table = statusTable([
      version({
        id: 'b',
        version: '2.0',
        state: 'demoted',
        progress: 12.3456,
        because: 'worse failures',
        upgradeTransition: { mode: 'GRADUAL' },
        verdict: 'unhealthy',
        exchanges: 120,
      }),
      version({
        id: 'a',
        servers: [{ ip: '::1', port: 1 }],
        sessions: { count: 37, isExact: true, endIn: 720 },
      }),
    ]);
    expect(table).to.equal(
      [
        'VERSION  STATE     STRATEGY  PROGRESS  VERDICT                    SERVERS         ID',
        '2.0      demoted   GRADUAL   12.35 %   unhealthy (120 exchanges)  127.0.0.1:9101  b',
        '  worse failures',
        '1.0      complete  INSTANT   -         -                          ::1:1           a',
        '  37 sessions, the last ends in 12 min at the latest',
        '',
      ].join('\n'),
    );
  });

  it('shows a verdict of which the number of exchanges is not told', () => {
    expect(statusTable([version({ verdict: 'healthy' })])).to.match(/ healthy {2}127/);
  });

  it('lets no control character through to the terminal', () => {
    const table = statusTable([version({ version: '\u001b[2J', because: 'a\nb\u009b' })]);
    expect(table).to.contain('?[2J').and.to.contain('a?b?');
    expect(table).not.to.match(/[\u001b\u009b]/);
  });
});

describe('the line about sessions', () => {
  const rows = [
    {
      count: 37,
      isExact: true,
      endIn: 720,
      says: '37 sessions, the last ends in 12 min at the latest',
    },
    { count: 1, isExact: true, endIn: 30, says: '1 session, it ends in 30 s at the latest' },
    {
      count: 5000,
      isExact: false,
      endIn: 1,
      says: 'about 5000 sessions, the last ends in 1 s at the latest',
    },
    { count: 0, isExact: true, endIn: 0, says: 'no session' },
  ];
  for (const { says, ...sessions } of rows) {
    it(`says: ${says}`, () => {
      expect(sessionsLine(sessions)).to.equal(says);
    });
  }

  for (const { seconds, is } of [
    { seconds: 0.2, is: '1 s' }, // rounded up
    { seconds: 120, is: '120 s' },
    { seconds: 121, is: '3 min' },
    { seconds: 7200, is: '120 min' },
    { seconds: 7201, is: '3 h' },
    { seconds: 172_801, is: '3 d' },
  ]) {
    it(`calls ${seconds} seconds ${is}`, () => {
      expect(span(seconds)).to.equal(is);
    });
  }
});

describe('the table of events', () => {
  const event: ShownEvent = {
    at: '2026-01-01T00:00:00.000Z',
    id: 'b',
    version: '2.0',
    what: 'added',
    edition: 2,
  };

  it('has a line for each, in the order in which they came, and why at the end', () => {
    const because = 'it fails\u001b more often';
    expect(eventTable([event, { ...event, what: 'demoted', edition: 3, because }])).to.equal(
      [
        'AT                        VERSION  WHAT     EDITION  ID  WHY',
        '2026-01-01T00:00:00.000Z  2.0      added    2        b',
        '2026-01-01T00:00:00.000Z  2.0      demoted  3        b   it fails? more often',
        '',
      ].join('\n'),
    );
  });

  it('says so where nothing has happened', () => {
    expect(eventTable([])).to.equal('nothing has happened\n');
  });
});
