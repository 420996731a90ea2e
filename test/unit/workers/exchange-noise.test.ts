import { expect } from 'chai';
import { NoiseBook } from '../../../workers/comparison/noise-book.js';
import { settled } from '../frontend/stand.js';
import {
  COMPARISON_PATIENCE,
  FakeConnection,
  FakeServer,
  HEAD,
  NEWER_PATIENCE,
  request,
  Stand,
  type About,
} from './stand.js';

const json = (text: string, status = 200) =>
  `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const drawn = (lot: number, name = 'a') => json(JSON.stringify({ lot, name }));

/** CONCURRENT with two servers of the older version: where they differ, a difference is no evidence. */
describe('Exchange of a worker, noise of the older version', () => {
  let noise: NoiseBook;
  let newer: FakeConnection;
  let older: FakeConnection;
  let second: FakeConnection;
  let stand: Stand;
  beforeEach(() => (noise = new NoiseBook({ fields: [], pointers: [] })));
  const begin = (about: About = {}) => {
    [newer, older, second] = [new FakeConnection(), new FakeConnection(), new FakeConnection()];
    stand = new Stand({
      transition: { mode: 'CONCURRENT' },
      moving: [new FakeServer('new', newer)],
      stable: [new FakeServer('old', older), new FakeServer('second', second)],
      noise,
      ...about,
    });
  };
  const bodyOf = (said: string | undefined) => /"(\{.*\})"/.exec(said ?? '')?.[1];
  const ofNewer = () => stand.seen.filter(each => each.startsWith('moving'));

  it('is learned from a second server once, while the client has its answer', async () => {
    begin();
    await newer.says(drawn(1));
    await older.says(drawn(2));
    expect(bodyOf(stand.said[0])).to.equal('{"lot":2,"name":"a"}');
    expect(second.sent).to.equal(HEAD);
    expect(stand.isOver).to.equal(false);
    await second.says(drawn(3));
    await stand.run;
    expect(ofNewer()).to.deep.equal(['moving new ok 200 20 bytes #1']);
    expect(stand.seen).to.include('stable second ok 200 20 bytes #2');

    begin();
    await newer.says(drawn(4));
    await older.says(drawn(5));
    await stand.run;
    expect(bodyOf(stand.said[0])).to.equal('{"lot":4,"name":"a"}', 'the newer answer');
    expect(second.sent).to.equal('', 'it need not be asked again');
  });

  it('excuses no difference elsewhere', async () => {
    begin();
    await newer.says(drawn(1, 'wrong'));
    await older.says(drawn(2));
    await second.says(drawn(3));
    await stand.run;
    expect(ofNewer()[0]).to.match(/^moving new different 200 /);
    begin();
    await newer.says(drawn(4, 'wrong'));
    await older.says(drawn(5));
    await second.says(drawn(6));
    await stand.run;
    expect(bodyOf(stand.said[0])).to.equal('{"lot":5,"name":"a"}');
    expect(ofNewer()[0]).to.match(/^moving new different 200 /);
  });

  const silentOn: readonly (readonly [string, string])[] = [
    [json('{"lot":2,"name":"a"}'), 'its servers agree'],
    ['', 'the second one hangs up'],
    [json('{"lot":9,"name":"b"}', 500), 'the second one fails'],
  ];
  for (const [piece, meaning] of silentOn) {
    it(`is not learned where ${meaning}`, async () => {
      begin();
      await newer.says(drawn(1));
      await older.says(drawn(2));
      await second.says(piece);
      await stand.run;
      expect(ofNewer()).to.deep.equal(['moving new different 200 20 bytes #1']);
      expect(noise.tolerated('GET /').body.below.size).to.equal(0);
    });
  }

  it('is not waited for beyond the newer version’s patience', async () => {
    begin();
    await newer.says(drawn(1));
    await older.says(drawn(2));
    await stand.sweeps(NEWER_PATIENCE + 1);
    await stand.run;
    expect(second.isClosed).to.equal(true);
    expect(stand.seen).to.include('stable second failed ERR_SERVER_SILENT #2');
    expect(ofNewer()).to.deep.equal(['moving new different 200 20 bytes #1']);
  });

  it('is learned from a late newer answer as well', async () => {
    begin();
    await older.says(drawn(2));
    await stand.passes(COMPARISON_PATIENCE);
    await newer.says(drawn(1));
    await second.says(drawn(3));
    await stand.run;
    expect(ofNewer()).to.deep.equal(['moving new ok 200 20 bytes #1']);
  });

  it('belongs to one route', async () => {
    noise.learn('GET /other', { kind: 'different', where: ['body/lot'] });
    begin();
    await newer.says(drawn(1));
    await older.says(drawn(2));
    await settled();
    expect(second.sent).to.equal(HEAD);
  });

  it('is not asked for where there is no second server', async () => {
    const only = new FakeConnection();
    begin({ stable: [new FakeServer('old', only)] });
    await newer.says(drawn(1));
    await only.says(drawn(2));
    await stand.run;
    expect(ofNewer()).to.deep.equal(['moving new different 200 20 bytes #1']);
  });

  it('is not held against the newer version where there is no budget to ask for it', async () => {
    begin({ mayAskAgain: false });
    await newer.says(drawn(1));
    await older.says(drawn(2));
    await stand.run;
    expect(ofNewer()).to.deep.equal(['moving new ok 200 20 bytes #1']);
    expect(bodyOf(stand.said[0])).to.equal('{"lot":2,"name":"a"}');
    expect(second.sent).to.equal('');
  });

  it('is not asked for by a method that changes state: one version is never sent it twice', async () => {
    begin({
      asked: request({ method: 'POST', body: 'x' }),
      transition: { mode: 'CONCURRENT', methods: ['POST'] },
    });
    await newer.says(drawn(1));
    await older.says(drawn(2));
    await stand.run;
    expect(ofNewer()).to.deep.equal(['moving new different 200 20 bytes #1']);
    expect(second.sent).to.equal('');
  });

  it('is not asked for where what the operator has declared explains the difference', async () => {
    noise = new NoiseBook({ fields: [], pointers: ['/lot'] });
    begin();
    await newer.says(drawn(1));
    await older.says(drawn(2));
    await stand.run;
    expect(bodyOf(stand.said[0])).to.equal('{"lot":1,"name":"a"}');
    expect(second.sent).to.equal('');
  });
});
