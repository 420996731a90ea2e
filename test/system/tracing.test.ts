import { expect } from 'chai';
import { parsedTraceparent, traceparentOf } from '../../src/telemetry/traceparent.js';
import { statusOf, valuesOf } from '../support/http-message.js';
import { OtlpReceiver, type Span } from '../support/otlp-receiver.js';
import { configFor, up } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  answering,
  hanging,
  playingThenReset,
  refusing,
  ScriptedContainer,
} from '../support/scripted-container.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { spread, upgradable, type Upgradable } from '../support/upgradable.js';

const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: app\r\n${fields}\r\n`;

/** Milliseconds that spans wait to be sent together. */
const DELAY = '50';

let made = 0;
/** A trace of a client's own. */
const parent = (isSampled: boolean) => {
  made += 1;
  const traceId = made.toString(16).padStart(32, 'a');
  return { traceId, parentId: '00f067aa0ba902b7', isSampled };
};

const serverSpan = (spans: readonly Span[]): Span => {
  const found = spans.filter(({ kind }) => kind === 'server');
  expect(found).to.have.length(1);
  return found[0]!;
};
const clientSpans = (spans: readonly Span[]) => spans.filter(({ kind }) => kind === 'client');

describe('system: spans', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let stable: ScriptedContainer;
  let moving: ScriptedContainer;
  let receiver: OtlpReceiver;
  let at: Upgradable;
  let edition = 1;

  before(async () => {
    process.env['OTEL_BSP_SCHEDULE_DELAY'] = DELAY;
    whole.atEnd(() => delete process.env['OTEL_BSP_SCHEDULE_DELAY']);
    stable = await ScriptedContainer.start(whole);
    moving = await ScriptedContainer.start(whole);
    stable.serveOthers(answering(200, 'old'));
    moving.serveOthers(answering(200, 'new'));
    receiver = await OtlpReceiver.start(whole);
    const telemetry = { otlp: { endpoint: receiver.endpoint } };
    at = await upgradable(whole, [stable.address], { telemetry });
  });

  const once = (...request: readonly string[]) => ask(stage, at, ...request);
  /** What a server was told in `traceparent`, each time that it was asked for this target. */
  const told = (container: ScriptedContainer, target: string) =>
    container.requests
      .filter(({ startLine }) => startLine.split(' ')[1] === target)
      .map(request => {
        const [value, ...more] = valuesOf(request, 'traceparent');
        expect(more).to.deep.equal([]);
        return parsedTraceparent(value!)!;
      });

  it('are a root and a child where the trace begins here', async () => {
    await once('GET /root?secret=1 HTTP/1.1\r\nHost: app:81\r\nUser-Agent: test/1\r\n\r\n');
    const [seen] = told(stable, '/root?secret=1');
    expect(seen?.isSampled).to.equal(true);
    const spans = await receiver.trace(seen!.traceId, 2);
    const root = serverSpan(spans);
    const [child, ...more] = clientSpans(spans);
    expect(more).to.deep.equal([]);
    expect(root.parentSpanId ?? '').to.equal('');
    expect(child?.parentSpanId).to.equal(root.spanId);
    expect(seen?.parentId).to.equal(child?.spanId);
    expect([root.name, root.isError, child?.name, child?.isError]).to.deep.equal([
      'GET',
      false,
      'GET',
      false,
    ]);
    expect(root.attributes).to.deep.equal({
      'http.request.method': 'GET',
      'url.path': '/root',
      'url.scheme': 'http',
      'server.address': 'app',
      'server.port': 81,
      'user_agent.original': 'test/1',
      'http.response.status_code': 200,
      'cutover.version': '1.0',
      'cutover.attempts': 1,
      'cutover.rescued': false,
    });
    const { ip, port } = stable.address;
    expect(child?.attributes).to.deep.equal({
      'http.request.method': 'GET',
      'server.address': ip,
      'server.port': port,
      'url.full': `http://${ip}:${port}/root`,
      'http.response.status_code': 200,
      'cutover.version': '1.0',
    });
    expect([...receiver.services]).to.deep.equal(['cutover']);
  });

  it('belong to the trace of a client that samples it', async () => {
    const client = parent(true);
    await once(get('/mine', `traceparent: ${traceparentOf(client)}\r\ntracestate: a=1\r\n`));
    const spans = await receiver.trace(client.traceId, 2);
    expect(serverSpan(spans).parentSpanId).to.equal(client.parentId);
    const [seen] = told(stable, '/mine');
    expect(seen).to.deep.equal({ ...client, parentId: clientSpans(spans)[0]?.spanId });
  });

  it('are not made of a trace that its client does not sample: it is passed on as it is', async () => {
    const client = parent(false);
    await once(get('/unsampled', `traceparent: ${traceparentOf(client)}\r\n`));
    expect(told(stable, '/unsampled')).to.deep.equal([client]);
    // What is sampled afterwards has arrived: so would have this.
    const next = parent(true);
    await once(get('/sampled', `traceparent: ${traceparentOf(next)}\r\n`));
    await receiver.trace(next.traceId, 2);
    expect(receiver.spans.some(({ traceId }) => traceId === client.traceId)).to.equal(false);
  });

  it('tell that a client has gone', async () => {
    stable.serve('/gone', hanging);
    const client = parent(true);
    const raw = await RawClient.connect(stage, at);
    await raw.send(get('/gone', `traceparent: ${traceparentOf(client)}\r\n`));
    await stable.asked('/gone');
    raw.reset();
    const spans = await receiver.trace(client.traceId, 2);
    for (const each of spans) expect(each.attributes['error.type']).to.equal('aborted');
  });

  it('tell what failed, and keep names few', async () => {
    stable.serve('/failed', playingThenReset('HTTP/1.1 2'));
    const client = parent(true);
    const request = `BREW /failed HTTP/1.1\r\nHost: a\r\ntraceparent: ${traceparentOf(client)}\r\n\r\n`;
    expect(statusOf(await once(request))).to.equal(502);
    const spans = await receiver.trace(client.traceId, 2);
    for (const each of spans) {
      expect(each).to.include({ name: 'HTTP', isError: true });
      expect(each.attributes).to.include({
        'http.request.method': '_OTHER',
        'http.request.method_original': 'BREW',
        'error.type': 'ERR_SERVER_RESET',
      });
    }
  });

  describe('in an upgrade', () => {
    let id = '';
    const upgrade = async (mode: string) => {
      id = await at.api.upgrade('2.0', [moving.address], { mode });
      await spread(at, (edition += 1));
    };
    afterEach(async () => {
      expect(await at.api.remove(id)).to.equal(202);
      await spread(at, (edition += 1));
    });

    it('tell of a rescue: each attempt has its own, and its server hears of that one', async () => {
      await upgrade('INSTANT');
      moving.serve('/rescued', answering(500, 'broken'));
      const client = parent(true);
      await once(get('/rescued', `traceparent: ${traceparentOf(client)}\r\n`));
      const spans = await receiver.trace(client.traceId, 3);
      expect(serverSpan(spans).attributes).to.include({
        'cutover.version': '1.0',
        'cutover.strategy': 'INSTANT',
        'cutover.attempts': 2,
        'cutover.rescued': true,
        'http.response.status_code': 200,
      });
      const of = (version: string) =>
        clientSpans(spans).find(each => each.attributes['cutover.version'] === version);
      expect(of('2.0')).to.include({ isError: true });
      expect(of('2.0')?.attributes).to.include({ 'error.type': '500' });
      expect(of('1.0')).to.include({ isError: false });
      expect(of('1.0')?.attributes).to.include({ 'http.request.resend_count': 1 });
      expect(told(moving, '/rescued')[0]?.parentId).to.equal(of('2.0')?.spanId);
      expect(told(stable, '/rescued')[0]?.parentId).to.equal(of('1.0')?.spanId);
    });

    it('tell of a comparison', async () => {
      await upgrade('CONCURRENT');
      const client = parent(true);
      await once(get('/differs', `traceparent: ${traceparentOf(client)}\r\n`));
      const spans = await receiver.trace(client.traceId, 3);
      expect(serverSpan(spans).attributes).to.include({
        'cutover.strategy': 'CONCURRENT',
        'cutover.compared': 'differed',
        'cutover.version': '1.0',
        'cutover.rescued': false,
      });
      expect(clientSpans(spans)).to.have.length(2);
    });
  });

  it('harm nobody when their collector is away, and it is said once', async () => {
    const { ip, port } = await refusing(stage);
    const telemetry = { otlp: { endpoint: `http://${ip}:${port}/v1/traces` } };
    const args = ['--workers', '1'];
    const { cutover, ...away } = await up(stage, configFor([stable.address], { telemetry }), args);
    for (let asked = 0; asked < 50; asked++) {
      expect(statusOf(await ask(stage, away, get('/away')))).to.equal(200);
    }
    await cutover.logged('spans-lost');
    expect(statusOf(await ask(stage, away, get('/away')))).to.equal(200);
    expect((await cutover.stop()).code).to.equal(0);
    expect(cutover.all('spans-lost')).to.have.length(1);
  });

  it('are sampled only where they are wanted, if their trace begins here', async () => {
    const telemetry = { otlp: { endpoint: receiver.endpoint, share: 0 } };
    const args = ['--workers', '1'];
    const { cutover, ...none } = await up(stage, configFor([stable.address], { telemetry }), args);
    await ask(stage, none, get('/none'));
    const client = parent(true);
    await ask(stage, none, get('/wanted', `traceparent: ${traceparentOf(client)}\r\n`));
    await receiver.trace(client.traceId, 2);
    expect((await cutover.stop()).code).to.equal(0);
    const [seen] = told(stable, '/none');
    expect(seen?.isSampled).to.equal(false);
    expect(receiver.spans.some(({ traceId }) => traceId === seen?.traceId)).to.equal(false);
  });
});
