import { expect } from 'chai';
import { CutoverError } from '../../../src/kernel/errors.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import { framingAt, kinds, type FromWorker, type Request } from '../../../src/wire/envelope.js';
import type { Lent, Server } from '../../../workers/containers/server.js';
import { Exchange } from '../../../workers/exchange.js';
import { FakeClock } from '../support-clock.js';
import { settled } from '../frontend/stand.js';

/** A container's end of a connection. */
class FakeConnection implements Lent {
  readonly isUsed: boolean;
  sent = '';
  isClosed = false;
  /** Milliseconds that it may be kept; `closed`: not; undefined: it was not given back. */
  fate: number | 'closed' | undefined;
  /** Until the test lets it, nothing is taken. */
  taking: Promise<void> = Promise.resolve();
  readonly #pieces: Buffer[] = [];
  #wake: (() => void) | undefined;

  constructor(isUsed = false) {
    this.isUsed = isUsed;
  }

  readonly stream = {
    send: async (bytes: Buffer): Promise<void> => {
      await this.taking;
      if (this.isClosed) throw new CutoverError('ERR_SERVER_RESET', 'closed');
      this.sent += bytes.toString('latin1');
    },
    receive: () => this.receive(),
    close: () => {
      this.isClosed = true;
      this.#wake?.();
    },
  };

