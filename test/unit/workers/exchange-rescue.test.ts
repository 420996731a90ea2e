import { expect } from 'chai';
import type { CutoverError } from '../../../src/kernel/errors.js';
import { settled } from '../frontend/stand.js';
import {
  answer,
  ANSWERED,
  FakeConnection,
  FakeServer,
  HEAD,
  inAnswer,
  OK,
  refused,
  request,
  Stand,
  usualLimits,
  type About,
} from './stand.js';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const KEYED = 'POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: 8e03978e\r\n\r\n';

/** What a server does that gives the client nothing. */
interface Fault {
  readonly pieces: readonly string[];
  readonly seen: string;
  readonly meaning: string;
}

const faults: readonly Fault[] = [
  { pieces: [''], seen: 'ERR_SERVER_RESET', meaning: 'a goodbye without a byte' },
  { pieces: ['HTTP/1.1 200 O', ''], seen: 'ERR_SERVER_RESET', meaning: 'cut in the head' },
  { pieces: ['nonsense\r\n\r\n'], seen: 'ERR_ANSWER_MALFORMED', meaning: 'no answer of HTTP' },
  {
    pieces: ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab', ''],
    seen: 'ERR_ANSWER_CUT 200',
    meaning: 'cut in the middle of a body of declared length',
  },
  {
    pieces: [CHUNKED, '5\r\nab', ''],
    seen: 'ERR_ANSWER_CUT 200',
    meaning: 'cut in the middle of chunks, within the hold',
  },
  {
    pieces: [CHUNKED, 'zz\r\n'],
    seen: 'ERR_ANSWER_MALFORMED 200',
    meaning: 'chunks that are none, within the hold',
  },
  { pieces: [answer('oops', 500)], seen: '500', meaning: 'a 5xx' },
  {
    pieces: ['HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', answer('oops', 503)],
    seen: '503',
    meaning: 'a 5xx behind a 1xx, which the client does not get either',
  },
];

