/** What an exchange of a worker tells for metrics, once each. */
import { expect } from 'chai';
import {
  answer,
  COMPARISON_PATIENCE,
  FakeConnection,
  FakeServer,
  OK,
  refused,
  request,
  Stand,
  type About,
} from './stand.js';

describe('an exchange of a worker, counted', () => {
  let newer: FakeConnection;
  let older: FakeConnection;
  let stand: Stand;
  const begin = (about: About = {}) => {
    newer = new FakeConnection();
    older = new FakeConnection();
    stand = new Stand({
      moving: [new FakeServer('new', newer)],
      stable: [new FakeServer('old', older)],
      transition: { mode: 'INSTANT' },
      ...about,
    });
  };

  it('is answered by the version that was asked, with the time to the end of the answer', async () => {
    begin();
    await stand.passes(30);
    await newer.says('HTTP/1.1 404 X\r\nContent-Length: 100\r\n\r\n', 'a'.repeat(60));
    await stand.passes(50);
    await newer.says('a'.repeat(40));
    await stand.run;
    expect(stand.served).to.deep.equal([
      { version: 'moving', end: 'answered', status: 404, ms: 80 },
    ]);
  });

  it('is rescued by another version, and counted for that one', async () => {
    begin();
    await newer.hangsUp();
    await older.says(OK);
    await stand.run;
    expect(stand.served).to.deep.equal([{ version: 'stable', end: 'rescued', status: 200, ms: 0 }]);
  });

  it('fails where nobody answers, for the version that was to', async () => {
    begin({ asked: request({ method: 'POST' }) });
    await newer.hangsUp();
    await stand.run;
    const failed = { version: 'moving', end: 'failed', status: undefined, ms: 0 };
    expect(stand.served).to.deep.equal([failed]);
    begin({ moving: [new FakeServer('new', refused)], stable: [] });
    await stand.run;
    expect(stand.served).to.deep.equal([failed]);
  });

  it('is cut where the answer ends in the middle', async () => {
    begin({ limits: { hold: 0 } });
    await newer.says('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nab');
    await newer.hangsUp();
    await stand.run;
    expect(stand.served.map(({ end, status }) => [end, status])).to.deep.equal([['cut', 200]]);
  });

  it('is cancelled where the client went away, before the answer or in it', async () => {
    begin();
    await stand.passes(5);
    stand.exchange.cancel();
    await stand.run;
    expect(stand.served.map(({ end, status }) => [end, status])).to.deep.equal([
      ['cancelled', undefined],
    ]);
    begin({ limits: { hold: 0 } });
    await newer.says('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nab');
    stand.exchange.cancel();
    await stand.run;
    expect(stand.served.map(({ end, status }) => [end, status])).to.deep.equal([
      ['cancelled', 200],
    ]);
  });

  describe('CONCURRENT', () => {
    const both: About = { transition: { mode: 'CONCURRENT' } };

    it('is answered by the newer version where both agree', async () => {
      begin(both);
      await newer.says(OK);
      await older.says(OK);
      await stand.run;
      expect(stand.served.map(({ version, end }) => [version, end])).to.deep.equal([
        ['moving', 'answered'],
      ]);
      expect(stand.compared).to.deep.equal(['moving agree']);
    });

    const rows: readonly (readonly [piece: string, result: string, meaning: string])[] = [
      [answer('else'), 'differ', 'another body'],
      [answer('hi', 404), 'differ', 'another status'],
      [answer('oops', 500), 'unknown', 'a 5xx'],
      ['', 'unknown', 'no answer'],
    ];
    for (const [piece, result, meaning] of rows) {
      it(`is answered by the older version where the newer one gives ${meaning}: ${result}`, async () => {
        begin(both);
        await newer.says(piece);
        await older.says(OK);
        await stand.run;
        expect(stand.served.map(({ version, end }) => [version, end])).to.deep.equal([
          ['stable', 'answered'],
        ]);
        expect(stand.compared).to.deep.equal([`moving ${result}`]);
      });
    }

    it('compares an answer that comes too late as well', async () => {
      begin(both);
      await older.says(OK);
      await stand.passes(COMPARISON_PATIENCE);
      expect(stand.served).to.have.length(1);
      await newer.says(OK);
      await stand.run;
      expect(stand.compared).to.deep.equal(['moving agree']);
      expect(stand.served).to.have.length(1);
    });

    it('has nothing to compare with where the older version fails', async () => {
      begin(both);
      await newer.says(OK);
      await older.says(answer('oops', 500));
      await stand.run;
      expect(stand.compared).to.deep.equal(['moving unknown']);
    });
  });
});