  async receive(): Promise<Buffer> {
    while (this.#pieces.length === 0 && !this.isClosed) {
      await new Promise<void>(resolve => (this.#wake = resolve));
    }
    return this.isClosed ? Buffer.alloc(0) : (this.#pieces.shift() ?? Buffer.alloc(0));
  }

  async says(...pieces: string[]): Promise<void> {
    for (const each of pieces) {
      this.#pieces.push(Buffer.from(each, 'latin1'));
      this.#wake?.();
      await settled();
    }
  }

  async hangsUp(): Promise<void> {
    await this.says('');
  }
}

/** Lends what the test has prepared for it, in order. */
class FakeServer {
  readonly name: string;
  readonly connections: (FakeConnection | CutoverError | Promise<FakeConnection>)[];

  constructor(name: string, ...connections: FakeServer['connections']) {
    this.name = name;
    this.connections = connections;
  }

  async lend(): Promise<Lent> {
    const next = await this.connections.shift();
    if (next === undefined || next instanceof CutoverError) throw next ?? new Error('no more');
    return next;
  }

  giveBack(lent: FakeConnection, idle: number | undefined): void {
    lent.fate = idle ?? 'closed';
    if (idle === undefined) lent.stream.close();
  }
}

const refused = new CutoverError('ERR_SERVER_REFUSED', 'refused');
const ID = exchangeId(7);
const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const VIA = 'Via: 1.1 cutover\r\n';

const limits = {
  answerTimeout: 1000,
  streamTimeout: 5000,
  tunnelTimeout: 60_000,
  serverIdle: 4000,
  answer: { head: 1000, fields: 20 },
  window: 100,
};

const request = (
  about: { method?: string; upgrade?: boolean; body?: string; more?: boolean } = {},
): Request => {
  const { method = 'GET', upgrade = false, body = '', more = false } = about;
  return [kinds.request, ID, method, HEAD, upgrade, Buffer.from(body), more];
};

class Stand {
  readonly clock = new FakeClock();
  /** What the frontend was told, in words. */
  said: string[] = [];
  readonly reported: string[] = [];
  readonly exchange: Exchange;
  readonly run: Promise<void>;

  constructor(servers: readonly FakeServer[], asked: Request = request(), window = 1000) {
    this.exchange = new Exchange(asked, window, {
      limits,
      now: () => this.clock.now(),
      push: envelope => this.said.push(inWords(envelope)),
      pick: tried => (servers as unknown as readonly Server[]).find(each => !tried.has(each)),
      refused: (server, { code }) => this.reported.push(`${server.name} ${code}`),
      failed: ({ server, code }) => this.reported.push(`failed at ${server?.name ?? '-'}: ${code}`),
    });
    this.run = this.exchange.run();
  }

  async gets(bytes: string, more = true): Promise<void> {
    this.exchange.part(Buffer.from(bytes), more);
    await settled();
  }

  async sweeps(ms: number): Promise<void> {
    this.clock.advance(ms);
    this.exchange.sweep(this.clock.now());
    await settled();
  }
}

function inWords(envelope: FromWorker): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  switch (envelope[0]) {
    case kinds.answer: {
      const [, , status, , fields, framing, body, more, trailers] = envelope;
      const shown = fields === VIA ? '' : ` ${JSON.stringify(fields.replace(VIA, ''))}`;
      const rest = `${more ? ' …' : ''}${trailers === '' ? '' : ` ${JSON.stringify(trailers)}`}`;
      return `answer ${status} ${framingAt(framing)}${shown} "${text(body)}"${rest}`;
    }
    case kinds.part:
      return `part "${text(envelope[2])}"${envelope[3] ? ' …' : ''}${envelope[4] === '' ? '' : ` ${JSON.stringify(envelope[4])}`}`;
    case kinds.interim:
      return `interim ${envelope[2]} ${JSON.stringify(envelope[4].replace(VIA, ''))}`;
    case kinds.credit:
      return `credit ${envelope[2]}`;
    case kinds.failure:
      return `failure ${envelope[2]}`;
    default:
      return `kind ${envelope[0]}`;
  }
}

const LENGTH = JSON.stringify('Content-Length: 2\r\n');

describe('Exchange of a worker', () => {
  let server: FakeConnection;
  beforeEach(() => (server = new FakeConnection()));
  const serverOf = (...connections: FakeServer['connections']) =>
    new FakeServer('a', ...connections);

  describe('answers', () => {
    const rows: readonly (readonly [pieces: string[], said: string[], meaning: string])[] = [
      [[OK], [`answer 200 length ${LENGTH} "hi"`], 'a small one in one envelope'],
      [
        [OK.slice(0, 20), OK.slice(20, -1), 'i'],
        [`answer 200 length ${LENGTH} "h" …`, 'part "i"'],
        'as it comes, from the head on',
      ],
      [
        [
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
          '2\r\nhi\r\n',
          '0\r\nX: y\r\n\r\n',
        ],
        ['answer 200 open "" …', 'part "hi" …', 'part "" "X: y\\r\\n"'],
        'bare, with trailers at the end',
      ],
      [
        ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n'],
        ['answer 200 open "hi" "X: y\\r\\n"'],
        'chunks at once',
      ],
      [['HTTP/1.1 204 None\r\n\r\n'], ['answer 204 none ""'], 'without a body'],
      [
        ['HTTP/1.1 200 OK\r\n\r\nhi', ' you', ''],
        ['answer 200 open "hi" …', 'part " you" …', 'part ""'],
        'up to the end of the connection',
      ],
      [
        ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', OK],
        ['interim 103 "Link: x\\r\\n"', `answer 200 length ${LENGTH} "hi"`],
        'interim ones before it, 100 excepted',
      ],
      [
        [`HTTP/1.1 103 Early\r\n\r\n${OK}`],
        ['interim 103 ""', `answer 200 length ${LENGTH} "hi"`],
        'interim ones in one piece with it',
      ],
    ];
    for (const [pieces, said, meaning] of rows) {
      it(`are passed on: ${meaning}`, async () => {
        const stand = new Stand([serverOf(server)]);
        await settled();
        await server.says(...pieces);
        await stand.run;
        expect(stand.said).to.deep.equal(said);
        expect(server.sent).to.equal(HEAD);
        expect(stand.reported).to.deep.equal([]);
      });
    }

    it('to HEAD have no body', async () => {
      const stand = new Stand([serverOf(server)], request({ method: 'HEAD' }));
      await server.says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 200 none ${LENGTH} ""`]);
      expect(server.fate).to.equal(4000);
    });

    const fates: readonly (readonly [string, number | 'closed', string])[] = [
      [OK, 4000, 'it may be used again'],
      [OK.replace('\r\n', '\r\nKeep-Alive: timeout=3\r\n'), 2000, 'as long as the server says'],
      [OK.replace('\r\n', '\r\nConnection: close\r\n'), 'closed', 'the server closes'],
      [OK.replace('1.1', '1.0'), 'closed', 'HTTP/1.0 closes'],
      [`${OK}!`, 'closed', 'bytes that nobody asked for'],
    ];
    for (const [text, fate, meaning] of fates) {
      it(`leave the connection ${fate}: ${meaning}`, async () => {
        const stand = new Stand([serverOf(server)]);
        await server.says(text);
        await stand.run;
        expect(server.fate).to.equal(fate);
        expect(server.isClosed).to.equal(fate === 'closed');
      });
    }

    it('wait for credit, and then the container does too', async () => {
      const stand = new Stand([serverOf(server)], request(), 3);
      await server.says('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'abc', 'def', 'ghi');
      expect(stand.said.slice(1)).to.deep.equal(['part "abc" …']);
      await stand.sweeps(100_000);
      expect(stand.said).to.have.length(2, 'a slow client is no silent server');
      stand.exchange.granted(4);
      await settled();
      expect(stand.said.slice(2)).to.deep.equal(['part "def" …', 'part "ghi"']);
      await stand.run;
      expect(server.fate).to.equal(4000);
    });
  });

  describe('uploads', () => {
    const put = request({ method: 'PUT', body: '', more: true });

    it('send head and small body in one piece', async () => {
      const stand = new Stand([serverOf(server)], request({ method: 'POST', body: 'abc' }));
      await server.says(OK);
      await stand.run;
      expect(server.sent).to.equal(`${HEAD}abc`);
    });

    it('send parts as they come, and give credit for what has left', async () => {
      const stand = new Stand([serverOf(server)], put);
      await stand.gets('a'.repeat(30));
      expect(stand.said).to.deep.equal([]);
      await stand.gets('b'.repeat(30));
      expect(stand.said).to.deep.equal(['credit 60'], 'half a window is worth an envelope');
      await stand.gets('c'.repeat(60), false);
      await server.says(OK);
      await stand.run;
      expect(server.sent.length).to.equal(HEAD.length + 120);
      expect(stand.said).to.have.length(2, 'no credit once there is no more');
      expect(server.fate).to.equal(4000);
    });

    it('go on after an answer that came early; the connection is not used again', async () => {
      const stand = new Stand([serverOf(server)], put);
      await server.says('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nn');
      await stand.gets('more');
      expect(server.sent).to.equal(`${HEAD}more`);
      await server.says('o');
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 413 length ${LENGTH} "n" …`, 'part "o"']);
      expect(server.fate).to.equal('closed');
    });

    it('do not hide an answer that came before the server closed', async () => {
      const stand = new Stand([serverOf(server)], put);
      await settled();
      server.taking = Promise.reject(new CutoverError('ERR_SERVER_RESET', 'reset'));
      server.taking.catch(() => undefined);
      await stand.gets('refused');
      await server.says('HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno', '');
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 413 length ${LENGTH} "no"`]);
    });

    it('show that a server is not silent', async () => {
      const stand = new Stand([serverOf(server)], put);
      for (let n = 0; n < 5; n++) {
        await stand.sweeps(900);
        await stand.gets('x');
      }
      expect(stand.said).to.deep.equal([]);
      await stand.sweeps(1001);
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
    });
  });

  describe('failures', () => {
    const rows: readonly (readonly [string[], string, string])[] = [
      [['nonsense\r\n\r\n'], 'ERR_ANSWER_MALFORMED', 'a malformed head'],
      [
        ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
        'ERR_ANSWER_MALFORMED',
        'doubtful framing',
      ],
      [
        ['HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n'],
        'ERR_ANSWER_MALFORMED',
        'an upgrade that nobody asked for',
      ],
      [['HTTP/1.1 200 OK\r\nContent-', ''], 'ERR_SERVER_RESET', 'cut off in its head'],
      [['HTTP/1.1 103 Early\r\n\r\n', ''], 'ERR_SERVER_RESET', 'nothing behind an interim answer'],
    ];
    for (const [pieces, code, meaning] of rows) {
      it(`are ${code}: ${meaning}`, async () => {
        const other = new FakeConnection();
        const stand = new Stand([serverOf(server), new FakeServer('b', other)]);
        await server.says(...pieces);
        await stand.run;
        expect(stand.said.at(-1)).to.equal(`failure ${code}`);
        expect(stand.reported).to.deep.equal([`failed at a: ${code}`]);
        expect(server.fate).to.equal('closed');
        expect(other.sent).to.equal('');
      });
    }

    it('are ERR_ANSWER_CUT in the middle of the body', async () => {
      const stand = new Stand([serverOf(server), serverOf(new FakeConnection())]);
      await server.says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
      await server.hangsUp();
      await stand.run;
      expect(stand.said.at(-1)).to.equal('failure ERR_ANSWER_CUT');
    });

    it('are ERR_ANSWER_MALFORMED when chunks turn out to be none', async () => {
      const stand = new Stand([serverOf(server)]);
      await server.says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'zz\r\n');
      await stand.run;
      expect(stand.said).to.deep.equal(['answer 200 open "" …', 'failure ERR_ANSWER_MALFORMED']);
    });

    it('are ERR_SERVER_SILENT when no answer comes in time; that is not repeated', async () => {
      const stand = new Stand([serverOf(server), serverOf(new FakeConnection())]);
      await settled();
      await stand.sweeps(1000);
      expect(stand.said).to.deep.equal([]);
      await stand.sweeps(1);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
      expect(server.isClosed).to.equal(true);
    });

    it('are ERR_SERVER_SILENT when a body stops', async () => {
      const stand = new Stand([serverOf(server)]);
      await server.says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
      await stand.sweeps(5000);
      expect(stand.said).to.have.length(1);
      await stand.sweeps(1);
      await stand.run;
      expect(stand.said.at(-1)).to.equal('failure ERR_SERVER_SILENT');
    });

    it('are ERR_SERVER_SILENT also where the end of the connection would be the end', async () => {
      const stand = new Stand([serverOf(server)]);
      await server.says('HTTP/1.1 200 OK\r\n\r\nab');
      await stand.sweeps(5001);
      await stand.run;
      expect(stand.said.at(-1)).to.equal('failure ERR_SERVER_SILENT', 'not a whole answer');
    });

    it('are ERR_NO_CONNECTION when every server is full', async () => {
      const stand = new Stand([]);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_NO_CONNECTION']);
      expect(stand.reported).to.deep.equal(['failed at -: ERR_NO_CONNECTION']);
    });

    it('are ERR_INTERNAL when they are ours', async () => {
      const stand = new Stand([serverOf()]);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_INTERNAL']);
    });
  });

  describe('another attempt', () => {
    const post = request({ method: 'POST', body: 'abc' });

    it('is made at the next server when one refuses, for every method', async () => {
      const stand = new Stand([serverOf(refused), new FakeServer('b', server)], post);
      await settled();
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 200 length ${LENGTH} "hi"`]);
      expect(stand.reported).to.deep.equal(['a ERR_SERVER_REFUSED']);
      expect(server.sent).to.equal(`${HEAD}abc`);
    });

    it('ends when all have refused', async () => {
      const unreachable = new CutoverError('ERR_SERVER_UNREACHABLE', 'late');
      const stand = new Stand([serverOf(refused), new FakeServer('b', unreachable)]);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_UNREACHABLE']);
      expect(stand.reported.slice(0, 2)).to.deep.equal([
        'a ERR_SERVER_REFUSED',
        'b ERR_SERVER_UNREACHABLE',
      ]);
    });

    it('is made at the same server when a connection had been used and was reset', async () => {
      const used = new FakeConnection(true);
      const stand = new Stand([serverOf(used, server)]);
      await settled();
      await used.hangsUp();
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 200 length ${LENGTH} "hi"`]);
    });

    it('is made elsewhere when a new connection was reset', async () => {
      const other = new FakeConnection();
      const stand = new Stand([serverOf(server), new FakeServer('b', other)]);
      await settled();
      await server.hangsUp();
      await other.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 200 length ${LENGTH} "hi"`]);
    });

    it('is not made a fourth time', async () => {
      const used = [1, 2, 3].map(() => new FakeConnection(true));
      const stand = new Stand([serverOf(...used, server)]);
      for (const each of used) {
        await settled();
        await each.hangsUp();
      }
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
      expect(server.sent).to.equal('');
    });

    it('is never made for a POST that a container can have seen', async () => {
      for (const isUsed of [true, false]) {
        const seen = new FakeConnection(isUsed);
        const stand = new Stand([serverOf(seen, server), new FakeServer('b', server)], post);
        await settled();
        await seen.hangsUp();
        await stand.run;
        expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
        expect(server.sent).to.equal('');
      }
    });

    it('is not made when a part of the body has left', async () => {
      const used = new FakeConnection(true);
      const put = request({ method: 'PUT', more: true });
      const stand = new Stand([serverOf(used, server)], put);
      await stand.gets('part');
      await used.hangsUp();
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
      expect(server.sent).to.equal('');
    });

    // The container closes an idle connection just as we use it again, and the body's first part comes
    // while the next connection is being made: whoever waited for it on the first must not take it.
    it('sends the whole body, also if its first part comes between two attempts', async () => {
      for (const taken of ['at once', 'late'] as const) {
        const used = new FakeConnection(true);
        const next = new FakeConnection();
        let connected!: () => void;
        const connecting = new Promise<FakeConnection>(resolve => {
          connected = () => resolve(next);
        });
        let take: () => void = () => undefined;
        if (taken === 'late') used.taking = new Promise(resolve => (take = resolve));
        const put = request({ method: 'PUT', more: true });
        const stand = new Stand([serverOf(used, connecting)], put);
        await settled();
        await used.hangsUp();
        take();
        await settled();
        await stand.gets('first ');
        connected();
        await settled();
        await stand.gets('second', false);
        expect(next.sent).to.equal(`${HEAD}first second`, taken);
        await next.says(OK);
        await stand.run;
      }
    });
  });

  describe('the end', () => {
    it('comes at once when nobody waits any more: the connection is closed, and nothing is said', async () => {
      const stand = new Stand([serverOf(server), serverOf(new FakeConnection())]);
      await settled();
      stand.exchange.cancel();
      await stand.run;
      expect(server.isClosed).to.equal(true);
      expect([...stand.said, ...stand.reported]).to.deep.equal([]);
    });

    it('comes also to an upload that waits, and to an answer that waits for credit', async () => {
      const first = new Stand([serverOf(server)], request({ method: 'PUT', more: true }));
      await settled();
      first.exchange.cancel();
      await first.run;
      const other = new FakeConnection();
      const second = new Stand([serverOf(other)], request(), 1);
      await other.says('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'def');
      second.exchange.cancel();
      await second.run;
      expect(second.said).to.have.length(1);
    });

    it('comes while a connection is being made, or is refused', async () => {
      let connected!: (each: FakeConnection) => void;
      const connecting = new Promise<FakeConnection>(resolve => (connected = resolve));
      const stand = new Stand([serverOf(connecting)]);
      stand.exchange.cancel();
      connected(server);
      await stand.run;
      expect(server.sent).to.equal('');
      expect(server.fate).to.equal('closed');

      let fail!: (cause: unknown) => void;
      const failing = new Promise<FakeConnection>((_, reject) => (fail = reject));
      const second = new Stand([serverOf(failing), new FakeServer('b', new FakeConnection())]);
      second.exchange.cancel();
      fail(refused);
      await second.run;
      expect([...second.said, ...second.reported]).to.deep.equal([]);
    });

    it('has nothing left to sweep', async () => {
      const stand = new Stand([serverOf(server)]);
      await server.says(OK);
      await stand.run;
      await stand.sweeps(100_000);
      expect(stand.said).to.have.length(1);
      expect(server.isClosed).to.equal(false);
    });
  });

  describe('tunnel', () => {
    const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
    const upgrade = request({ upgrade: true });

    it('passes bytes both ways, with credit both ways', async () => {
      const stand = new Stand([serverOf(server)], upgrade, 10);
      await settled();
      await server.says(`${SWITCH}hello`);
      expect(stand.said).to.deep.equal([
        `answer 101 tunnel ${JSON.stringify('Upgrade: websocket\r\n')} "hello" …`,
      ]);
      await stand.gets('frame 1');
      await stand.gets('x'.repeat(60));
      expect(stand.said.at(-1)).to.equal('credit 67');
      expect(server.sent).to.equal(`${HEAD}frame 1${'x'.repeat(60)}`);
      await server.says('a'.repeat(10), 'b');
      expect(stand.said.at(-1)).to.equal(`part "${'a'.repeat(10)}" …`);
      stand.exchange.granted(100);
      await settled();
      expect(stand.said.at(-1)).to.equal('part "b" …');
    });

    it('ends when the server ends it', async () => {
      const stand = new Stand([serverOf(server)], upgrade);
      await server.says(SWITCH, 'bye', '');
      await stand.run;
      expect(stand.said.slice(1)).to.deep.equal(['part "bye" …', 'part ""']);
      expect(server.fate).to.equal('closed');
    });

    it('may be silent for long, and no longer', async () => {
      const stand = new Stand([serverOf(server)], upgrade);
      await server.says(SWITCH);
      await stand.sweeps(60_000);
      expect(stand.said).to.have.length(1);
      await stand.gets('still here');
      await stand.sweeps(60_000);
      expect(stand.said).to.have.length(1);
      await stand.sweeps(1);
      expect(stand.said.at(-1)).to.equal('failure ERR_SERVER_SILENT');
    });

    it('is declined with an ordinary answer; the connection is not used again', async () => {
      const stand = new Stand([serverOf(server)], upgrade);
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 200 length ${LENGTH} "hi"`]);
      expect(server.fate).to.equal('closed');
    });

    // A request for an upgrade may have a body, and a large one comes in parts: its end is not the end
    // of what the client sends.
    it('goes on behind a body that came in parts', async () => {
      const stand = new Stand([serverOf(server)], request({ upgrade: true, more: true }));
      await stand.gets('the body', false);
      await server.says(SWITCH);
      await stand.gets('frame 1');
      expect(server.sent).to.equal(`${HEAD}the bodyframe 1`);
    });
  });
});