describe('Exchange of a worker, rescue', () => {
  let bad: FakeConnection;
  let good: FakeConnection;
  beforeEach(() => {
    bad = new FakeConnection();
    good = new FakeConnection();
  });
  const serverOf = (name: string, ...connections: FakeServer['connections']) =>
    new FakeServer(name, ...connections);
  const twoVersions = (about: About = {}): Stand =>
    new Stand({ moving: [serverOf('new', bad)], stable: [serverOf('old', good)], ...about });

  for (const { pieces, seen, meaning } of faults) {
    it(`goes to the next server of the version first: ${meaning}`, async () => {
      const old = new FakeConnection();
      const stand = new Stand({
        moving: [serverOf('new', bad), serverOf('new2', good)],
        stable: [serverOf('old', old)],
      });
      await bad.says(...pieces);
      await good.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(good.sent).to.equal(HEAD);
      expect(old.sent).to.equal('');
      expect(bad.isClosed || bad.fate === 4000).to.equal(true);
    });

    it(`goes to the version behind where no server is left: ${meaning}`, async () => {
      const stand = twoVersions();
      await bad.says(...pieces);
      await good.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(stand.of('moving').heard).to.deep.equal(['new failed']);
      expect(stand.of('stable').heard).to.deep.equal(['old succeeded']);
      expect(stand.seen).to.have.length(2);
      expect(stand.seen[0]?.replace('moving new failed ', '')).to.match(new RegExp(`^${seen}`));
      expect(stand.seen[1]).to.equal('stable old ok 200 2 bytes #2');
      expect(stand.reported).to.deep.equal([]);
    });
  }

  it('goes on where a server refuses, for every method', async () => {
    const post = request({ method: 'POST', body: 'abc' });
    const stand = twoVersions({ moving: [serverOf('new', refused)], asked: post });
    await settled();
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(good.sent).to.equal(`${HEAD}abc`);
    expect(stand.seen).to.deep.equal([
      'moving new failed ERR_SERVER_REFUSED #1',
      'stable old ok 200 2 bytes #2',
    ]);
    expect(stand.reported).to.deep.equal(['new ERR_SERVER_REFUSED']);
  });

  it('says with each failure whose it is, and of an answer that it is nobody’s', async () => {
    const stand = twoVersions();
    stand.of('moving').blame = 'server';
    await bad.hangsUp();
    await good.says(OK);
    await stand.run;
    expect(stand.blamed).to.deep.equal(['server', undefined]);
  });

  it('goes down as many versions as there are, and fails when all have failed', async () => {
    const last = new FakeConnection();
    const stand = twoVersions({ oldest: [serverOf('oldest', last)] });
    for (const each of [bad, good, last]) await each.hangsUp();
    await stand.run;
    expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
    expect(stand.reported).to.deep.equal(['failed at oldest: ERR_SERVER_RESET']);
    expect(stand.observed.map(({ attempt }) => attempt)).to.deep.equal([1, 2, 3]);
  });

  describe('of a silent server', () => {
    it('begins when its patience is over, and the version behind is asked first', async () => {
      const second = new FakeConnection();
      const stand = twoVersions({ moving: [serverOf('new', bad), serverOf('new2', second)] });
      await settled();
      await stand.sweeps(300);
      expect(good.sent).to.equal('');
      await stand.sweeps(1);
      expect(bad.isClosed).to.equal(true);
      await good.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(second.sent).to.equal('', 'servers of one version tend to hang together');
      expect(stand.seen[0]).to.equal('moving new failed ERR_SERVER_SILENT #1');
      expect(stand.observed[0]?.delay).to.equal(301);
    });

    it('also begins in the middle of an answer that is held', async () => {
      const stand = twoVersions();
      await bad.says('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab');
      await stand.sweeps(301);
      await good.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
    });

    it('leaves half of the time to the others, where patience is longer than that', async () => {
      const stand = twoVersions({ limits: { rescuePatience: 900 } });
      await settled();
      await stand.sweeps(501);
      await good.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
    });

    it('is not for a POST: its server has all the time there is, and then it fails', async () => {
      const stand = twoVersions({ asked: request({ method: 'POST' }) });
      await settled();
      await stand.sweeps(1000);
      expect(stand.said).to.deep.equal([]);
      await stand.sweeps(1);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
      expect(good.sent).to.equal('');
    });

    it('gives the version behind no more than what is left of the client’s time', async () => {
      const stand = twoVersions();
      await settled();
      await stand.sweeps(301);
      await stand.sweeps(699);
      expect(stand.said).to.deep.equal([]);
      await stand.sweeps(1);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
    });
  });

  describe('is not tried', () => {
    const post = { asked: request({ method: 'POST', body: 'abc' }) };
    const rows: readonly (readonly [
      About,
      Fault['pieces'],
      said: readonly string[],
      meaning: string,
    ])[] = [
      [post, [''], ['failure ERR_SERVER_RESET'], 'a POST was seen'],
      [post, ['junk\r\n\r\n'], ['failure ERR_ANSWER_MALFORMED'], 'a POST was seen'],
      [post, [answer('oops', 500)], [inAnswer('oops', 500)], 'the 5xx of a POST is its answer'],
      [
        { asked: request({ method: 'POST', head: KEYED }) },
        [''],
        ['failure ERR_SERVER_RESET'],
        'nobody has declared that keys are honoured',
      ],
      [
        { ...post, limits: { honoursIdempotencyKeys: true } },
        [''],
        ['failure ERR_SERVER_RESET'],
        'keys are honoured, but there is none',
      ],
      ...[
        'HTTP/2.0 200 OK',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, x',
        `HTTP/1.1 200 ${'a'.repeat(1001)}`,
      ].map(
        head =>
          [
            post,
            [`${head}\r\n\r\n`],
            ['failure ERR_ANSWER_MALFORMED'],
            'a POST was seen, whatever is wrong with its answer',
          ] as const,
      ),
      [{ budget: 0 }, ['junk\r\n\r\n'], ['failure ERR_ANSWER_MALFORMED'], 'the budget is used up'],
      [{ budget: 0 }, [answer('oops', 500)], [inAnswer('oops', 500)], 'the budget is used up'],
      [
        { asked: request({ upgrade: true }) },
        [''],
        ['failure ERR_SERVER_RESET'],
        'what a client sends into a tunnel is not kept',
      ],
      [
        { asked: request({ upgrade: true }) },
        [answer('oops', 500)],
        [inAnswer('oops', 500)],
        'what a client sends into a tunnel is not kept',
      ],
    ];
    for (const [about, pieces, said, meaning] of rows) {
      it(`after ${JSON.stringify(pieces)}: ${meaning}`, async () => {
        const stand = twoVersions(about);
        await bad.says(...pieces);
        await stand.run;
        expect(stand.said).to.deep.equal(said);
        expect(good.sent).to.equal('');
        expect(stand.seen).to.have.length(1);
        expect(stand.seen[0]).to.match(/^moving new failed .*#1$/);
      });
    }

    it('for a 5xx of the stable version: nobody would do better', async () => {
      const other = new FakeConnection();
      const stand = new Stand({ stable: [serverOf('a', bad), serverOf('b', other)] });
      await bad.says(answer('oops', 500));
      await stand.run;
      expect(stand.said).to.deep.equal([inAnswer('oops', 500)]);
      expect(other.sent).to.equal('');
      expect(stand.seen).to.deep.equal(['stable a failed 500 4 bytes #1']);
      expect(stand.of('stable').heard).to.deep.equal(['a failed in its application']);
    });

    it('for an answer below 500: it is what the version says', async () => {
      const stand = twoVersions();
      await bad.says(answer('none', 404));
      await stand.run;
      expect(stand.said).to.deep.equal([inAnswer('none', 404)]);
      expect(stand.seen).to.deep.equal(['moving new ok 404 4 bytes #1']);
    });
  });

  it('is tried with a declared Idempotency-Key', async () => {
    const asked = request({ method: 'POST', head: KEYED, body: 'abc' });
    const stand = twoVersions({ asked, limits: { honoursIdempotencyKeys: true } });
    await bad.hangsUp();
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(good.sent).to.equal(`${KEYED}abc`);
  });

  it('costs budget where a container has seen the request, and only there', async () => {
    const rows: readonly (readonly [
      FakeConnection | CutoverError,
      said: string,
      allowed: boolean,
    ])[] = [
      [bad, answer('oops', 500), false],
      [new FakeConnection(), '', true], // the older version gets it once, as without the upgrade
      [refused, '', true],
    ];
    for (const [first, said, allowed] of rows) {
      const answering = new FakeConnection();
      const moving = [serverOf('new', first)];
      const stand = new Stand({ moving, stable: [serverOf('old', answering)], budget: 1 });
      if (first instanceof FakeConnection) await first.says(said);
      await answering.says(OK);
      await stand.run;
      expect(stand.said).to.deep.equal([ANSWERED]);
      expect(stand.budget.allows(stand.clock.now())).to.equal(allowed);
    }
  });

  it('needs no budget where the version under way hangs: all that waits comes back at once', async () => {
    const stand = twoVersions({ budget: 0 });
    await stand.sweeps(usualLimits.rescuePatience + 1);
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(stand.seen).to.deep.equal([
      'moving new failed ERR_SERVER_SILENT #1',
      'stable old ok 200 2 bytes #2',
    ]);
  });

  it('gives the client a 5xx rather than nothing where no other server has room', async () => {
    const stand = twoVersions({ stable: [] });
    await bad.says(answer('oops', 500));
    await stand.run;
    expect(stand.said).to.deep.equal([inAnswer('oops', 500)]);
    expect(stand.seen).to.deep.equal(['moving new failed 500 4 bytes #1']);
  });

  it('gives the client a 5xx rather than nothing where the other server fails worse', async () => {
    const dying = new FakeConnection();
    const stand = twoVersions({ stable: [serverOf('old', dying)] });
    await bad.says(answer('oops', 500));
    await dying.hangsUp();
    await stand.run;
    expect(stand.said).to.deep.equal([inAnswer('oops', 500)]);
    expect(stand.seen).to.deep.equal([
      'stable old failed ERR_SERVER_RESET #2',
      'moving new failed 500 4 bytes #1',
    ]);
    expect([bad.fate, dying.fate]).to.deep.equal([4000, 'closed']);
  });
});
