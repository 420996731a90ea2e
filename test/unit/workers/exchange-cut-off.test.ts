import { expect } from 'chai';
import { settled } from '../frontend/stand.js';
import { ANSWERED, FakeConnection, FakeServer, OK, request, Stand, type About } from './stand.js';

/** Milliseconds of silence after which a server is doubted: `connectTimeout` of the stand. */
const DOUBT = 300;

const UPGRADE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

describe('Exchange of a worker, with a server that is silent', () => {
  let silent: FakeConnection;
  let good: FakeConnection;
  let first: FakeServer;
  let second: FakeServer;

  beforeEach(() => {
    [silent, good] = [new FakeConnection(), new FakeConnection()];
    [first, second] = [new FakeServer('first', silent), new FakeServer('second', good)];
    first.reachable = Promise.resolve(false);
  });

  /** Two servers of the stable version, whose failures nobody else's version makes good. */
  const standWith = (about: About = {}) => new Stand({ stable: [first, second], ...about });

  it('asks another one if there is no way to the first one’s machine any more', async () => {
    const stand = standWith();
    await settled();
    await stand.sweeps(DOUBT);
    expect([first.asked, silent.isClosed]).to.deep.equal([0, false]);
    await stand.sweeps(1);
    expect([first.asked, silent.isClosed]).to.deep.equal([1, true]);
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(stand.seen).to.deep.equal([
      'stable first failed ERR_SERVER_RESET #1',
      'stable second ok 200 2 bytes #2',
    ]);
  });

  it('waits on for one whose machine answers: it hangs, or takes its time', async () => {
    first.reachable = Promise.resolve(true);
    const stand = standWith();
    await settled();
    await stand.sweeps(DOUBT + 1);
    await stand.sweeps(DOUBT);
    expect([first.asked, silent.isClosed]).to.deep.equal([2, false]);
    await silent.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(good.sent).to.equal('');
  });

  it('takes what comes while it asks for the way', async () => {
    let tell!: (isReachable: boolean) => void;
    first.reachable = new Promise(resolve => (tell = resolve));
    const stand = standWith();
    await settled();
    await stand.sweeps(DOUBT + 1);
    await silent.says('HTTP/1.1 200 OK\r\nContent-Le');
    tell(false);
    await settled();
    await silent.says('ngth: 2\r\n\r\nhi');
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
    expect(good.sent).to.equal('');
  });

  const patient: readonly (readonly [() => About, asked: number, meaning: string])[] = [
    // Its machine is asked all the same: other requests are to know.
    [() => ({ asked: request({ method: 'POST' }) }), 1, 'a POST, which would not be sent again'],
    [() => ({ asked: request({ head: UPGRADE, upgrade: true }) }), 1, 'what may become a tunnel'],
    [() => ({ stable: [first] }), 0, 'a request that nobody else could be asked'],
  ];
  for (const [about, asked, meaning] of patient) {
    it(`has all the time there is for ${meaning}`, async () => {
      const stand = standWith(about());
      await settled();
      await stand.sweeps(DOUBT + 1);
      expect([first.asked, silent.isClosed]).to.deep.equal([asked, false]);
      await stand.sweeps(1000);
      await stand.run;
      expect(stand.said).to.deep.equal(['failure ERR_SERVER_SILENT']);
    });
  }

  it('asks an older version where its own has no other server', async () => {
    const stand = standWith({ moving: [first], stable: [second], limits: { rescuePatience: 900 } });
    await settled();
    await stand.sweeps(DOUBT + 1);
    await good.says(OK);
    await stand.run;
    expect(stand.said).to.deep.equal([ANSWERED]);
  });
});
