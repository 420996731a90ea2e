import { expect } from 'chai';
import { CutoverError } from '../../../src/kernel/errors.js';
import {
  answer,
  ANSWERED,
  FakeConnection,
  FakeServer,
  HEAD,
  OK,
  refused,
  request,
  Stand,
} from './stand.js';
import { settled } from '../frontend/stand.js';

const standWith = (stable: readonly FakeServer[], asked = request(), window = 1000) =>
  new Stand({ stable, asked, window });
const serverOf = (...connections: FakeServer['connections']) => new FakeServer('a', ...connections);

describe('Exchange of a worker, one version', () => {
  let server: FakeConnection;
  beforeEach(() => (server = new FakeConnection()));

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
        const stand = standWith([serverOf(server)]);
        await server.says(...pieces);
        await stand.run;
        expect(stand.said.at(-1)).to.equal(`failure ${code}`);
        expect(stand.reported).to.deep.equal([`failed at a: ${code}`]);
        expect(server.fate).to.equal('closed');
      });
    }

    it('are ERR_ANSWER_CUT in the middle of the body', async () => {
      const stand = standWith([serverOf(server), serverOf(new FakeConnection())]);
      await server.says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
      await server.hangsUp();
      await stand.run;
      expect(stand.said.at(-1)).to.equal('failure ERR_ANSWER_CUT');
    });

    it('are the application’s own where it has answered them whole, and its server’s where not', async () => {
      const cut = 'HTTP/1.1 500 X\r\nContent-Length: 5\r\n\r\nab';
      const said = [
        [[answer('oops', 500)], 'a failed in its application'],
        [[cut, ''], 'a failed'],
        [[''], 'a failed'],
      ] as const;
      for (const [pieces, heard] of said) {
        server = new FakeConnection();
        const stand = standWith([serverOf(server)]);
        await server.says(...pieces);
        await stand.run;
        expect(stand.of('stable').heard).to.deep.equal([heard]);
      }
    });

    it('are ERR_ANSWER_MALFORMED when chunks turn out to be none', async () => {
      const stand = standWith([serverOf(server)]);
      await server.says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'zz\r\n');
      await stand.run;
      expect(stand.said).to.deep.equal(['answer 200 open "" …', 'failure ERR_ANSWER_MALFORMED']);
    });

    it('are ERR_SERVER_SILENT when no answer comes in time; that is not repeated', async () => {
      const stand = standWith([serverOf(server), serverOf(new FakeConnection())]);
      await settled();
      await stand.sweeps(1000);
      expect(stand.said).to.deep.equal([]);
      await stand.sweeps(1);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
      expect(server.isClosed).to.equal(true);
    });

    it('are ERR_SERVER_SILENT when a body stops', async () => {
      const stand = standWith([serverOf(server)]);
      await server.says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
      await stand.sweeps(5000);
      expect(stand.said).to.have.length(1);
      await stand.sweeps(1);
      await stand.run;
      expect(stand.said.at(-1)).to.equal('failure ERR_SERVER_SILENT');
    });

    it('are ERR_SERVER_SILENT also where the end of the connection would be the end', async () => {
      const stand = standWith([serverOf(server)]);
      await server.says('HTTP/1.1 200 OK\r\n\r\nab');
      await stand.sweeps(5001);
      await stand.run;
      expect(stand.said.at(-1)).to.equal('failure ERR_SERVER_SILENT', 'not a whole answer');
    });

    it('are ERR_NO_CONNECTION when every server is full', async () => {
      const stand = standWith([]);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_NO_CONNECTION']);
      expect(stand.reported).to.deep.equal(['failed at -: ERR_NO_CONNECTION']);
    });

    it('are ERR_INTERNAL when they are ours', async () => {
      const stand = standWith([serverOf()]);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_INTERNAL']);
    });
  });

  describe('another attempt', () => {
    const post = request({ method: 'POST', body: 'abc' });

    it('is made at the next server when one refuses, for every method', async () => {
      const stand = standWith([serverOf(refused), new FakeServer('b', server)], post);
      await settled();
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(stand.reported).to.deep.equal(['a ERR_SERVER_REFUSED']);
      expect(server.sent).to.equal(`${HEAD}abc`);
    });

    it('ends when all have refused', async () => {
      const unreachable = new CutoverError('ERR_SERVER_UNREACHABLE', 'late');
      const stand = standWith([serverOf(refused), new FakeServer('b', unreachable)]);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_UNREACHABLE']);
      expect(stand.reported.slice(0, 2)).to.deep.equal([
        'a ERR_SERVER_REFUSED',
        'b ERR_SERVER_UNREACHABLE',
      ]);
    });

    it('is made at the same server when a connection had been used and was reset', async () => {
      const used = new FakeConnection(true);
      const stand = standWith([serverOf(used, server)]);
      await settled();
      await used.hangsUp();
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
    });

    // A server breaks every connection, and has as many idle ones as a request has attempts: each of them
    // could be the one that was closing, and no attempt would be left for the server that is well.
    it('is made over a fresh connection there, so that the one after it is made elsewhere', async () => {
      const breaking = [new FakeConnection(true), new FakeConnection(false)];
      const bad = serverOf(...breaking);
      const stand = standWith([bad, new FakeServer('b', server)]);
      for (const each of breaking) {
        await settled();
        await each.hangsUp();
      }
      await server.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(bad.fresh).to.deep.equal([false, true]);
    });

    it('is made elsewhere when a new connection was reset', async () => {
      const other = new FakeConnection();
      const stand = standWith([serverOf(server), new FakeServer('b', other)]);
      await settled();
      await server.hangsUp();
      await other.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
    });

    it('is not made a fourth time', async () => {
      const used = [1, 2, 3].map(() => new FakeConnection(true));
      const stand = standWith([serverOf(...used, server)]);
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
        const stand = standWith([serverOf(seen, server), new FakeServer('b', server)], post);
        await settled();
        await seen.hangsUp();
        await stand.run;
        expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
        expect(server.sent).to.equal('');
      }
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
        const stand = standWith([serverOf(used, connecting)], put);
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
      const stand = standWith([serverOf(server), serverOf(new FakeConnection())]);
      await settled();
      stand.exchange.cancel();
      await stand.run;
      expect(server.isClosed).to.equal(true);
      expect([...stand.said, ...stand.reported]).to.deep.equal([]);
    });

    it('comes also to an upload that waits, and to an answer that waits for credit', async () => {
      const first = standWith([serverOf(server)], request({ method: 'PUT', more: true }));
      await settled();
      first.exchange.cancel();
      await first.run;
      const other = new FakeConnection();
      const second = standWith([serverOf(other)], request(), 1);
      await other.says('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', 'def');
      second.exchange.cancel();
      await second.run;
      expect(second.said).to.have.length(1);
    });

    it('comes while a connection is being made, or is refused', async () => {
      let connected!: (each: FakeConnection) => void;
      const connecting = new Promise<FakeConnection>(resolve => (connected = resolve));
      const stand = standWith([serverOf(connecting)]);
      stand.exchange.cancel();
      connected(server);
      await stand.run;
      expect(server.sent).to.equal('');
      expect(server.fate).to.equal('closed');

      let fail!: (cause: unknown) => void;
      const failing = new Promise<FakeConnection>((_, reject) => (fail = reject));
      const second = standWith([serverOf(failing), new FakeServer('b', new FakeConnection())]);
      second.exchange.cancel();
      fail(refused);
      await second.run;
      expect(second.said).to.deep.equal([]);
    });

    it('has nothing left to sweep', async () => {
      const stand = standWith([serverOf(server)]);
      await server.says(OK);
      await stand.run;
      await stand.sweeps(100_000);
      expect(stand.said).to.have.length(1);
      expect(server.isClosed).to.equal(false);
    });
  });
});
