import { expect } from 'chai';
import { CutoverError } from '../../../src/kernel/errors.js';
import { ANSWERED, FakeConnection, FakeServer, HEAD, LENGTH, OK, request, Stand } from './stand.js';
import { settled } from '../frontend/stand.js';

const standWith = (stable: readonly FakeServer[], asked = request(), window = 1000) =>
  new Stand({ stable, asked, window });
const serverOf = (...connections: FakeServer['connections']) => new FakeServer('a', ...connections);

describe('Exchange of a worker', () => {
  let server: FakeConnection;
  beforeEach(() => (server = new FakeConnection()));

  describe('answers', () => {
    const rows: readonly (readonly [pieces: string[], said: string[], meaning: string])[] = [
      [[OK], [ANSWERED], 'a small one in one envelope'],
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
        ['interim 103 "Link: x\\r\\n"', ANSWERED],
        'interim ones before it, 100 excepted',
      ],
      [
        [`HTTP/1.1 103 Early\r\n\r\n${OK}`],
        ['interim 103 ""', ANSWERED],
        'interim ones in one piece with it',
      ],
    ];
    for (const [pieces, said, meaning] of rows) {
      it(`are passed on: ${meaning}`, async () => {
        const stand = standWith([serverOf(server)]);
        await settled();
        await server.says(...pieces);
        await stand.run;
        expect(stand.said).to.deep.equal(said);
        expect(server.sent).to.equal(HEAD);
        expect(stand.reported).to.deep.equal([]);
      });
    }

    it('to HEAD have no body', async () => {
      const stand = standWith([serverOf(server)], request({ method: 'HEAD' }));
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
        const stand = standWith([serverOf(server)]);
        await server.says(text);
        await stand.run;
        expect(server.fate).to.equal(fate);
        expect(server.isClosed).to.equal(fate === 'closed');
      });
    }

    it('wait for credit, and then the container does too', async () => {
      const stand = standWith([serverOf(server)], request(), 3);
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
      const stand = standWith([serverOf(server)], request({ method: 'POST', body: 'abc' }));
      await server.says(OK);
      await stand.run;
      expect(server.sent).to.equal(`${HEAD}abc`);
    });

    it('send parts as they come, and give credit for what has left', async () => {
      const stand = standWith([serverOf(server)], put);
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
      const stand = standWith([serverOf(server)], put);
      await server.says('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nn');
      await stand.gets('more');
      expect(server.sent).to.equal(`${HEAD}more`);
      await server.says('o');
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 413 length ${LENGTH} "n" …`, 'part "o"']);
      expect(server.fate).to.equal('closed');
    });

    it('do not hide an answer that came before the server closed', async () => {
      const stand = standWith([serverOf(server)], put);
      await settled();
      server.taking = Promise.reject(new CutoverError('ERR_SERVER_RESET', 'reset'));
      server.taking.catch(() => undefined);
      await stand.gets('refused');
      await server.says('HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno', '');
      await stand.run;
      expect(stand.said).to.deep.equal([`answer 413 length ${LENGTH} "no"`]);
    });

    it('show that a server is not silent', async () => {
      const stand = standWith([serverOf(server)], put);
      for (let n = 0; n < 5; n++) {
        await stand.sweeps(900);
        await stand.gets('x');
      }
      expect(stand.said).to.deep.equal([]);
      await stand.sweeps(1001);
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
    });
  });

  describe('tunnel', () => {
    const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
    const upgrade = request({ upgrade: true });

    it('passes bytes both ways, with credit both ways', async () => {
      const stand = standWith([serverOf(server)], upgrade, 10);
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
      const stand = standWith([serverOf(server)], upgrade);
      await server.says(SWITCH, 'bye', '');
      await stand.run;
      expect(stand.said.slice(1)).to.deep.equal(['part "bye" …', 'part ""']);
      expect(server.fate).to.equal('closed');
    });

    it('may be silent for long, and no longer', async () => {
      const stand = standWith([serverOf(server)], upgrade);
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
      const stand = standWith([serverOf(server)], upgrade);
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(server.fate).to.equal('closed');
    });

    // A request for an upgrade may have a body, and a large one comes in parts: its end is not the end
    // of what the client sends.
    it('goes on behind a body that came in parts', async () => {
      const stand = standWith([serverOf(server)], request({ upgrade: true, more: true }));
      await stand.gets('the body', false);
      await server.says(SWITCH);
      await stand.gets('frame 1');
      expect(server.sent).to.equal(`${HEAD}the bodyframe 1`);
    });
  });
});
