import { expect } from 'chai';
import { ClientConnection } from '../../../src/frontend/client-connection.js';
import { Exchange } from '../../../src/frontend/exchange.js';
import { Incoming } from '../../../src/frontend/incoming.js';
import { Spool } from '../../../src/frontend/spool.js';
import { RequestReader } from '../../../src/http/request-reader.js';
import type { ErrorCode } from '../../../src/kernel/errors.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import { kinds, type WireFraming } from '../../../src/wire/envelope.js';
import { FakeClock } from '../support-clock.js';
import { answer, inWords, part, refusal, settled } from './stand.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const UPGRADE = get('/socket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n');
const CLOSE = '<close>';

/** A client's connection whose socket, dispatcher and clock belong to the test. */
class Stand {
  readonly clock = new FakeClock();
  /** What was written to the client, in order. */
  written = '';
  readonly asked: Exchange[] = [];
  readonly heard: string[] = [];
  /** How requests ended, with their status and milliseconds. */
  readonly over: [end: string, status: number | undefined, ms: number][] = [];
  isStopping = false;
  /** Why nobody can be asked. */
  refusesWith: ErrorCode | undefined;
  /** What libzmq says to a send, while it does not take it. */
  blocked: Error | undefined;
  readonly connection: ClientConnection;
  #lastId = 0;

