import { expect } from 'chai';
import { answer, FakeConnection, FakeServer, HEAD, request, Stand, type About } from './stand.js';

const OURS = 'Set-Cookie: cutover=1.abc; Path=/\r\n';
const SENT = HEAD.replace('\r\n\r\n', '\r\nCookie: cutover=1.old\r\n\r\n');
const setting = (...cookies: string[]) =>
  answer('hi').replace(
    '\r\n\r\n',
    `\r\n${cookies.map(each => `Set-Cookie: ${each}\r\n`).join('')}\r\n`,
  );
/** An answer in words, with these fields behind its length. */
const said = (...lines: string[]) =>
  `answer 200 length ${JSON.stringify(['Content-Length: 2\r\n', ...lines].join(''))} "hi"`;

describe('Exchange of a worker, cookie', () => {
  let first: FakeConnection;
  let other: FakeConnection;
  const begin = (about: About = {}) => {
    first = new FakeConnection();
    other = new FakeConnection();
    return new Stand({
      stable: [new FakeServer('old', other)],
      moving: [new FakeServer('new', first)],
      asked: request({ head: SENT }),
      admitted: { head: HEAD, cookie: OURS },
      ...about,
    });
  };

  it('is set on the answer, and not told to the container', async () => {
    const stand = begin();
    await first.says(answer('hi'));
    await stand.run;
    expect(stand.said).to.deep.equal([said(OURS)]);
    expect(first.sent).to.equal(HEAD);
  });

  it('of our name is not the container’s to set; others are', async () => {
    const stand = begin();
    await first.says(setting('x=1', 'cutover=stolen', ' cutover =stolen; Path=/', 'y=2'));
    await stand.run;
    expect(stand.said).to.deep.equal([said('Set-Cookie: x=1\r\n', 'Set-Cookie: y=2\r\n', OURS)]);
  });

  it('of our name is not the container’s to set, also where we set none', async () => {
    const stand = begin({ admitted: { head: HEAD, cookie: '' } });
    await first.says(setting('cutover=stolen'));
    await stand.run;
    expect(stand.said).to.deep.equal([said()]);
  });

  it('is set by the answer that rescues as well, and its server does not see the old one', async () => {
    const stand = begin();
    await first.hangsUp();
    await other.says(setting('cutover=stolen'));
    await stand.run;
    expect(stand.said).to.deep.equal([said(OURS)]);
    expect(other.sent).to.equal(HEAD);
  });

  it('is not seen by either version where both are asked', async () => {
    const stand = begin({ transition: { mode: 'CONCURRENT' } });
    await first.says(setting('cutover=one'));
    await other.says(setting('cutover=two'));
    await stand.run;
    expect([first.sent, other.sent]).to.deep.equal([HEAD, HEAD]);
    expect(stand.said).to.deep.equal([said(OURS)]);
  });

  it('stays out of an upload that is sent again', async () => {
    const asked = request({ method: 'PUT', head: SENT, more: true });
    const stand = begin({ asked });
    await stand.gets('part');
    await first.hangsUp();
    stand.exchange.restart(asked);
    await stand.gets('all', false);
    expect(other.sent).to.equal(`${HEAD}all`);
  });

  it('is not on an interim answer', async () => {
    const stand = begin();
    await first.says('HTTP/1.1 103 Early\r\nLink: x\r\n\r\n', answer('hi'));
    await stand.run;
    expect(stand.said).to.deep.equal(['interim 103 "Link: x\\r\\n"', said(OURS)]);
  });

  const cached: readonly (readonly [line: string, isSet: boolean])[] = [
    ['Cache-Control: public', false],
    ['Cache-Control: max-age=31536000, public', false],
    ['cache-control: S-MaxAge=60', false],
    ['Cache-Control: private, max-age=60', true],
    ['Cache-Control: no-store', true],
    ['Cache-Control: max-age=60', true],
    ['X-Scope: public, s-maxage=60', true],
  ];
  for (const [line, isSet] of cached) {
    it(`is ${isSet ? '' : 'not '}set on an answer with ${line}`, async () => {
      const stand = begin();
      await first.says(answer('hi').replace('\r\n\r\n', `\r\n${line}\r\n\r\n`));
      await stand.run;
      expect(stand.said).to.deep.equal([said(`${line}\r\n`, ...(isSet ? [OURS] : []))]);
    });
  }

  it('of our name is not the container’s to set on an answer that shared caches keep either', async () => {
    const stand = begin();
    const stolen = setting('x=1', 'cutover=stolen');
    await first.says(stolen.replace('\r\n\r\n', '\r\nCache-Control: public\r\n\r\n'));
    await stand.run;
    expect(stand.said).to.deep.equal([said('Set-Cookie: x=1\r\n', 'Cache-Control: public\r\n')]);
  });
});
