import { expect } from 'chai';
import { Incoming, type Arrival, type IncomingLimits } from '../../../src/frontend/incoming.js';
import { Spool, type BodyCollector } from '../../../src/frontend/spool.js';
import { ProxyReader } from '../../../src/http/proxy-protocol.js';
import { RequestReader } from '../../../src/http/request-reader.js';
import { stageForEach } from '../../support/stage.js';
import { eventually } from '../../support/within.js';
import { FakeClock } from '../support-clock.js';
import { settled } from './stand.js';

const LIMITS: IncomingLimits = {
  headTimeout: 1000,
  bodyTimeout: 2000,
  pipeline: 500,
  forwarded: 'replace',
  upgrades: ['websocket'],
};
const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const put = (target: string, length: number) =>
  `PUT ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
const UPGRADE = get('/u', 'Connection: upgrade\r\nUpgrade: websocket\r\n');

/** The reading side of a connection; what it announces is counted, and taken by the test. */
class Stand {
  readonly clock = new FakeClock();
  announced = 0;
  readonly incoming: Incoming;

  constructor(
    about: {
      memory?: number;
      folder?: string;
      trusted?: boolean;
      limits?: Partial<IncomingLimits>;
    } = {},
  ) {
    const { memory = 10_000, folder = '/nowhere', trusted = false } = about;
    const spool = new Spool({ memory, disk: 1_000_000, folder });
    const host = {
      now: () => this.clock.now(),
      collector: (): BodyCollector => spool.collector(),
      arrived: () => (this.announced += 1),
    };
    const reader = new RequestReader({ head: 2000, target: 100, fields: 20, body: 1_000_000 });
    const limits = { ...LIMITS, ...about.limits };
    const proxy = trusted ? new ProxyReader() : undefined;
    this.incoming = new Incoming(reader, limits, host, proxy);
  }

  push(text: string): void {
    this.incoming.push(Buffer.from(text, 'latin1'));
  }

  /** Takes all that has arrived: targets with bodies in memory, or error codes. */
  take(): string[] {
    const taken: string[] = [];
    for (let each = this.incoming.take(); each !== undefined; each = this.incoming.take()) {
      taken.push(inWords(each));
    }
    return taken;
  }

  sweeps(ms: number): void {
    this.clock.advance(ms);
    this.incoming.sweep(this.clock.now());
  }
}

function inWords(arrival: Arrival): string {
  if (arrival.kind === 'refusal') return arrival.code;
  const { head, body } = arrival.request;
  const content = body.whole === undefined ? ' on disk' : ` ${body.whole.toString('latin1')}`;
  return `${head.split(' ')[1]}${body.size === 0 ? '' : content}`;
}

describe('Incoming', () => {
  const stage = stageForEach();

  it('hands out whole requests in order, in whatever pieces they arrive', () => {
    const text = get('/1') + put('/2', 3) + 'abc' + get('/3');
    for (const size of [1, 2, 7, text.length]) {
      const stand = new Stand();
      for (let at = 0; at < text.length; at += size) stand.push(text.slice(at, at + size));
      expect(stand.take()).to.deep.equal(['/1', '/2 abc', '/3'], `pieces of ${size}`);
      expect(stand.announced).to.be.at.least(3);
      expect(stand.incoming.isIdle).to.equal(true);
    }
  });

  it('says how the client wants to be answered, and what may be repeated', () => {
    const stand = new Stand();
    stand.push(
      'HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n' +
        'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    );
    const [head, post] = [stand.incoming.take(), stand.incoming.take()];
    if (head?.kind !== 'request' || post?.kind !== 'request') return expect.fail('no requests');
    expect(head.manners).to.deep.include({ version: '1.0', keepAlive: true, headOnly: true });
    expect(post.manners).to.deep.include({ version: '1.1', keepAlive: false, headOnly: false });
    expect([head.request.safeToRepeat, post.request.safeToRepeat]).to.deep.equal([true, false]);
    expect([head.request.method, head.request.upgrade]).to.deep.equal(['HEAD', false]);
  });

  it('frames a body that arrived whole by its length, and by chunks where trailers follow it', () => {
    const chunked =
      'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n';
    const rows = [
      [`${chunked}\r\n`, 'Content-Length: 3', []],
      [`${chunked}Digest: x\r\n\r\n`, 'Transfer-Encoding: chunked', [['Digest', 'x']]],
    ] as const;
    for (const [text, line, trailers] of rows) {
      const stand = new Stand();
      stand.push(text);
      const arrival = stand.incoming.take();
      if (arrival?.kind !== 'request') return expect.fail('no request');
      expect(arrival.request.head).to.include(`${line}\r\n`);
      expect(arrival.request.trailers).to.deep.equal(trailers);
      expect(arrival.request.body.whole?.toString()).to.equal('abc');
    }
  });

  describe('reading ahead', () => {
    it('reads a few requests only, and the others when these are taken', () => {
      const stand = new Stand({ limits: { pipeline: 100_000 } });
      const targets = Array.from({ length: 40 }, (_, n) => `/${n}`);
      stand.push(targets.map(each => get(each)).join(''));
      expect(stand.announced).to.equal(16);
      expect(stand.take()).to.deep.equal(targets);
    });

    it('refuses what is pipelined beyond the bound, behind what came before it', () => {
      const stand = new Stand();
      stand.push(Array.from({ length: 16 }, (_, n) => get(`/${n}`)).join(''));
      stand.push('x'.repeat(500));
      stand.push('y');
      stand.push(get('/too-late'));
      const taken = stand.take();
      expect(taken).to.have.length(17);
      expect(taken.at(-1)).to.equal('ERR_PIPELINE_FULL');
    });

    it('does not mind a body larger than what may be pipelined', () => {
      const stand = new Stand();
      stand.push(put('/', 5000) + 'x'.repeat(5000));
      expect(stand.take()).to.have.length(1);
    });
  });

  describe('what cannot be understood', () => {
    const rows: readonly (readonly [text: string, code: string])[] = [
      ['nonsense\r\n\r\n', 'ERR_HEAD_MALFORMED'],
      [get('/', 'Expect: the-unexpected\r\n'), 'ERR_EXPECTATION'],
      [put('/', 1_000_001), 'ERR_BODY_TOO_LARGE'],
      [get(`/${'x'.repeat(100)}`), 'ERR_TARGET_TOO_LONG'],
    ];
    for (const [text, code] of rows) {
      it(`is refused with ${code}, and nothing behind it is read`, () => {
        const stand = new Stand();
        stand.push(get('/good') + text + get('/never'));
        stand.push(get('/never'));
        expect(stand.take()).to.deep.equal(['/good', code]);
        stand.sweeps(100_000);
        expect(stand.take()).to.deep.equal([]);
      });
    }

    it('frees the body that had begun', async () => {
      const folder = await stage.folder();
      const stand = new Stand({ memory: 2, folder });
      stand.push(
        'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n',
      );
      expect(stand.take()).to.deep.equal(['ERR_BODY_MALFORMED']);
      expect(stand.incoming.owesContinue).to.equal(false);
    });
  });

  describe('slow clients', () => {
    it('refuses a head that takes too long, from its first byte on', () => {
      const stand = new Stand();
      stand.sweeps(5000);
      stand.push('GET /');
      stand.sweeps(600);
      stand.push(' HTTP/1.1\r\n');
      stand.sweeps(400);
      expect(stand.take()).to.deep.equal([]);
      stand.sweeps(1);
      expect(stand.take()).to.deep.equal(['ERR_CLIENT_SLOW']);
    });

    it('gives each head its own time', () => {
      const stand = new Stand();
      stand.push('GET /');
      stand.sweeps(900);
      stand.push(` HTTP/1.1\r\nHost: a\r\n\r\nGET /`);
      stand.sweeps(900);
      expect(stand.take()).to.deep.equal(['/']);
      stand.sweeps(101);
      expect(stand.take()).to.deep.equal(['ERR_CLIENT_SLOW']);
    });

    it('gives a body a second more for each KiB that has come', () => {
      const stand = new Stand();
      stand.push(put('/', 9000));
      stand.sweeps(1900);
      stand.push('x'.repeat(2048));
      stand.sweeps(2100);
      expect(stand.take()).to.deep.equal([]);
      stand.sweeps(1);
      expect(stand.take()).to.deep.equal(['ERR_CLIENT_SLOW']);
    });

    it('does not hurry a client whose requests wait for us', () => {
      const stand = new Stand({ limits: { pipeline: 10_000 } });
      stand.push(Array.from({ length: 20 }, (_, n) => get(`/${n}`)).join('') + 'GET /part');
      stand.sweeps(60_000);
      expect(stand.take()).to.have.length(20);
      stand.sweeps(1000);
      expect(stand.take()).to.deep.equal([], 'its time begins when we look at it');
      stand.sweeps(1);
      expect(stand.take()).to.deep.equal(['ERR_CLIENT_SLOW']);
    });

    it('has no patience with a trusted sender that sends no PROXY header', () => {
      const stand = new Stand({ trusted: true });
      expect(stand.incoming.isIdle).to.equal(true);
      stand.push('PROXY ');
      expect(stand.incoming.isIdle).to.equal(false);
      stand.sweeps(1001);
      expect(stand.take()).to.deep.equal(['ERR_CLIENT_SLOW']);
    });
  });

  describe('Expect: 100-continue', () => {
    const expecting = (framing: string, version = '1.1') =>
      `PUT / HTTP/${version}\r\nHost: a\r\n${framing}\r\nExpect: 100-continue\r\n\r\n`;
    const rows: readonly (readonly [text: string, owed: boolean, meaning: string])[] = [
      [expecting('Content-Length: 3'), true, 'the body waits for it'],
      [expecting('Transfer-Encoding: chunked'), true, 'the body waits for it'],
      [expecting('Content-Length: 0'), false, 'there is none'],
      [expecting('X: no body'), false, 'there is none'],
      [expecting('Content-Length: 3', '1.0'), false, 'to be ignored in HTTP/1.0'],
      [`${expecting('Content-Length: 3')}a`, false, 'it did not wait'],
      [`${expecting('Content-Length: 3')}abc`, false, 'it did not wait'],
      [put('/', 3), false, 'nobody asked'],
    ];
    for (const [text, owed, meaning] of rows) {
      it(`${owed ? 'is owed' : 'is not owed'}: ${meaning} (${JSON.stringify(text.slice(30))})`, () => {
        const stand = new Stand();
        stand.push(text);
        expect(stand.incoming.owesContinue).to.equal(owed);
        if (owed) expect(stand.announced).to.equal(1);
      });
    }

    it('is not owed any more to a client that is refused', () => {
      const stand = new Stand();
      stand.push(expecting('Content-Length: 3'));
      stand.sweeps(2001);
      expect(stand.incoming.owesContinue).to.equal(false);
      expect(stand.take()).to.deep.equal(['ERR_CLIENT_SLOW']);
    });
  });

  describe('upgrade', () => {
    it('holds what comes behind the request, until it is known what it is', () => {
      const stand = new Stand();
      stand.push(UPGRADE + get('/behind'));
      expect(stand.take()).to.deep.equal(['/u']);
      expect(stand.incoming.isIdle).to.equal(false);
      stand.incoming.resume();
      expect(stand.take()).to.deep.equal(['/behind']);
      expect(stand.incoming.isIdle).to.equal(true);
    });

    it('hands it over where it is no HTTP', () => {
      const stand = new Stand();
      stand.push(`${UPGRADE}frame 1`);
      stand.push(', frame 2');
      stand.take();
      stand.sweeps(60_000);
      expect(stand.take()).to.deep.equal([], 'a client may wait in front of a tunnel');
      expect(stand.incoming.intoTunnel()?.toString()).to.equal('frame 1, frame 2');
      stand.push('never read');
      expect(stand.take()).to.deep.equal([]);
    });

    it('bounds what is held', () => {
      const stand = new Stand();
      stand.push(UPGRADE);
      stand.push('x'.repeat(501));
      expect(stand.take()).to.deep.equal(['/u', 'ERR_PIPELINE_FULL']);
      expect(stand.incoming.intoTunnel()).to.equal(undefined, 'something of it may be lost');
    });

    it('is asked for by HTTP/1.1 only, and for protocols that are allowed', () => {
      for (const text of [
        UPGRADE.replace('HTTP/1.1', 'HTTP/1.0'),
        UPGRADE.replace('websocket', 'h2c'),
      ]) {
        const stand = new Stand();
        stand.push(text + get('/behind'));
        expect(stand.take()).to.deep.equal(['/u', '/behind']);
      }
    });
  });

  describe('bodies on disk', () => {
    it('keeps requests in order while a body is on its way to the disk', async () => {
      const stand = new Stand({ memory: 2, folder: await stage.folder() });
      stand.push(get('/1') + put('/2', 3) + 'abc' + get('/3'));
      expect(stand.take()).to.deep.equal(['/1']);
      expect(stand.incoming.isIdle).to.equal(false);
      await eventually('the body is on disk', () => stand.incoming.isIdle || stand.announced === 3);
      const [second, third] = [stand.incoming.take(), stand.incoming.take()];
      expect([second, third].map(each => each && inWords(each))).to.deep.equal([
        '/2 on disk',
        '/3',
      ]);
      if (second?.kind === 'request') second.request.body.discard();
    });

    it('refuses the request when the disk does not take it', async () => {
      const stand = new Stand({ memory: 2 });
      stand.push(put('/', 3) + 'abc' + get('/never'));
      await eventually('it is refused', () => stand.announced > 0);
      expect(stand.take()).to.deep.equal(['ERR_SPOOL']);
    });

    it('frees a body that nobody wants any more when it is written', async () => {
      const stand = new Stand({ memory: 2, folder: await stage.folder() });
      stand.push(`${put('/1', 3)}abc`);
      stand.incoming.discard();
      await settled();
      expect(stand.take()).to.deep.equal([]);
    });

    it('bounds what waits behind it', async () => {
      const stand = new Stand({ memory: 2, folder: await stage.folder() });
      stand.push(put('/1', 3) + 'abc' + 'x'.repeat(501));
      expect(stand.take()).to.deep.equal(['ERR_PIPELINE_FULL']);
      await settled();
    });
  });

  describe('PROXY header', () => {
    it('tells who the client is, for every request of the connection', () => {
      const stand = new Stand({ trusted: true });
      stand.push('PROXY TCP4 192.0.2.7 ');
      expect(stand.take()).to.deep.equal([]);
      stand.push(`192.0.2.1 5 80\r\n${get('/1')}${get('/2')}`);
      for (const target of ['/1', '/2']) {
        const arrival = stand.incoming.take();
        if (arrival?.kind !== 'request') return expect.fail('no request');
        expect(arrival.request.head).to.include(`GET ${target} `).and.include('192.0.2.7');
      }
      stand.sweeps(60_000);
      expect(stand.take()).to.deep.equal([]);
    });

    it('is demanded of a trusted sender', () => {
      const stand = new Stand({ trusted: true });
      stand.push(get('/1'));
      expect(stand.take()).to.deep.equal(['ERR_PROXY_HEADER']);
    });
  });

  it('frees what is queued when nothing more is wanted', () => {
    const stand = new Stand();
    stand.push(get('/1') + put('/2', 3) + 'abc' + put('/3', 3));
    stand.incoming.discard();
    stand.push('abc');
    expect(stand.take()).to.deep.equal([]);
  });
});