  constructor() {
    const spool = new Spool({ memory: 65_536, disk: 0, folder: '/nowhere' });
    const reader = new RequestReader({ head: 4096, target: 256, fields: 20, body: 1_000_000 });
    this.connection = new ClientConnection({
      clock: this.clock,
      limits: { idle: 10_000, tunnel: 60_000, grant: 1000 },
      host: {
        send: bytes => this.#send(bytes),
        ask: (request, asker) => {
          if (this.refusesWith !== undefined) return this.refusesWith;
          const exchange = new Exchange(exchangeId((this.#lastId += 1)), request, asker);
          this.asked.push(exchange);
          return exchange;
        },
        ended: ({ id }) => this.heard.push(`ended ${id}`),
        cancel: ({ id }) => this.heard.push(`cancel ${id}`),
        grant: ({ id }, bytes) => this.heard.push(`grant ${id} ${bytes}`),
        refused: code => this.heard.push(code),
        over: (...each) => this.over.push(each),
        closed: () => this.heard.push('closed'),
        isStopping: () => this.isStopping,
      },
      incoming: arrived =>
        new Incoming(
          reader,
          {
            headTimeout: 5000,
            bodyTimeout: 5000,
            pipeline: 10_000,
            forwarded: 'replace',
            upgrades: ['websocket'],
          },
          { now: () => this.clock.now(), collector: () => spool.collector(), arrived },
          undefined,
        ),
    });
  }

  get last(): Exchange {
    return this.asked.at(-1)!;
  }

  get targets(): string[] {
    return this.asked.map(({ request }) => request.head.split(' ')[1] ?? '');
  }

  async sends(...pieces: (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      this.connection.received(Buffer.from(piece as string, 'latin1'));
      await settled();
    }
  }

  async answers(about: Parameters<typeof answer>[1] = {}): Promise<void> {
    this.connection.answer(answer(this.last.id, about));
    await settled();
  }

  async parts(bytes: string | Buffer, more = true, trailers = ''): Promise<void> {
    this.connection.part(part(this.last.id, bytes, more, trailers));
    await settled();
  }

  async sweeps(ms: number): Promise<void> {
    this.clock.advance(ms);
    this.connection.sweep(this.clock.now());
    await settled();
  }

  /** Takes what has been written. */
  take(): string {
    const { written } = this;
    this.written = '';
    return written;
  }

  #send(bytes: Buffer): Promise<void> {
    if (this.blocked !== undefined) return Promise.reject(this.blocked);
    this.written += bytes.length === 0 ? CLOSE : bytes.toString('latin1');
    return Promise.resolve();
  }
}

describe('ClientConnection', () => {
  let stand: Stand;
  beforeEach(() => (stand = new Stand()));

  describe('requests and answers', () => {
    it('asks pipelined requests one after the other and answers in order', async () => {
      await stand.sends(get('/1') + get('/2') + get('/3'));
      expect(stand.targets).to.deep.equal(['/1']);
      await stand.answers({ framing: 'length', fields: 'Content-Length: 1\r\n', body: 'a' });
      expect(stand.targets).to.deep.equal(['/1', '/2']);
      await stand.answers({ framing: 'length', fields: 'Content-Length: 1\r\n', body: 'b' });
      await stand.answers({ framing: 'length', fields: 'Content-Length: 1\r\n', body: 'c' });
      expect(
        stand.written
          .match(/\r\n\r\n./g)
          ?.map(each => each.at(-1))
          .join(''),
      ).to.equal('abc');
      expect(stand.heard).to.deep.equal(['ended 1', 'ended 2', 'ended 3']);
      expect(stand.connection.isIdle).to.equal(true);
    });

    const keeping = '';
    const rows: readonly (readonly [
      request: string,
      framing: WireFraming,
      lines: string,
      end: string,
      meaning: string,
    ])[] = [
      ['HTTP/1.1', 'length', '', keeping, 'HTTP/1.1 keeps its connection'],
      ['HTTP/1.1 close', 'length', 'Connection: close\r\n', CLOSE, 'unless the client is done'],
      ['HTTP/1.0', 'length', 'Connection: close\r\n', CLOSE, 'HTTP/1.0 does not keep it'],
      ['HTTP/1.0 keep-alive', 'length', 'Connection: keep-alive\r\n', keeping, 'unless asked to'],
      ['HTTP/1.1', 'open', 'Transfer-Encoding: chunked\r\n', keeping, 'chunks where none is told'],
      ['HTTP/1.0', 'open', 'Connection: close\r\n', CLOSE, 'HTTP/1.0 knows no chunks'],
      ['HTTP/1.0 keep-alive', 'open', 'Connection: close\r\n', CLOSE, 'whatever it asked for'],
      [
        'HTTP/1.1 close',
        'open',
        'Transfer-Encoding: chunked\r\nConnection: close\r\n',
        CLOSE,
        'chunks tell the end from a cut',
      ],
    ];
    for (const [client, framing, lines, end, meaning] of rows) {
      it(`answers ${client} with a body of ${framing} length: ${meaning}`, async () => {
        const [version, option] = client.split(' ');
        const connection = option === undefined ? '' : `Connection: ${option}\r\n`;
        await stand.sends(`GET / ${version}\r\nHost: a\r\n${connection}\r\n`);
        await stand.answers({ fields: 'X: y\r\n', framing, body: 'abc' });
        const body = lines.includes('chunked') ? '3\r\nabc\r\n0\r\n\r\n' : 'abc';
        expect(stand.written).to.equal(`HTTP/1.1 200 Fine\r\nX: y\r\n${lines}\r\n${body}${end}`);
      });
    }

    it('answers HEAD with a head alone, and keeps the connection', async () => {
      await stand.sends('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
      await stand.answers({ fields: 'Content-Length: 1000\r\n' });
      expect(stand.written).to.equal('HTTP/1.1 200 Fine\r\nContent-Length: 1000\r\n\r\n');
      expect(stand.connection.isIdle).to.equal(true);
    });

    it('writes the parts of an answer in chunks, and its trailers behind them', async () => {
      await stand.sends(GET);
      await stand.answers({ framing: 'open', more: true });
      expect(stand.take()).to.equal(
        'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n',
        'no chunk of size 0: it would end the body',
      );
      await stand.parts('hello');
      expect(stand.take()).to.equal('5\r\nhello\r\n');
      await stand.parts('x'.repeat(20_000));
      expect(stand.take()).to.equal(`4e20\r\n${'x'.repeat(20_000)}\r\n`);
      await stand.parts('', false, 'Digest: 1\r\n');
      expect(stand.take()).to.equal('0\r\nDigest: 1\r\n\r\n');
      expect(stand.heard).to.include('ended 1');
    });

    it('writes the parts of an answer of known length as they are', async () => {
      await stand.sends(GET);
      await stand.answers({ framing: 'length', body: 'ab', more: true });
      await stand.parts('cd');
      await stand.parts('ef', false);
      expect(stand.written).to.equal('HTTP/1.1 200 Fine\r\n\r\nabcdef');
    });

    it('ignores a part that comes before its answer', async () => {
      await stand.sends(GET);
      await stand.parts('early');
      expect(stand.written).to.equal('');
    });

    it('passes interim answers to HTTP/1.1 clients only', async () => {
      for (const [version, seen] of [
        ['1.1', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'],
        ['1.0', ''],
      ] as const) {
        stand = new Stand();
        await stand.sends(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
        const { id } = stand.last;
        stand.connection.interim([kinds.interim, id, 103, 'Early Hints', 'Link: x\r\n']);
        await settled();
        expect(stand.written).to.equal(seen, version);
      }
    });

    it('ignores what is said when nothing is asked', async () => {
      const id = exchangeId(1);
      stand.connection.interim([kinds.interim, id, 103, 'Early Hints', '']);
      stand.connection.answer(answer(id));
      stand.connection.failed('ERR_WORKER_LOST', 'late');
      await settled();
      expect(stand.written).to.equal('');
    });

    it('tells how each request ended: whole, by an error of ours, cut off, or without its client', async () => {
      await stand.sends(get('/1') + get('/2') + get('/3') + get('/4'));
      stand.clock.advance(20);
      await stand.answers({
        framing: 'length',
        fields: 'Content-Length: 2\r\n',
        body: 'a',
        more: true,
      });
      expect(stand.over).to.deep.equal([]);
      stand.clock.advance(5);
      await stand.parts('b', false);
      stand.clock.advance(7);
      stand.connection.failed('ERR_SERVER_SILENT', 'it was silent');
      stand.refusesWith = 'ERR_QUEUE_FULL';
      await settled();
      stand.connection.failed('ERR_WORKER_LOST', 'it was lost');
      await settled();
      expect(stand.over).to.deep.equal([
        ['answered', 200, 25],
        ['failed', 504, 7],
        ['failed', 502, 0],
        ['failed', 503, 0],
      ]);
    });

    it('tells of an answer that is cut off, and of a client that goes, once', async () => {
      await stand.sends(get('/'));
      await stand.answers({
        framing: 'length',
        fields: 'Content-Length: 2\r\n',
        body: 'a',
        more: true,
      });
      stand.connection.cut();
      stand.connection.gone();
      await settled();
      expect(stand.over).to.deep.equal([['cut', 200, 0]]);
      stand = new Stand();
      await stand.sends(get('/'));
      stand.connection.gone();
      stand.connection.gone();
      expect(stand.over).to.deep.equal([['cancelled', undefined, 0]]);
    });

    it('gives back credit in amounts that are worth an envelope, and only for what was taken', async () => {
      await stand.sends(GET);
      await stand.answers({ framing: 'length', body: 'x'.repeat(600), more: true });
      expect(stand.heard).to.deep.equal([]);
      await stand.parts('x'.repeat(600));
      expect(stand.heard).to.deep.equal(['grant 1 1200']);
      stand.blocked = refusal('EAGAIN');
      await stand.parts('x'.repeat(1000));
      expect(stand.heard).to.deep.equal(['grant 1 1200'], 'the client does not read');
      stand.blocked = undefined;
      stand.clock.advance(1);
      await settled();
      expect(stand.heard).to.deep.equal(['grant 1 1200', 'grant 1 1000']);
    });
  });

  describe('answers of our own', () => {
    const refusals: readonly (readonly [string, boolean, string])[] = [
      ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', true, 'HTTP/1.1 keeps its connection'],
      ['GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', false, 'unless it is done'],
      ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', false, 'HTTP/1.0 never'],
    ];
    for (const [text, kept, meaning] of refusals) {
      it(`answers 503 with Retry-After when nobody can be asked: ${meaning}`, async () => {
        stand.refusesWith = 'ERR_QUEUE_FULL';
        await stand.sends(text);
        expect(stand.written).to.match(/^HTTP\/1.1 503 .*\r\nRetry-After: 1\r\n/s);
        expect(stand.written.endsWith(CLOSE)).to.equal(!kept);
        expect(stand.written.includes('Connection: close')).to.equal(!kept);
        expect(stand.heard).to.include('ERR_QUEUE_FULL');
      });

      it(`answers for a request that failed: ${meaning}`, async () => {
        await stand.sends(text);
        stand.connection.failed('ERR_SERVER_RESET', 'gone');
        await settled();
        expect(stand.written).to.match(/^HTTP\/1.1 502 Bad Gateway\r\n/);
        expect(stand.written).not.to.include('Retry-After');
        expect(stand.written.endsWith(CLOSE)).to.equal(!kept);
        expect(stand.heard).to.include.members(['ERR_SERVER_RESET', 'ended 1']);
      });
    }

    it('asks the next pipelined request behind an answer of our own', async () => {
      stand.refusesWith = 'ERR_QUEUE_FULL';
      await stand.sends(get('/1') + get('/2'));
      expect(stand.take().match(/HTTP\/1.1 503/g)).to.have.length(2);
      stand.refusesWith = undefined;
      await stand.sends(get('/3'));
      stand.connection.failed('ERR_NO_WORKER', 'late');
      await stand.sends(get('/4'));
      expect(stand.targets).to.deep.equal(['/3', '/4']);
    });

    // A client that sends request after request and reads nothing would otherwise fill our memory with
    // answers that nobody takes.
    it('answers no more while a client does not read, and goes on when it does', async () => {
      const many = 5000;
      stand.refusesWith = 'ERR_QUEUE_FULL';
      stand.blocked = refusal('EAGAIN');
      for (let n = 0; n < many / 10; n++) stand.connection.received(Buffer.from(GET.repeat(10)));
      await settled();
      const answered = () => stand.heard.filter(each => each === 'ERR_QUEUE_FULL').length;
      expect(answered()).to.be.within(100, 3000);
      stand.blocked = undefined;
      stand.clock.advance(1);
      while (!stand.connection.isIdle && !stand.heard.includes('ERR_PIPELINE_FULL'))
        await settled();
      expect(stand.written.match(/HTTP\/1.1 503/g)?.length).to.be.at.least(answered());
    });

    it('answers HEAD without a body', async () => {
      stand.refusesWith = 'ERR_QUEUE_FULL';
      await stand.sends('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(stand.written).to.match(/\r\n\r\n$/);
      expect(stand.written).to.match(/Content-Length: [1-9]/);
    });

    it('answers what is malformed, lets the client finish, and closes a second later', async () => {
      await stand.sends('GET / HTTP/1.1\r\nHost : a\r\n\r\n');
      expect(stand.take()).to.match(/^HTTP\/1.1 400 .*Connection: close/s);
      await stand.sends('still sending', GET);
      await stand.sweeps(1000);
      expect(stand.written).to.equal('');
      await stand.sweeps(1);
      expect(stand.take()).to.equal(CLOSE);
      expect(stand.heard).to.deep.equal(['ERR_HEAD_MALFORMED', 'closed']);
      expect(stand.asked).to.deep.equal([]);
    });

    it('answers what is malformed behind the answers to what came before it', async () => {
      await stand.sends(`${GET}nonsense\r\n\r\n`);
      expect(stand.written).to.equal('');
      await stand.answers();
      expect(stand.written).to.match(/^HTTP\/1.1 200 Fine\r\n\r\nHTTP\/1.1 400 /);
    });

    it('turns a client away for whom there is no room', async () => {
      stand.connection.turnAway();
      await stand.sends(GET);
      expect(stand.take()).to.match(/^HTTP\/1.1 503 .*Connection: close/s);
      expect(stand.asked).to.deep.equal([]);
      await stand.sweeps(1001);
      expect(stand.written).to.equal(CLOSE);
    });

    it('answers 408 to a head that comes too slowly', async () => {
      await stand.sends('GET / HT');
      await stand.sweeps(5000);
      expect(stand.written).to.equal('');
      await stand.sweeps(1);
      expect(stand.written).to.match(/^HTTP\/1.1 408 /);
    });
  });

  describe('Expect: 100-continue', () => {
    const expecting =
      'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n';
    const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

    it('says 100 once the head is there, and asks once the body is', async () => {
      await stand.sends(expecting);
      expect(stand.take()).to.equal(CONTINUE);
      expect(stand.asked).to.deep.equal([]);
      await stand.sends('abc');
      expect(stand.take()).to.equal('');
      expect(stand.targets).to.deep.equal(['/']);
    });

    it('says 100 behind the answer before it', async () => {
      await stand.sends(GET, expecting);
      expect(stand.written).to.equal('');
      await stand.answers();
      expect(stand.written).to.equal(`HTTP/1.1 200 Fine\r\n\r\n${CONTINUE}`);
    });

    it('says nothing to a client that did not wait while another answer was due', async () => {
      await stand.sends(GET, expecting, 'abc');
      await stand.answers();
      expect(stand.take()).to.equal('HTTP/1.1 200 Fine\r\n\r\n');
      expect(stand.asked).to.have.length(2);
    });

    it('says nothing when the body came along', async () => {
      await stand.sends(`${expecting}abc`);
      expect(stand.written).to.equal('');
    });
  });

  describe('the end', () => {
    it('closes a connection that has been idle for too long', async () => {
      await stand.sends(GET);
      await stand.answers();
      stand.take();
      await stand.sweeps(10_000);
      expect(stand.written).to.equal('');
      await stand.sweeps(1);
      expect(stand.written).to.equal(CLOSE);
      expect(stand.heard.at(-1)).to.equal('closed');
    });

    it('does not take a client for idle that waits for its answer', async () => {
      await stand.sends(GET);
      await stand.sweeps(100_000);
      expect(stand.written).to.equal('');
    });

    it('cancels what is asked when the client goes', async () => {
      await stand.sends(get('/1') + get('/2'));
      stand.connection.gone();
      stand.connection.gone();
      await stand.answers();
      expect(stand.heard).to.deep.equal(['cancel 1']);
      expect(stand.written).to.equal('');
      expect(stand.targets).to.deep.equal(['/1']);
    });

    it('cancels what is asked when libzmq says that the client has gone', async () => {
      await stand.sends(GET);
      stand.blocked = refusal('EHOSTUNREACH');
      await stand.answers({ framing: 'length', body: 'ab', more: true });
      expect(stand.heard).to.deep.equal(['cancel 1', 'closed']);
    });

    it('is cut at once when its answer ends in the middle', async () => {
      await stand.sends(get('/1') + get('/2'));
      await stand.answers({ framing: 'length', body: 'ab', more: true });
      stand.blocked = refusal('EAGAIN');
      await stand.parts('never taken');
      stand.blocked = undefined;
      stand.connection.cut();
      await settled();
      expect(stand.written).to.equal(`HTTP/1.1 200 Fine\r\n\r\nab${CLOSE}`);
      expect(stand.targets).to.deep.equal(['/1']);
      expect(stand.heard).to.deep.equal(['closed']);
    });

    it('drains: an idle connection closes, a busy one after its answer', async () => {
      stand.clock.advance(1000);
      stand.isStopping = true;
      stand.connection.drain();
      await settled();
      expect(stand.written).to.equal(CLOSE);

      stand = new Stand();
      await stand.sends(GET);
      stand.isStopping = true;
      stand.connection.drain();
      expect(stand.written).to.equal('');
      await stand.answers({ framing: 'length', body: 'a' });
      expect(stand.written).to.equal(`HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\na${CLOSE}`);
    });

    it('drains: a client that has only just come may ask, and is closed after its answer', async () => {
      stand.isStopping = true;
      stand.clock.advance(999);
      stand.connection.drain();
      await settled();
      expect([stand.written, stand.connection.isBusy]).to.deep.equal(['', true]);
      await stand.sends(GET);
      await stand.answers({ framing: 'length', body: 'a' });
      expect(stand.written).to.equal(`HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\na${CLOSE}`);
    });

    it('is not about to ask because it has come, once it has asked, or was silent for a second', async () => {
      await stand.sends(GET);
      await stand.answers({ framing: 'length', body: 'a' });
      expect(stand.connection.isBusy).to.equal(false);
      stand = new Stand();
      stand.clock.advance(1000);
      expect(stand.connection.isBusy).to.equal(false);
    });

    it('gives up, when its time for draining is over, requests or tunnels, not the others', async () => {
      const isCutBy = async (what: 'requests' | 'tunnels') => {
        stand.connection.giveUp(what, 0);
        await settled();
        return stand.take().includes(CLOSE);
      };
      await stand.sends(GET);
      expect(await isCutBy('tunnels')).to.equal(false);
      expect(await isCutBy('requests')).to.equal(true);
      expect(stand.heard).to.include('cancel 1').and.include('closed');

      stand = new Stand();
      await stand.sends(UPGRADE);
      await stand.answers({ status: 101, framing: 'tunnel', more: true });
      expect(await isCutBy('requests')).to.equal(false);
      expect(await isCutBy('tunnels')).to.equal(true);
      expect(stand.heard).to.include('cancel 1').and.include('closed');
    });

    it('keeps, when the time of requests is over, who came later than that', async () => {
      await stand.sends(GET);
      stand.connection.giveUp('requests', -1);
      await settled();
      expect(stand.take()).to.equal('');
    });

    it('keeps, when the time of requests is over, who has not begun one', async () => {
      stand.connection.giveUp('requests', 0);
      await settled();
      expect(stand.take()).to.equal('');
    });

    it('drains: also answers of our own end the connection', async () => {
      stand.isStopping = true;
      stand.refusesWith = 'ERR_QUEUE_FULL';
      await stand.sends(GET);
      expect(stand.written).to.match(/Connection: close/);
      expect(stand.written.endsWith(CLOSE)).to.equal(true);
    });

    it('lets a client finish that sends more behind its last request', async () => {
      await stand.sends(`${get('/1', 'Connection: close\r\n')}${get('/2')}`);
      await stand.answers();
      expect(stand.take()).not.to.include(CLOSE);
      await stand.sweeps(1001);
      expect(stand.take()).to.equal(CLOSE);
      expect(stand.targets).to.deep.equal(['/1']);
    });

    // A client that reads slowly takes no close either; meanwhile it sends another request, which a
    // container would execute although its answer could never be written (RFC 9112 §9.6).
    it('asks nothing more once the last answer is written, though its close is not taken yet', async () => {
      await stand.sends(get('/1', 'Connection: close\r\n'));
      stand.blocked = refusal('EAGAIN');
      await stand.answers();
      await stand.sends('POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
      expect(stand.targets).to.deep.equal(['/1']);
    });
  });

  describe('tunnel', () => {
    const recipient = (said: string[], window: number) => ({
      window,
      push: (envelope: Parameters<typeof inWords>[0]) => said.push(inWords(envelope)),
      broken: () => undefined,
    });
    const switching = {
      status: 101,
      fields: 'Upgrade: websocket\r\n',
      framing: 'tunnel',
      more: true,
    } as const;
    const SWITCHED = 'HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

    it('passes bytes both ways, also those that came with the request and the answer', async () => {
      const said: string[] = [];
      await stand.sends(`${UPGRADE}early`);
      stand.last.sendTo(recipient(said, 1000));
      await stand.answers({ ...switching, body: 'hi' });
      await stand.sends('there');
      await stand.parts('you');
      expect(stand.written).to.equal(`${SWITCHED}hiyou`);
      expect(said).to.deep.equal(['request', 'part early', 'part there']);
    });

    it('ends behind what the server sent last', async () => {
      await stand.sends(UPGRADE);
      await stand.answers(switching);
      await stand.parts('bye', false);
      await stand.sends('too late');
      expect(stand.written).to.equal(`${SWITCHED}bye${CLOSE}`);
      expect(stand.heard).to.deep.equal(['ended 1', 'closed']);
    });

    it('hangs up on a client that sends more than may wait', async () => {
      await stand.sends(UPGRADE);
      await stand.answers(switching);
      stand.take();
      await stand.sends(Buffer.alloc(64 * 1024 * 1024));
      expect(stand.written).to.equal('');
      await stand.sends('x');
      expect(stand.written).to.equal(CLOSE);
      expect(stand.heard).to.deep.equal(['ERR_TUNNEL_FULL', 'cancel 1', 'closed']);
    });

    it('hangs up after a long silence of both sides', async () => {
      await stand.sends(UPGRADE);
      await stand.answers(switching);
      await stand.sweeps(60_000);
      await stand.parts('still here');
      await stand.sweeps(60_000);
      await stand.sends('me too');
      stand.take();
      await stand.sweeps(60_000);
      expect(stand.written).to.equal('');
      await stand.sweeps(1);
      expect(stand.written).to.equal(CLOSE);
      expect(stand.heard).to.deep.equal(['cancel 1', 'closed']);
    });

    it('stays with HTTP when the server declines', async () => {
      await stand.sends(UPGRADE + get('/next'));
      await stand.answers({ framing: 'length', body: 'no' });
      expect(stand.targets).to.deep.equal(['/socket', '/next']);
    });

    it('stays with HTTP when nobody can be asked', async () => {
      stand.refusesWith = 'ERR_QUEUE_FULL';
      await stand.sends(UPGRADE + get('/next'));
      expect(stand.written.match(/HTTP\/1.1 503/g)).to.have.length(2);
    });

    // A client sends more before the answer than may wait, and then some: what came beyond the bound
    // is refused and gone. A tunnel that began now would lack it in its middle.
    it('never begins a tunnel that lacks bytes in its middle', async () => {
      const said: string[] = [];
      await stand.sends(UPGRADE, 'a'.repeat(10_001), 'b');
      stand.last.sendTo(recipient(said, 100_000));
      await stand.answers(switching);
      await stand.sends('c');
      const tunnelled = said.filter(each => each.startsWith('part')).join(', ');
      expect(tunnelled).to.be.oneOf([
        '',
        'part … (10001), part b, part c',
        'part … (10002), part c',
      ]);
    });
  });
});
