import { expect } from 'chai';
import { settled } from '../frontend/stand.js';
import {
  answer,
  COMPARISON_PATIENCE,
  FakeConnection,
  FakeServer,
  HEAD,
  inAnswer,
  NEWER_PATIENCE,
  refused,
  request,
  Stand,
  type About,
} from './stand.js';

const BOTH = { transition: { mode: 'CONCURRENT' } } as const;
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
/** Two answers that agree, and by their Date show who made them. */
const dated = (date: string, body = 'same') =>
  answer(body).replace('\r\n\r\n', `\r\nDate: ${date}\r\n\r\n`);
const saidOf = (date: string, body = 'same') =>
  `answer 200 length ${JSON.stringify(`Content-Length: ${body.length}\r\nDate: ${date}\r\n`)} "${body}"`;

describe('Exchange of a worker, CONCURRENT', () => {
  let newer: FakeConnection;
  let older: FakeConnection;
  let stand: Stand;
  beforeEach(() => (older = new FakeConnection()));
  const begin = (about: About = {}) => {
    newer = new FakeConnection();
    stand = new Stand({
      ...BOTH,
      moving: [new FakeServer('new', newer)],
      stable: [new FakeServer('old', older)],
      ...about,
    });
  };

  it('asks both versions, and uses the newer answer where they agree', async () => {
    begin();
    await newer.says(dated('new'));
    expect(stand.said).to.deep.equal([]);
    await older.says(dated('old'));
    await stand.run;
    expect([newer.sent, older.sent]).to.deep.equal([HEAD, HEAD]);
    expect(stand.said).to.deep.equal([saidOf('new')]);
    expect(stand.clock.now()).to.equal(0);
    expect([newer.fate, older.fate]).to.deep.equal([4000, 4000]);
  });

  it('observes both as first attempts', async () => {
    begin();
    await newer.says(dated('new'));
    await older.says(dated('old'));
    await stand.run;
    expect(stand.seen).to.have.members([
      'moving new ok 200 4 bytes #1',
      'stable old ok 200 4 bytes #1',
    ]);
  });

  it('waits with the older answer, within its patience', async () => {
    begin();
    await older.says(dated('old'));
    await stand.passes(COMPARISON_PATIENCE - 1);
    expect(stand.said).to.deep.equal([]);
    await newer.says(dated('new'));
    await stand.run;
    expect(stand.said).to.deep.equal([saidOf('new')]);
    expect(stand.clock.waiting).to.equal(0);
  });

  it('keeps the 1xx of the answer that is not used', async () => {
    begin();
    await newer.says(`HTTP/1.1 103 Early\r\nLink: n\r\n\r\n${dated('new')}`);
    await older.says(`HTTP/1.1 103 Early\r\nLink: o\r\n\r\n${dated('old')}`);
    await stand.run;
    expect(stand.said).to.deep.equal(['interim 103 "Link: n\\r\\n"', saidOf('new')]);
  });

  const unused: readonly (readonly [piece: string, seen: string, meaning: string])[] = [
    [answer('else'), 'moving new different 200 4 bytes #1', 'it is different'],
    [answer('same', 404), 'moving new different 404 4 bytes #1', 'its status is different'],
    [answer('oops', 500), 'moving new failed 500 4 bytes #1', 'it is a 5xx'],
    ['', 'moving new failed ERR_SERVER_RESET #1', 'it was reset'],
    ['junk\r\n\r\n', 'moving new failed ERR_ANSWER_MALFORMED #1', 'it is malformed'],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\nab',
      'moving new different 200 70000 bytes #1',
      'it is large, and the older one is not',
    ],
  ];
  for (const [piece, seen, meaning] of unused) {
    it(`uses the older answer at once, and observes the newer one: ${meaning}`, async () => {
      begin();
      await newer.says(piece);
      await older.says(dated('old'));
      await stand.run;
      expect(stand.said).to.deep.equal([saidOf('old')]);
      expect(stand.seen.filter(each => each.startsWith('moving'))).to.deep.equal([seen]);
      expect(newer.fate).to.not.equal(undefined);
      expect(stand.clock.now()).to.equal(0);
    });

    it(`observes it also when it is late: ${meaning}`, async () => {
      begin();
      await older.says(dated('old'));
      await stand.passes(COMPARISON_PATIENCE);
      expect(stand.said).to.deep.equal([saidOf('old')]);
      expect(stand.isOver).to.equal(false);
      await newer.says(piece);
      await stand.run;
      expect(stand.said).to.have.length(1);
      expect(stand.seen.at(-1)).to.equal(seen);
    });
  }

  it('observes a late newer answer that agrees as answered', async () => {
    begin();
    await older.says(dated('old'));
    await stand.passes(COMPARISON_PATIENCE);
    await newer.says(dated('new'));
    await stand.run;
    expect(stand.said).to.deep.equal([saidOf('old')]);
    expect(stand.seen.at(-1)).to.equal('moving new ok 200 4 bytes #1');
  });

  it('gives up a newer version that is silent, long after the client has its answer', async () => {
    begin();
    await older.says(dated('old'));
    await stand.sweeps(NEWER_PATIENCE);
    expect(newer.isClosed).to.equal(false);
    await stand.sweeps(1);
    await stand.run;
    expect(newer.isClosed).to.equal(true);
    expect(stand.said).to.deep.equal([saidOf('old')]);
    expect(stand.seen.at(-1)).to.equal('moving new failed ERR_SERVER_SILENT #1');
  });

  it('does without a newer version that refuses, or has no room', async () => {
    for (const moving of [[new FakeServer('new', refused)], []]) {
      older = new FakeConnection();
      begin({ moving });
      await older.says(dated('old'));
      await stand.run;
      expect(stand.said).to.deep.equal([saidOf('old')]);
      expect(stand.clock.now()).to.equal(0);
    }
  });

  it('outlives a fault of ours on the way to the newer version', async () => {
    begin({ moving: [new FakeServer('without a connection')] });
    await settled();
    await older.says(dated('old'));
    await stand.run;
    expect(stand.said).to.deep.equal([saidOf('old')]);
  });

  it('uses the older answer where both fail alike', async () => {
    begin();
    const failing = (date: string) => dated(date, 'oops').replace('200', '500');
    await newer.says(failing('new'));
    await older.says(failing('old'));
    await stand.run;
    expect(stand.said).to.deep.equal([saidOf('old', 'oops').replace('200', '500')]);
    expect(stand.seen).to.have.length(2);
    expect(stand.seen.every(each => each.includes(' failed 500 '))).to.equal(true);
    expect(stand.of('stable').heard).to.deep.equal(['old failed in its application']);
  });

  it('takes an older version that fails for no witness against the newer one', async () => {
    begin();
    await newer.says(dated('new'));
    await older.says(answer('oops', 500));
    await stand.run;
    expect(stand.said).to.deep.equal([inAnswer('oops', 500)]);
    expect(stand.seen.filter(each => each.startsWith('moving'))).to.deep.equal([
      'moving new ok 200 4 bytes #1',
    ]);
  });

  it('does not use a newer answer where the older version gives none: it is not proven', async () => {
    begin();
    await newer.says(dated('new'));
    await older.hangsUp();
    await stand.run;
    await settled();
    expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
    expect(stand.seen).to.have.length(2);
    expect(newer.fate).to.equal(4000);
  });

  it('gives up a silent newer version also where the older one gives no answer', async () => {
    begin();
    await older.hangsUp();
    expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
    expect(stand.isOver).to.equal(false, 'a worker sweeps no exchange that is over');
    await stand.sweeps(NEWER_PATIENCE + 1);
    await stand.run;
    expect(newer.isClosed).to.equal(true);
  });

  it('gives up a newer version that drips, once its patience is over', async () => {
    begin();
    await older.says(dated('old'));
    await newer.says('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n');
    for (let n = 0; n < 3; n++) {
      await stand.sweeps(NEWER_PATIENCE - 1);
      await newer.says('x');
    }
    expect(newer.isClosed).to.equal(true, 'it is a time for all of it');
  });

  it('rescues the older answer by another server of its version', async () => {
    const spare = new FakeConnection();
    begin({ stable: [new FakeServer('old', older), new FakeServer('spare', spare)] });
    await older.hangsUp();
    await spare.says(dated('old'));
    await newer.says(dated('new'));
    await stand.run;
    expect(stand.said).to.deep.equal([saidOf('new')]);
    expect(stand.seen).to.have.members([
      'stable old failed ERR_SERVER_RESET #1',
      'stable spare ok 200 4 bytes #2',
      'moving new ok 200 4 bytes #1',
    ]);
  });

  describe('never delays an older answer by more than its patience', () => {
    const rows: readonly (readonly [pieces: string[], said: string, meaning: string])[] = [
      [[dated('old')], saidOf('old'), 'that is whole'],
      [
        ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'],
        `answer 200 length ${JSON.stringify('Content-Length: 5\r\n')} "ab" …`,
        'whose body is slow',
      ],
      [[CHUNKED, '2\r\nhi\r\n'], 'answer 200 open "hi" …', 'that has no end yet'],
      [
        ['HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\nab'],
        `answer 200 length ${JSON.stringify('Content-Length: 70000\r\n')} "" …`,
        'that is large',
      ],
      [
        ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n', 'data: 1\n\n'],
        `answer 200 open ${JSON.stringify('Content-Type: text/event-stream\r\n')} "" …`,
        'that is a stream of events',
      ],
    ];
    for (const [pieces, said, meaning] of rows) {
      it(meaning, async () => {
        begin();
        await older.says(...pieces);
        await stand.passes(COMPARISON_PATIENCE);
        expect(stand.said[0]?.replace('"ab" …', '"" …')).to.equal(said.replace('"ab" …', '"" …'));
      });
    }
  });

  it('compares large answers by head and length, and lets the newer one flow', async () => {
    const large = 'HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n';
    begin();
    await newer.says(large, 'n');
    await older.says(large);
    expect(stand.said[0]).to.match(/^answer 200 length .* "n?" …$/);
    expect(older.fate).to.equal('closed');
    expect(stand.seen).to.have.length(1);
    expect(stand.seen[0]).to.match(/^stable old ok 200 70000 bytes/);
  });

  describe('asks the older version alone', () => {
    const alone: readonly (readonly [About, string])[] = [
      [{ asked: request({ method: 'POST', body: 'abc' }) }, 'for a POST'],
      [
        { asked: request({ method: 'PUT', body: 'abc' }) },
        'for a PUT, which changes state as well',
      ],
      [{ asked: request({ method: 'GET', more: true }) }, 'for a body that did not come whole'],
      [{ asked: request({ upgrade: true }) }, 'for an upgrade'],
      [
        {
          asked: request({ method: 'POST', more: true }),
          transition: { mode: 'CONCURRENT', methods: ['POST'] },
        },
        'for a body that did not come whole, though its method is named',
      ],
      [
        {
          asked: request({ method: 'PUT' }),
          transition: { mode: 'CONCURRENT', methods: ['POST'] },
        },
        'for a method that is not named',
      ],
    ];
    for (const [about, meaning] of alone) {
      it(meaning, async () => {
        begin(about);
        await settled();
        expect(newer.sent).to.equal('');
        await older.says(dated('old'));
        await stand.run;
        expect(stand.said).to.deep.equal([saidOf('old')]);
        expect(stand.seen).to.deep.equal(['stable old ok 200 4 bytes #1']);
      });
    }
  });

  it('asks both for a POST where the operator has named it', async () => {
    begin({
      asked: request({ method: 'POST', body: 'abc' }),
      transition: { mode: 'CONCURRENT', methods: ['POST'] },
    });
    await newer.says(dated('new'));
    await older.says(dated('old'));
    await stand.run;
    expect([newer.sent, older.sent]).to.deep.equal([`${HEAD}abc`, `${HEAD}abc`]);
    expect(stand.said).to.deep.equal([saidOf('new')]);
  });
});
