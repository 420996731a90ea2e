import { expect } from 'chai';
import { deterministicBytes } from '../support/bytes.js';
import { containerProcess } from '../support/container-process.js';
import { counting, httpContainer, serverSentEvents } from '../support/containers.js';
import { gate } from '../support/gate.js';
import { statusOf, valuesOf, type Message } from '../support/http-message.js';
import { Load, nothing, unharmed } from '../support/load.js';
import {
  configFor,
  frontend,
  homeFor,
  up,
  type CutoverProcess,
  type Sections,
} from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  answering,
  answeringWhen,
  hanging,
  playing,
  playingSlowly,
  playingThenReset,
  playingToTheEnd,
  refusing,
  ScriptedContainer,
  type Script,
} from '../support/scripted-container.js';
import { stageForAll, stageForEach } from '../support/stage.js';

const request = (method: string, target: string) =>
  `${method} ${target} HTTP/1.1\r\nHost: app\r\nContent-Length: 0\r\n\r\n`;
const get = (target: string) => request('GET', target);

describe('system: containers that fail', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let container: ScriptedContainer;
  let port: number;

  before(async () => {
    container = await ScriptedContainer.start(whole);
    container.serve('/good', answering(200, 'good'));
    const timeouts = { answer: 1, stream: 2 };
    ({ port } = await up(whole, configFor([container.address], { timeouts }), ['--workers', '1']));
  });

  afterEach('the next request is served', async () => {
    expect((await ask(stage, { port }, get('/good'))).body.toString()).to.equal('good');
  });

  const withoutAnswer: readonly (readonly [status: number, what: string, script: Script])[] = [
    [502, 'closes the connection without an answer', playingToTheEnd()],
    [502, 'ends in the middle of its head', playingToTheEnd('HTTP/1.1 200 OK\r\nContent-Le')],
    [502, 'resets in the middle of its head', playingThenReset('HTTP/1.1 200 OK\r\nContent-Le')],
    [502, 'answers with garbage', playing('\0\x01\x02 this is not HTTP\r\n\r\n')],
    [502, 'answers with a status that is none', playing('HTTP/1.1 20x OK\r\n\r\n')],
    [502, 'answers with a malformed field', playing('HTTP/1.1 200 OK\r\nBad Field: x\r\n\r\n')],
    [
      502,
      'answers with two lengths',
      playing('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
    ],
    [
      502,
      'answers with a length and chunks',
      playing(
        'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
    ],
    [
      502,
      'answers with a head without end',
      playing('HTTP/1.1 200 OK\r\n', `X: ${'x'.repeat(40_000)}`),
    ],
    [504, 'does not answer in time', hanging],
    [504, 'does not finish its head in time', playing('HTTP/1.1 200 OK\r\nContent-Le')],
  ];
  for (const [index, [status, what, script]] of withoutAnswer.entries()) {
    it(`${what}: the client gets ${status}`, async () => {
      const target = `/without-${index}`;
      container.serve(target, script);
      const answer = await ask(stage, { port }, request('POST', target));
      expect(statusOf(answer)).to.equal(status);
      expect(container.times(target), 'a POST is sent once').to.equal(1);
    });
  }

  const cutOff: readonly (readonly [what: string, script: Script])[] = [
    [
      'ends in a body with a length',
      playingToTheEnd('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    [
      'resets in a body with a length',
      playingThenReset('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    ],
    [
      'ends in a body in chunks',
      playingToTheEnd('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    ],
    [
      'sends a chunk size that is none',
      playingSlowly(
        1_000, // were it all in one piece, nothing would be passed on, and 502 be the answer
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
        'xyz\r\n',
      ),
    ],
    ['falls silent in its body', playing('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')],
  ];
  for (const [index, [what, script]] of cutOff.entries()) {
    it(`${what}: the client is cut off, too`, async () => {
      const target = `/cut-${index}`;
      container.serve(target, script);
      const client = await RawClient.connect(stage, { port });
      await client.send(get(target), get('/good'));
      const outcome = await client.answer().catch(String);
      expect(outcome).to.be.a('string').that.includes('cut off after');
      expect(client.received, 'nothing stands where the rest was due').not.to.match(
        /0\r\n\r\n$|good/,
      );
    });
  }

  it('refuse everything: the client gets 502', async () => {
    const servers = [await refusing(stage), await refusing(stage)];
    const other = await up(stage, configFor(servers), ['--workers', '1']);
    for (const method of ['GET', 'POST']) {
      expect(statusOf(await ask(stage, other, request(method, '/')))).to.equal(502);
    }
  });

  it('refuse beside one that does not: it answers everything', async () => {
    const { listener, times } = counting({ name: 'a' });
    const servers = [
      await refusing(stage),
      await httpContainer(stage, listener),
      await refusing(stage),
    ];
    const other = await up(stage, configFor(servers), ['--workers', '1']);
    const load = Load.start(stage, { ...other, clients: 8, requests: 200, method: 'POST' });
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
    expect(Math.max(...times.values())).to.equal(1);
  });

  it('are killed: the other one serves, and the first again when it is back', async () => {
    const doomed = await containerProcess(stage, { name: 'doomed', delay: 5 });
    const steady = await httpContainer(stage, counting({ name: 'steady' }).listener);
    const other = await up(stage, configFor([doomed.address, steady]), ['--workers', '1']);
    const clients = 16;
    const load = Load.start(stage, { ...other, clients });
    await load.more(200);
    await doomed.kill();
    await load.more(200);
    const { failed, wrong } = load.tally;
    // What it had begun to answer is lost; whoever had asked the other one notices nothing.
    expect([...failed.values()].flat()).to.have.lengthOf.at.most(clients);
    expect(wrong).to.be.empty;

    const before = [...failed.values()].flat().length;
    const { port: same } = doomed.address;
    await containerProcess(stage, { name: 'back', port: same });
    await load.until(({ byServer }) => (byServer.get('back') ?? 0) >= 20);
    await load.stop();
    expect([...failed.values()].flat(), 'nothing more').to.have.lengthOf(before);
  });
});

describe('system: no worker', () => {
  const stage = stageForEach();

  async function lonelyFrontend(limits: object, timeouts: object) {
    const container = await ScriptedContainer.start(stage);
    const home = await homeFor(stage, configFor([container.address], { limits, timeouts }));
    return frontend(stage, home, '--device', `ipc://${home.folder}/device`);
  }

  const isUnavailable = (answer: Message) => {
    expect(statusOf(answer)).to.equal(503);
    expect(Number(valuesOf(answer, 'retry-after')[0])).to.be.at.least(1);
  };

  it('within the queue deadline: 503 with Retry-After', async () => {
    const { port } = await lonelyFrontend({}, { queue: 0.4 });
    const begin = performance.now();
    isUnavailable(await ask(stage, { port }, get('/')));
    expect(performance.now() - begin).to.be.within(350, 3_000);
  });

  it('and a full queue: 503 with Retry-After, at once', async () => {
    const { port } = await lonelyFrontend({ queue: 2 }, { queue: 60 });
    // Whose request is read last is for the frontend to say: connections are read in turn.
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(stage, { port })));
    const answers = clients.map(async client => {
      await client.send(get('/'));
      return { client, answer: await client.answer() };
    });
    for (const each of answers) each.catch(() => undefined); // two wait until the test is over
    const { client: refused, answer } = await Promise.race(answers);
    isUnavailable(answer);
    const waiting = clients.filter(client => client !== refused);
    expect(waiting.map(({ received }) => received)).to.deep.equal(['', '']);
  });

  it('and no queue at all: 503 with Retry-After, at once', async () => {
    const { port } = await lonelyFrontend({ queue: 0 }, {});
    isUnavailable(await ask(stage, { port }, request('POST', '/')));
  });

  it('that has room: requests wait, and are answered when there is some', async () => {
    const { opened, open } = gate();
    const container = await ScriptedContainer.start(stage);
    container.serve('/held', answeringWhen(opened)).serve('/late', answering(200, 'late'));
    const config = configFor([container.address], { limits: { outstanding: 1 } });
    const { port } = await up(stage, config, ['--workers', '1']);
    const asked = container.asked('/held');
    const held = ask(stage, { port }, get('/held'));
    await asked;
    const late = ask(stage, { port }, get('/late'));
    const impatient = await RawClient.connect(stage, { port });
    await impatient.send(get('/never'));
    impatient.reset(); // who has gone does not take the place of those who wait
    expect(container.times('/late')).to.equal(0);
    open();
    expect((await held).body.toString()).to.equal('/held');
    expect((await late).body.toString()).to.equal('late');
  });
});

describe('system: processes that die', () => {
  const stage = stageForEach();

  /** Twenty requests of each method, all of them in flight at a container that waits for a gate. */
  async function inFlight(sections: Sections, methods: readonly string[]) {
    const { opened, open } = gate();
    const container = await ScriptedContainer.start(stage);
    container.serveOthers(answeringWhen(opened));
    const config = configFor([container.address], sections);
    const { cutover, port } = await up(stage, config, ['--workers', '2']);
    const targets = methods.flatMap(method =>
      Array.from({ length: 20 }, (_, n) => ({ method, target: `/${method}-${n}` })),
    );
    const asked = Promise.all(targets.map(({ target }) => container.asked(target)));
    const answers = targets.map(async each => {
      const answer = await ask(stage, { port }, request(each.method, each.target));
      return { ...each, status: statusOf(answer), body: answer.body.toString() };
    });
    await asked;
    return { container, cutover, port, open, answers: Promise.all(answers) };
  }

  type InFlight = Awaited<ReturnType<typeof inFlight>>;

  async function theOtherWorkerAnswers({ container, cutover, open, answers }: InFlight) {
    const lost = await cutover.logged('worker-lost');
    open();
    const all = await answers;
    const safe = all.filter(({ method }) => method === 'GET');
    expect(safe.map(({ status, body }) => [status, body])).to.deep.equal(
      safe.map(({ target }) => [200, target]),
    );
    const unsafe = all.filter(({ method }) => method === 'POST');
    const failed = unsafe.filter(({ status }) => status === 502);
    const answered = unsafe.filter(({ status, body, target }) => status === 200 && body === target);
    expect(failed.length + answered.length).to.equal(unsafe.length);
    expect(lost).to.include({ failed: failed.length });
    for (const { target } of unsafe) expect(container.times(target), target).to.equal(1);
    const repeated = safe.filter(({ target }) => container.times(target) === 2);
    expect(lost).to.include({ repeated: repeated.length });
    expect(failed).not.to.be.empty;
    expect(repeated).not.to.be.empty;
  }

  it('a worker is killed: safe requests are repeated, others get 502, nothing is done twice', async () => {
    const flight = await inFlight({}, ['GET', 'POST']);
    process.kill(flight.cutover.pidsOf('worker')[0]!, 'SIGKILL');
    await theOtherWorkerAnswers(flight);
  });

  it('a worker hangs: heartbeats notice, and it is welcome when it goes on', async () => {
    const device = { heartbeat: 0.2, silence: 3 };
    const flight = await inFlight({ device }, ['GET', 'POST']);
    const [hung = 0] = flight.cutover.pidsOf('worker');
    process.kill(hung, 'SIGSTOP');
    await theOtherWorkerAnswers(flight);
    const since = flight.cutover.lines.length;
    process.kill(hung, 'SIGCONT');
    await flight.cutover.logged('worker-joined', { since });
    expect(statusOf(await ask(stage, flight, get('/again')))).to.equal(200);
  });

  it('workers are killed again and again: GET loses nothing, and no POST is done twice', async () => {
    const { listener, times } = counting({ name: 'a', delay: 5 });
    const config = configFor([await httpContainer(stage, listener)]);
    const { cutover, port } = await up(stage, config, ['--workers', '2']);
    const gets = Load.start(stage, { port, clients: 20, prefix: 'get' });
    const posts = Load.start(stage, {
      port,
      clients: 20,
      prefix: 'post',
      method: 'POST',
      body: 'x',
    });
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([gets.more(100), posts.more(100)]);
      const since = cutover.lines.length;
      process.kill(cutover.pidsOf('worker')[0]!, 'SIGKILL');
      await cutover.logged('role-ready', { since });
    }
    expect(unharmed(await gets.stop())).to.deep.equal(nothing);
    const { sent, answered, wrong, failed } = await posts.stop();
    expect(wrong).to.be.empty;
    expect([...failed.keys()]).to.deep.equal(['502']);
    expect(sent - answered).to.equal(failed.get('502')?.length);
    for (const [id, count] of times) if (id.startsWith('post')) expect(count, id).to.equal(1);
  });

  it('a worker is killed in the middle of an upload: the next one sends it from the beginning', async () => {
    const container = await ScriptedContainer.start(stage);
    const body = Buffer.concat([...deterministicBytes(5_000_000)]);
    container.serve('/up', exchange => {
      if (container.times('/up') === 1) exchange.socket.pause();
      else return answering(200, 'got it')(exchange);
    });
    const { cutover, port } = await up(stage, configFor([container.address]), ['--workers', '1']);
    const asked = container.asked('/up');
    const head = `PUT /up HTTP/1.1\r\nHost: app\r\nContent-Length: ${body.length}\r\n\r\n`;
    const answer = ask(stage, { port }, head, body);
    await asked;
    process.kill(cutover.pidsOf('worker')[0]!, 'SIGKILL');
    expect((await answer).body.toString()).to.equal('got it');
    expect(container.requests).to.have.lengthOf(1);
    expect(container.requests[0]?.body.equals(body)).to.be.true;
  });

  it('a frontend is killed: its containers are told that nobody waits any more', async () => {
    const events = serverSentEvents();
    const config = configFor([await httpContainer(stage, events.listener)]);
    const { cutover, port } = await up(stage, config, ['--workers', '1']);
    const client = await RawClient.connect(stage, { port });
    const [joined, left] = [events.joins(), events.leaves()];
    await client.send(get('/'));
    await joined;
    process.kill(cutover.pidsOf('frontend')[0]!, 'SIGKILL');
    await client.closed();
    await left;
  });

  it('a worker is killed in the middle of answers: their clients are cut off', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serve('/half', playing('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
    const { cutover, port } = await up(stage, configFor([container.address]), ['--workers', '1']);
    const client = await RawClient.connect(stage, { port });
    await client.send(get('/half'));
    await client.until('half');
    process.kill(cutover.pidsOf('worker')[0]!, 'SIGKILL');
    await client.closed();
    expect(client.received).to.match(/\r\n\r\nhalf$/);
  });

  it('all workers are killed: requests wait until there is one again', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serve('/', answering(200, 'served'));
    const { cutover, port } = await up(stage, configFor([container.address]), ['--workers', '2']);
    for (const pid of cutover.pidsOf('worker')) process.kill(pid, 'SIGKILL');
    expect((await ask(stage, { port }, get('/'))).body.toString()).to.equal('served');
  });

  const isBackWithoutRefusal = async (cutover: CutoverProcess, port: number) => {
    const since = cutover.lines.length;
    for (const pid of cutover.pidsOf('frontend')) process.kill(pid, 'SIGKILL');
    await cutover.logged('role-ended', { since });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask(stage, { port }, get('/'))),
    );
    expect(answers.map(statusOf)).to.deep.equal(answers.map(() => 200));
    expect(cutover.all('role-ended').slice(-1)[0]?.role).to.match(/^frontend/);
  };

  it('every frontend is killed, again and again: no connection is refused', async () => {
    const container = await ScriptedContainer.start(stage);
    container.serve('/', answering(200, 'served'));
    const config = configFor([container.address]);
    const { cutover, port } = await up(stage, config, ['--workers', '1', '--frontends', '2']);
    await isBackWithoutRefusal(cutover, port);
    await isBackWithoutRefusal(cutover, port);
  });
});
