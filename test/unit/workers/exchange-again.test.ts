import { expect } from 'chai';
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
  type About,
} from './stand.js';

const put = request({ method: 'PUT', more: true });

describe('Exchange of a worker, large uploads', () => {
  let bad: FakeConnection;
  let good: FakeConnection;
  let stand: Stand;
  const begin = (about: About = {}) => {
    bad = new FakeConnection();
    good = new FakeConnection();
    stand = new Stand({
      moving: [new FakeServer('new', bad)],
      stable: [new FakeServer('old', good)],
      asked: put,
      ...about,
    });
  };

  it('are asked for again when a part had left: until they begin anew, parts are of the old one', async () => {
    begin();
    await stand.gets('first ');
    expect(bad.sent).to.equal(`${HEAD}first `);
    await bad.hangsUp();
    expect(stand.said).to.deep.equal(['again']);
    await stand.gets('that was on its way', false);
    expect(good.sent).to.equal('');
    expect(stand.exchange.restart(put)).to.equal(true);
    await stand.gets('first ');
    await stand.gets('second', false);
    expect(good.sent).to.equal(`${HEAD}first second`);
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal(['again', ANSWERED]);
    expect(stand.observed.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
    expect(good.fate).to.equal(4000);
  });

  it('are asked for again after a 5xx of the version that users move to', async () => {
    begin();
    await stand.gets('first ');
    await bad.says(answer('oops', 500));
    expect(stand.said).to.deep.equal(['again']);
    stand.exchange.restart(put);
    await stand.gets('all', false);
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal(['again', ANSWERED]);
    expect(good.sent).to.equal(`${HEAD}all`);
  });

  // Until it is known that a server has gone a part may still be taken for it, which the next one must not miss.
  for (const between of [0, 1, 2, 3, 4, 5, 6]) {
    it(`reach the next server whole, when a part comes ${between} promises after the first one has gone`, async () => {
      begin();
      await settled();
      bad.saysAtOnce('');
      for (let turn = 0; turn < between; turn += 1) await Promise.resolve();
      stand.exchange.part(Buffer.from('first '), true);
      await settled();
      if (stand.exchange.restart(put)) await stand.gets('first ');
      await stand.gets('second', false);
      expect(good.sent).to.equal(`${HEAD}first second`);
    });
  }

  it('may come whole the second time', async () => {
    begin();
    await stand.gets('first ');
    await bad.hangsUp();
    stand.exchange.restart(request({ method: 'PUT', body: 'all of it' }));
    await settled();
    expect(good.sent).to.equal(`${HEAD}all of it`);
    await good.says(OK);
    await stand.run;
    expect(good.fate).to.equal(4000);
  });

  it('give credit of the new upload only, in its own count', async () => {
    begin();
    await stand.gets('a'.repeat(40));
    await bad.hangsUp();
    stand.exchange.restart(put);
    await stand.gets('b'.repeat(40));
    expect(stand.said).to.deep.equal(['again'], '40 of the old one do not count');
    await stand.gets('b'.repeat(10));
    expect(stand.said).to.deep.equal(['again', 'credit 50']);
  });

  it('give no credit for a part that the first server takes after all', async () => {
    begin();
    let take: () => void = () => undefined;
    await settled();
    bad.taking = new Promise(resolve => (take = resolve));
    await stand.gets('a'.repeat(80));
    await bad.hangsUp();
    expect(stand.said).to.deep.equal(['again']);
    take();
    await settled();
    stand.exchange.restart(put);
    await settled();
    expect(stand.said).to.deep.equal(['again']);
  });

  it('are not asked for where no part had left', async () => {
    begin({ moving: [new FakeServer('new', refused)] });
    await stand.gets('all', false);
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(good.sent).to.equal(`${HEAD}all`);
  });

  it('are asked for twice where two servers fail, and not a third time', async () => {
    const last = new FakeConnection();
    begin({ oldest: [new FakeServer('oldest', last)] });
    for (const each of [bad, good, last]) {
      await stand.gets('part');
      await each.hangsUp();
      stand.exchange.restart(put);
      await settled();
    }
    await stand.run;
    expect(stand.said).to.deep.equal(['again', 'again', 'failure ERR_SERVER_RESET']);
  });

  it('of a POST are never sent twice', async () => {
    begin({ asked: request({ method: 'POST', more: true }) });
    await stand.gets('part');
    await bad.hangsUp();
    await stand.run;
    expect(stand.said).to.deep.equal(['failure ERR_SERVER_RESET']);
    expect(good.sent).to.equal('');
  });

  it('of a POST get the 5xx that a server said', async () => {
    begin({ asked: request({ method: 'POST', more: true }) });
    await stand.gets('part', false);
    await bad.says(answer('oops', 500));
    await stand.run;
    expect(stand.said).to.deep.equal([inAnswer('oops', 500)]);
  });

  it('that nobody has asked for begin no second time', async () => {
    begin();
    expect(stand.exchange.restart(put)).to.equal(false);
    await stand.gets('part', false);
    await bad.says(OK);
    await stand.run;
    expect(stand.exchange.restart(put)).to.equal(false);
    expect(bad.sent).to.equal(`${HEAD}part`);
  });

  it('stay what they are after a second beginning', async () => {
    begin();
    await stand.gets('part');
    await bad.hangsUp();
    expect(stand.exchange.restart(put)).to.equal(true);
    expect(stand.exchange.restart(put)).to.equal(false, 'then the worker begins another exchange');
  });

  // A rescue waits for its client's bytes: the server is not silent then.
  it('are no silence of the next server', async () => {
    begin();
    await stand.gets('part');
    await bad.hangsUp();
    await stand.sweeps(900);
    stand.exchange.restart(put);
    await settled();
    for (let n = 0; n < 5; n++) {
      await stand.sweeps(90);
      await stand.gets('x');
    }
    expect(stand.said).to.deep.equal(['again']);
  });
});
