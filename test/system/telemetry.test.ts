import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parsedTraceparent } from '../../src/telemetry/traceparent.js';
import { statusOf, valuesOf, type Message } from '../support/http-message.js';
import { configFor, frontend, homeFor, up, worker, type Sections } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  answering,
  answeringInChunks,
  hanging,
  playing,
  playingThenReset,
  refusing,
  ScriptedContainer,
  type ServerAddress,
} from '../support/scripted-container.js';
import { stageForAll, stageForEach, type Stage } from '../support/stage.js';
import { spread, upgradable } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: app\r\n${fields}\r\n`;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;
const LOG = 'access.log';

type Line = Readonly<Record<string, unknown>>;

/** The lines of an access log that are whole. */
const linesOf = async (file: string): Promise<readonly string[]> =>
  (await readFile(file, 'latin1').catch(() => '')).split('\n').slice(0, -1);

/** An access log that tests read: of each test those lines that are about its own targets. */
class Log {
  readonly file: string;

  constructor(folder: string) {
    this.file = join(folder, LOG);
  }

  /** Every one is strict JSON. */
  async about(target: string): Promise<readonly Line[]> {
    const lines = await linesOf(this.file);
    return lines.map(each => JSON.parse(each) as Line).filter(each => each['target'] === target);
  }

  async one(target: string): Promise<Line> {
    let found: readonly Line[] = [];
    await eventually(`a line about ${target}`, async () => {
      found = await this.about(target);
      return found.length > 0;
    });
    expect(found).to.have.length(1);
    return found[0]!;
  }
}

/** `cutover up` with control and an access log in its own folder. */
async function logged(stage: Stage, servers: readonly ServerAddress[], sections: Sections = {}) {
  const folder = await stage.folder();
  const log = new Log(folder);
  const accessLog = { file: log.file, ...(sections['accessLog'] as object | undefined) };
  const at = await upgradable(stage, servers, { ...sections, accessLog });
  return { ...at, log };
}

const idOf = (answer: Message) => valuesOf(answer, 'x-request-id');

describe('system: names of requests', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let container: ScriptedContainer;
  let port: number;

  before(async () => {
    container = await ScriptedContainer.start(whole);
    container.serveOthers(answering(200, 'fine'));
    ({ port } = await up(whole, configFor([container.address]), ['--workers', '1']));
  });

  const once = (...request: readonly string[]) => ask(stage, { port }, ...request);
  const arrived = (target: string): Message => {
    const found = container.requests.find(({ startLine }) => startLine.split(' ')[1] === target);
    if (found === undefined) throw new Error(`${target} has not arrived`);
    return found;
  };

  it('of clients are passed on, and told in the answer', async () => {
    const fields = `X-Request-Id: order-7.a_b~c\r\ntraceparent: ${TRACEPARENT}\r\ntracestate: a=1\r\nTracestate: b=2\r\n`;
    const answer = await once(get('/given', fields));
    expect(idOf(answer)).to.deep.equal(['order-7.a_b~c']);
    expect(valuesOf(arrived('/given'), 'x-request-id')).to.deep.equal(['order-7.a_b~c']);
    expect(valuesOf(arrived('/given'), 'traceparent')).to.deep.equal([TRACEPARENT]);
    expect(valuesOf(arrived('/given'), 'tracestate')).to.deep.equal(['a=1', 'b=2']);
  });

  it('are made where there are none, each once', async () => {
    const answers = [await once(get('/made/1')), await once(get('/made/2'))];
    const names = answers.map(each => idOf(each)[0]!);
    expect(names[0]).to.match(/^[\w.~-]{1,128}$/);
    expect(names[0]).not.to.equal(names[1]);
    for (const [at, target] of ['/made/1', '/made/2'].entries()) {
      expect(valuesOf(arrived(target), 'x-request-id')).to.deep.equal([names[at]]);
    }
    const traces = ['/made/1', '/made/2'].map(target => {
      const [field, ...more] = valuesOf(arrived(target), 'traceparent');
      expect(more).to.deep.equal([]);
      return parsedTraceparent(field!);
    });
    expect(traces.map(each => each?.isSampled)).to.deep.equal([false, false]);
    expect(traces[0]?.traceId).not.to.equal(traces[1]?.traceId);
  });

  const hostile: readonly (readonly [string, string])[] = [
    ['empty', 'X-Request-Id: \r\n'],
    ['too long', `X-Request-Id: ${'a'.repeat(129)}\r\n`],
    ['two of them', 'X-Request-Id: a\r\nx-request-id: b\r\n'],
    ['with a blank', 'X-Request-Id: a b\r\n'],
    ['with quotes', 'X-Request-Id: "a"\r\n'],
    ['with markup', 'X-Request-Id: <script>\r\n'],
    ['with bytes beyond ASCII', 'X-Request-Id: \xe9\x9b\r\n'],
    ['with a percent sign', 'X-Request-Id: a%0d%0aSet-Cookie:%20x\r\n'],
    ['spelled for CGI', 'X_Request_Id: forged\r\n'],
    ['named by Connection', 'Connection: X-Request-Id\r\n'],
  ];
  for (const [what, fields] of hostile) {
    it(`are made anew for one that is ${what}`, async () => {
      const target = `/hostile/${encodeURIComponent(what)}`;
      const [name, ...more] = idOf(await once(get(target, fields)));
      expect(more).to.deep.equal([]);
      expect(name).to.match(/^[\da-f]{16}-[\da-z]+$/);
      expect(valuesOf(arrived(target), 'x-request-id')).to.deep.equal([name]);
      expect(valuesOf(arrived(target), 'x_request_id')).to.deep.equal([]);
    });
  }

  const invalid: readonly (readonly [string, string])[] = [
    ['of no trace', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['of no parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', TRACEPARENT.toUpperCase()],
    ['of version ff', `ff${TRACEPARENT.slice(2)}`],
    ['with more than 00 has', `${TRACEPARENT}-00`],
    ['cut off', TRACEPARENT.slice(0, -1)],
    ['twice in a line', `${TRACEPARENT}, ${TRACEPARENT}`],
  ];
  for (const [what, value] of invalid) {
    it(`begin a new trace where traceparent is ${what}, and drop tracestate`, async () => {
      const target = `/trace/${encodeURIComponent(what)}`;
      await once(get(target, `traceparent: ${value}\r\ntracestate: a=1\r\n`));
      const [field, ...more] = valuesOf(arrived(target), 'traceparent');
      expect(more).to.deep.equal([]);
      const parent = parsedTraceparent(field!);
      expect(parent?.isSampled).to.equal(false);
      expect(parent?.traceId).not.to.equal(TRACE);
      expect(valuesOf(arrived(target), 'tracestate')).to.deep.equal([]);
    });
  }

  it('begin a new trace where there are two traceparents', async () => {
    await once(get('/trace/two', `traceparent: ${TRACEPARENT}\r\ntraceparent: ${TRACEPARENT}\r\n`));
    const fields = valuesOf(arrived('/trace/two'), 'traceparent');
    expect(fields).to.have.length(1);
    expect(fields[0]).not.to.include(TRACE);
  });

  it('of a server stay in its answer, alone', async () => {
    container.serve('/own', answering(200, '', [['x-request-ID', 'the-server-s']]));
    expect(idOf(await once(get('/own', 'X-Request-Id: client-s\r\n')))).to.deep.equal([
      'the-server-s',
    ]);
    expect(valuesOf(arrived('/own'), 'x-request-id')).to.deep.equal(['client-s']);
  });

  it('are told with answers of ours, too', async () => {
    const refused = await once('GET / HTTP/1.1\r\nBad Field: x\r\n\r\n');
    expect(statusOf(refused)).to.equal(400);
    expect(idOf(refused)[0]).to.match(/^[\da-f]{16}-[\da-z]+$/);
    container.serve('/reset', playingThenReset('HTTP/1.1 200'));
    const failed = await once(
      'POST /reset HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nContent-Length: 0\r\n\r\n',
    );
    expect(statusOf(failed)).to.equal(502);
    expect(idOf(failed)).to.deep.equal(['mine']);
  });

  it('are none of our business where they are turned off', async () => {
    const at = await up(stage, configFor([container.address], { telemetry: { ids: false } }), [
      '--workers',
      '1',
    ]);
    const fields = 'X-Request-Id: a b\r\ntraceparent: x\r\ntracestate: y\r\n';
    expect(idOf(await ask(stage, at, get('/off', fields)))).to.deep.equal([]);
    for (const [name, value] of [
      ['x-request-id', 'a b'],
      ['traceparent', 'x'],
      ['tracestate', 'y'],
    ] as const) {
      expect(valuesOf(arrived('/off'), name)).to.deep.equal([value]);
    }
    await ask(stage, at, get('/off/none'));
    expect(valuesOf(arrived('/off/none'), 'x-request-id')).to.deep.equal([]);
  });
});

describe('system: the access log', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let stable: ScriptedContainer;
  let moving: ScriptedContainer;
  let at: Awaited<ReturnType<typeof logged>>;

  before(async () => {
    stable = await ScriptedContainer.start(whole);
    moving = await ScriptedContainer.start(whole);
    for (const [each, text] of [
      [stable, 'old'],
      [moving, 'new'],
    ] as const) {
      each.serveOthers(answering(200, text));
    }
    at = await logged(whole, [stable.address], {
      proxy: { ip: '127.0.0.1', port: 0, trusted: { ip: '127.0.0.1', port: 0 } },
      telemetry: { answerHeader: true },
    });
  });

  const once = (...request: readonly (string | Buffer)[]) => ask(stage, at, ...request);
  const who = (answer: Message) => valuesOf(answer, 'cutover');
  const nameOf = ({ address }: ScriptedContainer) => `${address.ip}:${address.port}`;

  describe('without an upgrade', () => {
    it('tells all that is known of a request', async () => {
      const fields = `User-Agent: test/1\r\nReferer: https://u:p@site/page?secret=1\r\nX-Request-Id: one\r\ntraceparent: ${TRACEPARENT}\r\n`;
      const answer = await once(get('/one?secret=2', fields));
      const line = await at.log.one('/one?');
      const { time, duration, firstByte, ...rest } = line;
      expect(rest).to.deep.equal({
        client: null,
        method: 'GET',
        host: 'app',
        target: '/one?',
        http: '1.1',
        status: 200,
        end: 'complete',
        code: null,
        bytes: 3,
        requestId: 'one',
        traceId: TRACE,
        userAgent: 'test/1',
        referer: 'https://site/page?',
        version: '1.0',
        strategy: null,
        server: nameOf(stable),
        attempts: 1,
        rescued: false,
        compared: null,
        session: 'new',
      });
      expect(String(time)).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(firstByte).to.be.within(0, Number(duration));
      expect(who(answer)).to.deep.equal(['version="1.0"']);
    });

    it('tells that a session goes on', async () => {
      const first = await once(get('/session/1'));
      const cookie = valuesOf(first, 'set-cookie')[0]!.split(';')[0]!;
      await once(get('/session/2', `Cookie: ${cookie}\r\n`));
      expect(await at.log.one('/session/1')).to.include({ session: 'new' });
      expect(await at.log.one('/session/2')).to.include({ session: 'kept' });
    });

    it('tells of each request of a connection, and of HEAD and chunks', async () => {
      stable.serve('/chunks', answeringInChunks(['abc', 'defg'], [['Cutover', 'forged']]));
      const client = await RawClient.connect(stage, at);
      await client.send(get('/chunks') + 'HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n');
      const chunks = await client.answer();
      expect(chunks.trailers).to.deep.equal([]);
      await client.answer({ toHead: true });
      expect(await at.log.one('/chunks')).to.include({ bytes: 7, status: 200 });
      expect(await at.log.one('/head')).to.include({ bytes: 0, status: 200, method: 'HEAD' });
    });

    it('tells of a client that went away before its answer', async () => {
      stable.serve('/gone', hanging);
      const client = await RawClient.connect(stage, at);
      await client.send(get('/gone', 'X-Request-Id: gone\r\n'));
      await stable.asked('/gone');
      client.reset();
      expect(await at.log.one('/gone')).to.include({
        status: 499,
        end: 'aborted',
        bytes: 0,
        firstByte: null,
        requestId: 'gone',
      });
    });

    it('tells of a client that went away in the middle of its answer', async () => {
      stable.serve('/middle', playing('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
      const client = await RawClient.connect(stage, at);
      await client.send(get('/middle'));
      await client.until('half');
      client.reset();
      expect(await at.log.one('/middle')).to.include({ status: 200, end: 'aborted', bytes: 4 });
    });

    it('tells of a client that went away before its body was here', async () => {
      const client = await RawClient.connect(stage, at);
      await client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc');
      await client.send('d');
      client.reset();
      expect(await at.log.one('/upload')).to.include({ status: 499, method: 'POST', server: null });
    });

    it('tells of an answer that its server broke off', async () => {
      stable.serve('/cut', playingThenReset('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
      const client = await RawClient.connect(stage, at);
      await client.send(get('/cut'));
      await client.closed();
      expect(await at.log.one('/cut')).to.include({ status: 200, end: 'cut' });
    });

    it('tells of what was refused: with its head, if that was one', async () => {
      const length = 'Content-Length: 99999999999\r\n';
      const before = (await linesOf(at.log.file)).length;
      expect(statusOf(await once('GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'))).to.equal(400);
      expect(statusOf(await once(`POST /large HTTP/1.1\r\nHost: a\r\n${length}\r\n`))).to.equal(
        413,
      );
      const chunked = 'POST /chunk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n';
      expect(statusOf(await once(chunked))).to.equal(400);
      const line = await at.log.one('/chunk');
      expect(line).to.include({ status: 400, code: 'ERR_BODY_MALFORMED', method: 'POST' });
      const refused = (await linesOf(at.log.file))
        .slice(before)
        .map(each => JSON.parse(each) as Line);
      expect(refused.map(each => [each['status'], each['code'], each['target']])).to.deep.equal([
        [400, 'ERR_HEAD_MALFORMED', null],
        [413, 'ERR_BODY_TOO_LARGE', null],
        [400, 'ERR_BODY_MALFORMED', '/chunk'],
      ]);
      for (const each of refused) expect(each['requestId']).to.be.a('string');
    });

    it('tells of a tunnel when it ends', async () => {
      stable.serve('/socket', ({ write, socket }) => {
        write('HTTP/1.1 101 Fine\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
        socket.once('data', () => socket.end());
      });
      const client = await RawClient.connect(stage, at);
      await client.send(get('/socket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
      await client.until('hello');
      expect(await at.log.about('/socket')).to.deep.equal([]);
      await client.send('bye');
      await client.closed();
      expect(await at.log.one('/socket')).to.include({ status: 101, end: 'complete', bytes: 5 });
    });

    it('cannot be made to lie by what clients send', async () => {
      const forged = '"},{"status":200}\\\t\x9b31m\xe9';
      await once(get('/forged', `User-Agent: ${forged}\r\nReferer: ${forged}\r\n`));
      const line = await at.log.one('/forged');
      expect(line).to.include({ userAgent: forged, referer: forged });
      const [raw] = (await linesOf(at.log.file)).filter(each => each.includes('"/forged"'));
      expect(raw).to.match(/^[\x20-\x7e]+$/);
    });

    it('does not let servers say who has answered', async () => {
      stable.serve(
        '/claims',
        answering(200, '', [
          ['cutover', 'version="9"'],
          ['CUTOVER', 'rescued'],
          ['Cutover-Else', 'stays'],
        ]),
      );
      const answer = await once(get('/claims'));
      expect(who(answer)).to.deep.equal(['version="1.0"']);
      expect(valuesOf(answer, 'cutover-else')).to.deep.equal(['stays']);
    });

    it('is opened anew when it has been moved away', async () => {
      await once(get('/before'));
      await at.log.one('/before');
      const lines = await linesOf(at.log.file);
      await rename(at.log.file, `${at.log.file}.1`);
      await eventually('the log is there again', async () => {
        await once(get('/rotated'));
        return (await at.log.about('/rotated')).length > 0;
      });
      expect((await linesOf(`${at.log.file}.1`)).slice(0, lines.length)).to.deep.equal(lines);
    });

    it('tells the address that a trusted sender has told', async () => {
      const listening = at.cutover.all('frontend-listening').map(({ address }) => address);
      const trusted = Number(
        /:(\d+)$/.exec(listening.find(each => !each.endsWith(`:${at.port}`))!)![1],
      );
      const client = await RawClient.connect(stage, { port: trusted });
      await client.send(`PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n${get('/proxied')}`);
      await client.answer();
      expect(await at.log.one('/proxied')).to.include({ client: '203.0.113.9' });
    });
  });

  describe('in an upgrade', () => {
    let edition = 1;
    let id = '';
    const upgrade = async (transition: Readonly<Record<string, unknown>>) => {
      id = await at.api.upgrade('2.0', [moving.address], transition);
      await spread(at, (edition += 1));
    };

    afterEach(async () => {
      expect(await at.api.remove(id)).to.equal(202);
      await spread(at, (edition += 1));
    });

    it('tells of a rescue, under the name that the request had from the start', async () => {
      await upgrade({ mode: 'INSTANT' });
      moving.serve('/rescued', answering(500, 'broken'));
      const answer = await once(get('/rescued', 'X-Request-Id: saved\r\n'));
      expect(answer.body.toString()).to.equal('old');
      expect(who(answer)).to.deep.equal(['version="1.0", strategy=INSTANT, rescued']);
      expect(await at.log.one('/rescued')).to.include({
        status: 200,
        version: '1.0',
        strategy: 'INSTANT',
        server: nameOf(stable),
        attempts: 2,
        rescued: true,
        requestId: 'saved',
      });
      for (const each of [moving, stable]) {
        const head = each.heads.find(text => text.startsWith('GET /rescued '));
        expect(head).to.include('\r\nX-Request-Id: saved\r\n');
      }
    });

    it('tells what a comparison has shown', async () => {
      await upgrade({ mode: 'CONCURRENT' });
      for (const each of [stable, moving]) each.serve('/same', answering(200, 'same'));
      const agreed = await once(get('/same'));
      expect(who(agreed)).to.deep.equal(['version="2.0", strategy=CONCURRENT, compared=agreed']);
      expect(await at.log.one('/same')).to.include({
        version: '2.0',
        compared: 'agreed',
        attempts: 1,
        rescued: false,
      });
      const differed = await once(get('/differs'));
      expect(who(differed)).to.deep.equal([
        'version="1.0", strategy=CONCURRENT, compared=differed',
      ]);
      expect(await at.log.one('/differs')).to.include({ version: '1.0', compared: 'differed' });
      await once('POST /alone HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
      expect(await at.log.one('/alone')).to.include({ version: '1.0', compared: null });
    });

    it('tells whom a request was given to last that failed', async () => {
      await upgrade({ mode: 'INSTANT' });
      moving.serve('/failed', playingThenReset('HTTP/1.1 2'));
      const post = 'POST /failed HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
      const answer = await once(post);
      expect(statusOf(answer)).to.equal(502);
      expect(who(answer)).to.deep.equal(['version="2.0", strategy=INSTANT']);
      expect(await at.log.one('/failed')).to.include({
        status: 502,
        code: 'ERR_SERVER_RESET',
        end: 'complete',
        version: '2.0',
        server: nameOf(moving),
        attempts: 1,
        rescued: false,
      });
    });
  });

  it('can be had in the Combined format, with queries if wanted', async () => {
    const folder = await stage.folder();
    const file = join(folder, LOG);
    const sections = { accessLog: { file, format: 'combined', queries: true } };
    const combined = await up(stage, configFor([stable.address], sections), ['--workers', '1']);
    await ask(
      stage,
      combined,
      get('/a?b=c', 'User-Agent: x "y" \\ \xe9\r\nReferer: http://a/?q\r\n'),
    );
    await ask(stage, combined, 'nonsense\r\n\r\n');
    await eventually('two lines', async () => (await linesOf(file)).length === 2);
    const [first, second] = await linesOf(file);
    const time = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]`;
    expect(first).to.match(
      new RegExp(
        String.raw`^- - - ${time} "GET /a\?b=c HTTP/1\.1" 200 3 "http://a/\?q" "x \\"y\\" \\\\ \\xe9"$`,
      ),
    );
    expect(second).to.match(new RegExp(`^- - - ${time} "-" 400 \\d+ "-" "-"$`));
  });

  it('can be had on standard output, between the lines of the log, which name requests as well', async () => {
    const sections = { accessLog: { file: '-' }, log: { level: 'debug' } };
    const { cutover, port } = await up(stage, configFor([await refusing(stage)], sections), [
      '--workers',
      '1',
    ]);
    await ask(stage, { port }, get('/out', 'X-Request-Id: find-me\r\n'));
    await cutover.printed('"target":"/out"');
    const [line] = cutover.output.split('\n').filter(each => each.includes('"/out"'));
    expect(JSON.parse(line!)).to.include({ status: 502, requestId: 'find-me' });
    const where = (line: { requestId?: string | undefined }) => line.requestId === 'find-me';
    await cutover.logged('request-refused', { where });
    await cutover.logged('exchange-failed', { where });
  });

  it('that cannot be opened is said at the start', async () => {
    const home = await homeFor(
      stage,
      configFor([stable.address], { accessLog: { file: '/nowhere/at/all.log' } }),
    );
    const device = `ipc://${home.folder}/d`;
    const started = frontend(stage, home, '--device', device);
    const cause = await started.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(cause)).to.include('accessLog.file: ENOENT');
  });

  it('is told how answers came about by workers that know nothing of it', async () => {
    const log = new Log(await stage.folder());
    const plain = await homeFor(stage, configFor([stable.address]));
    const home = await homeFor(
      stage,
      configFor([stable.address], { accessLog: { file: log.file } }),
    );
    const device = `ipc://${home.folder}/d`;
    const { port } = await frontend(stage, home, '--device', device);
    await worker(stage, plain, '--frontend', device);
    await ask(stage, { port }, get('/told'));
    expect(await log.one('/told')).to.include({ version: '1.0', server: nameOf(stable) });
  });
});
