import { expect } from 'chai';
import { answer, FakeConnection, FakeServer, Stand, type About } from './stand.js';

const json = (body: string, fields = '') =>
  answer(body).replace('\r\n\r\n', `\r\nContent-Type: application/json\r\n${fields}\r\n`);

describe('Exchange of a worker, CONCURRENT, of answers that differ', () => {
  async function compared(newer: string, older: string, about: About = {}): Promise<Stand> {
    const [ofNewer, ofOlder] = [new FakeConnection(), new FakeConnection()];
    const stand = new Stand({
      transition: { mode: 'CONCURRENT' },
      moving: [new FakeServer('new', ofNewer)],
      stable: [new FakeServer('old', ofOlder)],
      ...about,
    });
    await ofNewer.says(newer);
    await ofOlder.says(older);
    await stand.run;
    return stand;
  }
  const pairsOf = ({ pairs }: Stand) => pairs.filter(pair => pair !== undefined);

  it('keeps both, where they differ, without secrets', async () => {
    const secret = 'Set-Cookie: sid=hunter2\r\n';
    const stand = await compared(
      json('{"price":5,"token":"hunter2"}', secret),
      json('{"price":4,"token":"hunter2"}', secret),
    );
    const [pair, ...more] = pairsOf(stand);
    expect(more).to.deep.equal([]);
    expect(pair?.where).to.deep.equal(['/price']);
    expect(pair?.newer.body).to.contain('"price": 5');
    expect(pair?.older.body).to.contain('"price": 4');
    expect(JSON.stringify(pair)).not.to.contain('hunter2');
  });

  it('keeps where status and fields differ', async () => {
    const stand = await compared(
      answer('same', 404),
      answer('same').replace('\r\n\r\n', '\r\nX-Colour: red\r\n\r\n'),
    );
    const [pair] = pairsOf(stand);
    expect(pair?.where).to.deep.equal(['status', 'x-colour']);
    expect([pair?.newer.status, pair?.older.status]).to.deep.equal([404, 200]);
  });

  it('keeps nothing of answers that agree, or failed', async () => {
    for (const newer of [json('{"a":1}'), answer('oops', 500)]) {
      const stand = await compared(newer, json('{"a":1}'));
      expect(pairsOf(stand)).to.deep.equal([]);
    }
  });

  it('keeps nothing where a second server of the older version differs as well', async () => {
    const again = new FakeConnection();
    again.saysAtOnce(json('{"a":3}'));
    const stable = new FakeConnection();
    const moving = new FakeConnection();
    const stand = new Stand({
      transition: { mode: 'CONCURRENT' },
      moving: [new FakeServer('new', moving)],
      stable: [new FakeServer('old', stable), new FakeServer('other', again)],
    });
    await moving.says(json('{"a":1}'));
    await stable.says(json('{"a":2}'));
    await stand.run;
    expect(pairsOf(stand)).to.deep.equal([]);
  });

  it('keeps nothing where the operator wants that', async () => {
    const stand = await compared(json('{"a":1}'), json('{"a":2}'), { keepsEvidence: false });
    expect(stand.seen).to.include('moving new different 200 7 bytes #1');
    expect(pairsOf(stand)).to.deep.equal([]);
  });
});
