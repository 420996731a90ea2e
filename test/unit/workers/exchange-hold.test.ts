import { expect } from 'chai';
import { UNDECLARED_HOLD } from '../../../workers/rescue/hold.js';
import { settled } from '../frontend/stand.js';
import {
  ANSWERED,
  FakeConnection,
  FakeServer,
  LENGTH,
  OK,
  request,
  Stand,
  type About,
} from './stand.js';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const EARLY = 'HTTP/1.1 103 Early\r\nLink: x\r\n\r\n';
const EARLY_SAID = 'interim 103 "Link: x\\r\\n"';

describe('Exchange of a worker, answers of the version that users move to', () => {
  let server: FakeConnection;
  let stand: Stand;
  const begin = (about: About = {}) => {
    server = new FakeConnection();
    stand = new Stand({
      moving: [new FakeServer('new', server)],
      stable: [new FakeServer('old', new FakeConnection())],
      ...about,
    });
  };

  it('are held until they are whole', async () => {
    begin();
    await server.says(OK.slice(0, -1));
    expect(stand.said).to.deep.equal([]);
    await server.says('i');
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
  });

  const flowing: readonly (readonly [pieces: string[], said: string, meaning: string])[] = [
    [
      ['HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n'],
      `answer 200 length ${JSON.stringify('Content-Length: 51\r\n')} "" …`,
      'larger than what is held',
    ],
    [
      [CHUNKED.replace('\r\n\r\n', '\r\nContent-Type: text/event-stream\r\n\r\n')],
      `answer 200 open ${JSON.stringify('Content-Type: text/event-stream\r\n')} "" …`,
      'event streams',
    ],
    [
      [CHUNKED, `32\r\n${'a'.repeat(50)}\r\n`],
      `answer 200 open "${'a'.repeat(50)}" …`,
      'as much is here as is held, and the end is not',
    ],
    [
      ['HTTP/1.1 200 OK\r\n\r\n', 'a'.repeat(60)],
      `answer 200 open "${'a'.repeat(60)}" …`,
      'the same up to the end of the connection',
    ],
  ];
  for (const [pieces, said, meaning] of flowing) {
    it(`flow at once: ${meaning}`, async () => {
      begin();
      await server.says(...pieces);
      expect(stand.said).to.deep.equal([said]);
    });
  }

  it('flow at once where the request could not be asked again', async () => {
    begin({ asked: request({ method: 'POST' }) });
    await server.says(EARLY, OK.slice(0, -1));
    expect(stand.said).to.deep.equal([EARLY_SAID, `answer 200 length ${LENGTH} "h" …`]);
  });

  it('flow at once where an upgrade is declined: a tunnel is never asked for again', async () => {
    begin({ asked: request({ upgrade: true }) });
    await server.says(EARLY, OK.slice(0, -1));
    expect(stand.said).to.deep.equal([EARLY_SAID, `answer 200 length ${LENGTH} "h" …`]);
  });

  it('are held for a moment where nobody knows how long they are, and nothing is lost', async () => {
    begin();
    await server.says(CHUNKED, '2\r\nhi\r\n');
    await stand.passes(UNDECLARED_HOLD - 1);
    expect(stand.said).to.deep.equal([]);
    await stand.passes(1);
    expect(stand.said).to.deep.equal(['answer 200 open "hi" …']);
    await server.says('4\r\n you\r\n', '0\r\nX: y\r\n\r\n');
    await stand.run;
    expect(stand.said.slice(1)).to.deep.equal(['part " you" …', 'part "" "X: y\\r\\n"']);
    expect(stand.seen).to.deep.equal(['moving new ok 200 6 bytes #1']);
    expect(stand.clock.waiting).to.equal(0);
  });

  it('are held for one moment, not for one each piece', async () => {
    begin();
    await server.says(CHUNKED, '1\r\na\r\n');
    await stand.passes(UNDECLARED_HOLD - 1);
    await server.says('1\r\nb\r\n');
    await stand.passes(1);
    expect(stand.said).to.deep.equal(['answer 200 open "ab" …']);
  });

  it('leave no timer behind when they end within that moment', async () => {
    begin();
    await server.says(CHUNKED, '2\r\nhi\r\n0\r\n\r\n');
    await stand.run;
    expect(stand.said).to.deep.equal(['answer 200 open "hi"']);
    expect(stand.clock.waiting).to.equal(0);
  });

  it('keep their 1xx with them until they are used', async () => {
    begin();
    await server.says(EARLY, 'HTTP/1.1 100 Continue\r\n\r\n', OK.slice(0, -1));
    expect(stand.said).to.deep.equal([]);
    await server.says('i');
    await stand.run;
    expect(stand.said).to.deep.equal([EARLY_SAID, ANSWERED]);
  });

  it('that are cut once they flow cut the client off: it has seen a part', async () => {
    begin();
    await server.says('HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\nab', '');
    await stand.run;
    expect(stand.said.at(-1)).to.equal('failure ERR_ANSWER_CUT');
    expect(stand.seen).to.deep.equal(['moving new failed ERR_ANSWER_CUT 200 #1']);
    expect(stand.reported).to.deep.equal(['failed at new: ERR_ANSWER_CUT']);
  });

  it('count no bytes of a stream of events, which has no size', async () => {
    begin();
    await server.says(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n',
      'data: 1\n\n',
      '',
    );
    await stand.run;
    expect(stand.seen).to.deep.equal(['moving new ok 200 #1']);
  });

  it('wait for a slow client as long as it takes, also those whose next piece was awaited before', async () => {
    begin({ window: 2 });
    await server.says(CHUNKED, '2\r\nhi\r\n');
    await stand.passes(UNDECLARED_HOLD);
    expect(stand.said).to.deep.equal(['answer 200 open "hi" …']);
    await stand.sweeps(4000);
    expect(server.isClosed).to.equal(false);
    stand.exchange.granted(100);
    await settled();
    await server.says('0\r\n\r\n');
    await stand.run;
    expect(stand.said.at(-1)).to.equal('part ""');
  });
});
