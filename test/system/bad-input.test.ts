import { expect } from 'chai';
import { setTimeout } from 'node:timers/promises';
import { gate } from '../support/gate.js';
import { statusOf, valuesOf, type Message } from '../support/http-message.js';
import { configFor, up } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import { answering, answeringWhen, ScriptedContainer } from '../support/scripted-container.js';
import { stageForAll, stageForEach } from '../support/stage.js';

type Row = readonly [what: string, request: string];

const fields = (...lines: readonly string[]) =>
  `GET /bad HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
const post = (lines: string, body: string) =>
  `POST /bad HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;
const chunked = (body: string) => post('Transfer-Encoding: chunked', body);

const malformed: readonly Row[] = [
  ['a start line that is none', 'NONSENSE\r\n\r\n'],
  ['two spaces in the start line', 'GET  /bad HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a space in the target', 'GET /bad one HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no target', 'GET HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a method that is no token', 'G(T /bad HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['NUL in the target', 'GET /bad\0 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
  ['NUL in a value', fields('Host: a', 'X: a\0b')],
  ['a bare CR in a value', fields('Host: a', 'X: a\rTransfer-Encoding: chunked')],
  ['a space before the colon', fields('Host: a', 'X : b')],
  ['a field without a name', fields('Host: a', ': b')],
  ['a field without a colon', fields('Host: a', 'nothing')],
  ['a name that is no token', fields('Host: a', 'X(Y): b')],
  ['obs-fold', fields('Host: a', 'X: b', ' c')],
  ['a space before the first field', 'GET /bad HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['no Host', fields('Accept: a')],
  ['two Hosts', fields('Host: a', 'Host: a')],
  ['a Host that is no host', fields('Host: a/b@c')],
  ['Content-Length of letters', post('Content-Length: abc', 'abc')],
  ['a negative Content-Length', post('Content-Length: -3', 'abc')],
  ['Content-Length with a plus', post('Content-Length: +3', 'abc')],
  ['Content-Length in hex', post('Content-Length: 0x3', 'abc')],
  ['Content-Length beyond all numbers', post('Content-Length: 99999999999999999999', 'abc')],
  ['a doubled Content-Length', post('Content-Length: 3\r\nContent-Length: 3', 'abc')],
  ['conflicting Content-Lengths', post('Content-Length: 3\r\nContent-Length: 4', 'abcd')],
  ['Content-Lengths in one field', post('Content-Length: 3, 3', 'abc')],
  ['an empty Content-Length', post('Content-Length:', 'abc')],
  ['an unknown transfer coding', post('Transfer-Encoding: gzip', 'abc')],
  ['chunked before another coding', post('Transfer-Encoding: chunked, identity', '0\r\n\r\n')],
  ['chunked after another coding', post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n')],
  ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
  ['chunked with a vertical tab', post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n')],
  [
    'Transfer-Encoding in HTTP/1.0',
    'POST /bad HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['a chunk size that is none', chunked('xyz\r\nabc\r\n0\r\n\r\n')],
  ['a chunk size with a sign', chunked('+3\r\nabc\r\n0\r\n\r\n')],
  ['a chunk size with 0x', chunked('0x3\r\nabc\r\n0\r\n\r\n')],
  ['an empty chunk size', chunked('\r\nabc\r\n0\r\n\r\n')],
  ['a chunk size beyond all numbers', chunked('FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n')],
  ['a chunk that is longer than it says', chunked('3\r\nabcd\r\n0\r\n\r\n')],
  ['a chunk extension with a bare LF', chunked('3;\nxx\r\nabc\r\n0\r\n\r\n')],
];

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

/** Each hides `smuggled` from one who reads the head in another way than the container does. */
const smuggling: readonly Row[] = [
  ['CL.TE', post('Content-Length: 6\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
  [
    'TE.CL',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4', `2a\r\n${smuggled}\r\n0\r\n\r\n`),
  ],
  ['CL.0', post('Content-Length: 0\r\nContent-Length: 42', smuggled)],
  ['TE.TE', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: x', `0\r\n\r\n${smuggled}`)],
  ['a coding that looks like chunked', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
  ['a space before the colon', post('Content-Length : 42', smuggled)],
  ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${smuggled}`)],
  ['a bare CR', post('X: y\rContent-Length: 42', smuggled)],
  ['a chunk size that overflows', chunked(`100000000000000000\r\n\r\n${smuggled}`)],
  ['LF in place of CRLF after a chunk size', chunked(`0\n\r\n${smuggled}`)],
];

const long = (bytes: number) => 'a'.repeat(bytes);

const refused: readonly (readonly [status: number, ...Row])[] = [
  [431, 'a field over the limit', fields('Host: a', `X: ${long(5_000)}`)],
  [431, 'too many fields', fields('Host: a', ...Array.from({ length: 60 }, (_, n) => `X${n}: 1`))],
  [414, 'a target over the limit', `GET /${long(2_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  [414, 'a target that does not end', `GET /${long(6_000)}`],
  [413, 'a declared body over the limit', post('Content-Length: 100001', '')],
  [413, 'a body in chunks over the limit', chunked(`186a1\r\n${long(100_001)}\r\n0\r\n\r\n`)],
  [505, 'HTTP/2.0', 'GET /bad HTTP/2.0\r\nHost: a\r\n\r\n'],
  [505, 'HTTP/1.2', 'GET /bad HTTP/1.2\r\nHost: a\r\n\r\n'],
  [505, 'HTTP/0.9', 'GET /bad HTTP/0.9\r\nHost: a\r\n\r\n'],
  [417, 'an unknown expectation', post('Expect: a-miracle\r\nContent-Length: 3', 'abc')],
  [501, 'CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
];

describe('system: bad input', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let container: ScriptedContainer;
  let port: number;

  before(async () => {
    container = await ScriptedContainer.start(whole);
    container.serve('/good', answering(200, 'good'));
    const limits = {
      head: 4_096,
      target: 1_024,
      fields: 50,
      body: 100_000,
      memory: 10_000,
      pipeline: 10_000,
    };
    const timeouts = { head: 2, body: 2, idle: 2 };
    const config = configFor([container.address], { limits, timeouts });
    ({ port } = await up(whole, config, ['--workers', '1']));
  });

  afterEach('Cutover goes on, and the container has seen nothing else', async () => {
    const answer = await ask(stage, { port }, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(answer.body.toString()).to.equal('good');
    const startLines = new Set(container.heads.map(head => head.split('\r\n')[0]));
    startLines.delete('GET /good?held HTTP/1.1');
    expect([...startLines]).to.deep.equal(['GET /good HTTP/1.1']);
    expect(container.received).not.to.include('/bad').and.not.include('/smuggled');
  });

  interface Outcome {
    readonly answer: Message;
    /** All that came until the connection was closed. */
    readonly received: string;
  }

  async function attacked(request: string): Promise<Outcome> {
    const client = await RawClient.connect(whole, { port });
    await client.send(request);
    const answer = await client.answer();
    await client.closed();
    return { answer, received: client.received };
  }

  function isRefused({ answer, received }: Outcome, status: number): void {
    expect(statusOf(answer)).to.equal(status);
    expect(valuesOf(answer, 'connection')).to.deep.equal(['close']);
    expect(received, 'one answer and nothing behind it').to.equal(answer.raw);
  }

  /** One test for each row; all attacks at the same time, because each waits for its connection to close. */
  function describeRefused(what: string, rows: readonly (readonly [number, ...Row])[]): void {
    describe(what, () => {
      let outcomes: readonly Promise<Outcome>[];
      before(async () => {
        outcomes = rows.map(([, , request]) => attacked(request));
        await Promise.allSettled(outcomes);
      });
      for (const [index, [status, name]] of rows.entries()) {
        it(`${status} for ${name}`, async () => isRefused(await outcomes[index]!, status));
      }
    });
  }

  const with400 = ([what, request]: Row) => [400, what, request] as const;
  describeRefused('gets an answer and a closed connection:', malformed.map(with400));
  describeRefused('smuggles nothing past:', smuggling.map(with400));
  describeRefused('gets the status that names it:', refused);

  it('does not take an answer away from the good request before it', async () => {
    const client = await RawClient.connect(stage, { port });
    await client.send('GET /good HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n');
    expect((await client.answer()).body.toString()).to.equal('good');
    expect(statusOf(await client.answer())).to.equal(400);
    await client.closed();
  });

  /** Sends `drop` ten times a second until the connection is closed. */
  async function dripping(beginning: string, drop: string): Promise<Outcome> {
    const client = await RawClient.connect(whole, { port });
    let isClosed = false;
    const closed = client.closed().finally(() => (isClosed = true));
    await client.send(beginning);
    const drip = async () => {
      while (!isClosed) {
        await setTimeout(100);
        await client.send(drop);
      }
    };
    const [answer] = await Promise.all([client.answer(), closed, drip()]);
    return { answer, received: client.received };
  }

  it('that drips gets 408 and a closed connection: head, body with a length, body in chunks', async () => {
    const outcomes = await Promise.all([
      dripping('GET /bad HTTP/1.1\r\nHost: a\r\nX: ', 'x'),
      dripping(post('Content-Length: 1000', 'begun'), 'x'),
      dripping(chunked('5\r\nbegun\r\n'), '1\r\nx\r\n'),
    ]);
    for (const outcome of outcomes) isRefused(outcome, 408);
  });

  it('that never comes is waited for no longer than timeouts.idle, and closed without a word', async () => {
    const [silent, fallenSilent] = [
      await RawClient.connect(stage, { port }),
      await RawClient.connect(stage, { port }),
    ];
    await fallenSilent.send('GET /good HTTP/1.1\r\nHost: a\r\n\r\n');
    const answer = await fallenSilent.answer();
    await Promise.all([silent.closed(), fallenSilent.closed()]);
    expect(silent.received).to.equal('');
    expect(fallenSilent.received).to.equal(answer.raw);
  });

  it('that is pipelined beyond limits.pipeline is answered as far as it was read, then 503', async () => {
    const { opened, open } = gate();
    container.serve('/good?held', answeringWhen(opened));
    const client = await RawClient.connect(stage, { port });
    const asked = container.asked('/good?held');
    await client.send('GET /good?held HTTP/1.1\r\nHost: a\r\n\r\n');
    await asked;
    await client.send('GET /good HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000));
    open();
    await client.closed();
    const statuses = [...client.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses.at(-1)).to.equal('503');
    expect(statuses.slice(0, -1).every(status => status === '200')).to.be.true;
    expect(statuses, 'far fewer than 1,000').to.have.lengthOf.within(2, 500);
  });
});
