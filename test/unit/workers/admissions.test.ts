import { expect } from 'chai';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { RoutingTable } from '../../../src/versions/routing-table.js';
import type { Version } from '../../../src/versions/version.js';
import { Admissions, type Admitted } from '../../../workers/admissions.js';
import { COOKIE_AGE } from '../../../workers/sessions/renewal.js';
import type { Session } from '../../../workers/sessions/session.js';
import { sessionIdOf, sessionIn, signed } from '../../../workers/sessions/signed-cookie.js';
import { decided } from '../../../workers/strategies/strategies.js';
import type { Question, Strategy } from '../../../workers/strategies/strategy.js';

const NOW = 1_700_000_000;
const TIMEOUT = 600;
const [KEY, NEXT_KEY] = [1, 2].map(byte => Buffer.alloc(32, byte).toString('base64')) as [
  string,
  string,
];
const keyOf = (text: string) => ({ secret: Buffer.from(text, 'base64') });

const versionOf = (digit: number, about: Partial<Version> = {}): Version => ({
  id: versionId(`${String(digit).repeat(8)}-1111-4111-8111-111111111111`),
  number: String(digit),
  servers: [{ host: 'a', port: 1 }],
  transition: { mode: 'SESSION', sessionTimeout: TIMEOUT },
  state: { name: 'complete' },
  ...about,
});
const older = versionOf(1);
const newer = versionOf(2, { state: { name: 'running', progress: share(0) } });
const table: RoutingTable = { edition: 1, versions: [newer, older] };

/** A session of the older version, seen so many seconds ago. */
const session = (ago = 0, about: Partial<Session> = {}): Session => ({
  id: sessionIdOf(Buffer.alloc(16, 9)),
  version: older.id,
  lastSeen: NOW - ago,
  bucket: 0.25,
  ...about,
});
const cookieOf = (about: Session, key = KEY) => signed(about, [keyOf(key)]);
const headWith = (...cookies: string[]) =>
  `GET / HTTP/1.1\r\nHost: a\r\n${cookies.map(each => `Cookie: ${each}\r\n`).join('')}\r\n`;
const PLAIN = headWith();

describe('Admissions', () => {
  let asked: Question[];
  let set: string[];
  const begin = (
    about: {
      keys?: readonly string[];
      table?: RoutingTable;
      decide?: Strategy;
      secure?: boolean;
    } = {},
  ) => {
    asked = [];
    set = [];
    return new Admissions(about.table ?? table, about.keys ?? [KEY], {
      chance: () => 0.5,
      random: bytes => Buffer.alloc(bytes, 7),
      wall: () => NOW * 1000 + 999,
      share: () => share(0.3),
      decide: question => {
        asked.push(question);
        return (about.decide ?? decided)(question);
      },
      sessionSet: (version, id, at) => set.push(`${version} ${id} ${at}`),
      timeout: 60,
      secure: about.secure ?? false,
    });
  };
  const servedBy = ({ decision }: Admitted) =>
    decision.kind === 'one' ? decision.version.number : 'both';
  /** The session that the answer's cookie says. */
  const given = ({ cookie }: Admitted, key = KEY) => {
    const value = /^Set-Cookie: cutover=([^;]*);/.exec(cookie)?.[1];
    return value === undefined ? undefined : sessionIn(value, [keyOf(key)]);
  };

  it('begins a session with the version that was decided', () => {
    const admitted = begin().admit(PLAIN);
    expect(servedBy(admitted)).to.equal('2');
    expect(admitted.head).to.equal(PLAIN);
    expect(given(admitted)).to.deep.equal({
      id: sessionIdOf(Buffer.alloc(16, 7)),
      version: newer.id,
      lastSeen: NOW,
      bucket: 0.5,
    });
    expect(set).to.deep.equal([`${newer.id} ${sessionIdOf(Buffer.alloc(16, 7))} ${NOW}`]);
  });

  it('asks its strategy with all that there is to know', () => {
    begin().admit(headWith(`cutover=${cookieOf(session(5))}`));
    expect(asked).to.deep.equal([
      { versions: [newer, older], session: session(5), bucket: 0.25, progress: 0.3 },
    ]);
  });

  it('goes on with a session, takes the cookie out of the head, and sets none while it is fresh', () => {
    const admissions = begin();
    const admitted = admissions.admit(headWith(`x=1; cutover=${cookieOf(session(59))}; y=2`));
    expect(servedBy(admitted)).to.equal('1');
    expect(admitted.head).to.equal(headWith('x=1; y=2'));
    expect(admitted.cookie).to.equal('');
    expect(set).to.deep.equal([]);
  });

  it('sets the cookie anew when it is old, for the same session', () => {
    const admitted = begin().admit(headWith(`cutover=${cookieOf(session(60))}`));
    expect(given(admitted)).to.deep.equal(session(0));
    expect(admitted.head).to.equal(PLAIN);
  });

  const cookie = cookieOf(session());
  const strangers: readonly (readonly [value: string, meaning: string])[] = [
    [cookieOf(session(), NEXT_KEY), 'forged'],
    [cookie.slice(0, -1), 'truncated'],
    [`${cookie}A`, 'too long'],
    ['', 'empty'],
    ['1.'.padEnd(74, '?'), 'of other characters'],
    [cookieOf(session(-301)), 'of the future'],
  ];
  for (const [value, meaning] of strangers) {
    it(`begins a new session, and breaks nothing, where the cookie is ${meaning}`, () => {
      const admitted = begin().admit(headWith(`cutover=${value}`));
      expect(servedBy(admitted)).to.equal('2');
      expect(admitted.head).to.equal(PLAIN);
      expect(given(admitted)?.id).to.equal(sessionIdOf(Buffer.alloc(16, 7)));
      expect(asked[0]?.session).to.equal(undefined);
    });
  }

  it('begins a new session after a long pause, in the same bucket', () => {
    const stale = TIMEOUT + 60;
    expect(servedBy(begin().admit(headWith(`cutover=${cookieOf(session(stale - 1))}`)))).to.equal(
      '1',
    );
    const admitted = begin().admit(headWith(`cutover=${cookieOf(session(stale))}`));
    expect(servedBy(admitted)).to.equal('2');
    expect(given(admitted)).to.include({ bucket: 0.25, version: newer.id, lastSeen: NOW });
    expect(given(admitted)?.id).to.not.equal(session().id);
  });

  it('takes the timeout of the worker where the upgrade says none', () => {
    const quiet: Version = { ...newer, transition: { mode: 'INSTANT' } };
    const admissions = begin({ table: { edition: 1, versions: [quiet, older] } });
    admissions.admit(headWith(`cutover=${cookieOf(session(65))}`));
    admissions.admit(headWith(`cutover=${cookieOf(session(66))}`));
    expect(asked.map(question => question.session)).to.deep.equal([session(65), undefined]);
  });

  it('begins a new session where the version may not serve any more', () => {
    const aborted: Version = { ...older, state: { name: 'aborted' } };
    const admissions = begin({ table: { edition: 1, versions: [newer, aborted] } });
    const admitted = admissions.admit(headWith(`cutover=${cookie}`));
    expect(given(admitted)).to.include({ version: newer.id, bucket: 0.25 });
    expect(given(admitted)?.id).to.not.equal(session().id);
  });

  it('moves a session, under its name, where the strategy decides for another version', () => {
    const admissions = begin({
      decide: ({ versions: [version] }) => ({ kind: 'one', version }),
    });
    const admitted = admissions.admit(headWith(`cutover=${cookie}`));
    expect(given(admitted)).to.deep.equal(session(0, { version: newer.id }));
  });

  it('gives the session to the newer version where both are asked', () => {
    const admissions = begin({ decide: () => ({ kind: 'both', newer, older }) });
    const admitted = admissions.admit(PLAIN);
    expect(servedBy(admitted)).to.equal('both');
    expect(given(admitted)?.version).to.equal(newer.id);
  });

  describe('of several cookies of ours', () => {
    it('takes the one that was seen last', () => {
      const last = session(5, { id: sessionIdOf(Buffer.alloc(16, 1)) });
      for (const order of [
        [session(50), last],
        [last, session(50)],
      ]) {
        const admissions = begin();
        admissions.admit(headWith(order.map(each => `cutover=${cookieOf(each)}`).join('; ')));
        expect(asked[0]?.session?.id).to.equal(last.id);
      }
    });

    it('takes a right one beside a forged one, over two lines', () => {
      const admitted = begin().admit(headWith('cutover=forged', `x=1; cutover=${cookie}`));
      expect(asked[0]?.session).to.deep.equal(session());
      expect(admitted.head).to.equal(headWith('x=1'));
    });

    it('lets one of the future hide no right one', () => {
      const future = cookieOf(session(-301, { id: sessionIdOf(Buffer.alloc(16, 1)) }));
      begin().admit(headWith(`cutover=${future}; cutover=${cookie}`));
      expect(asked[0]?.session?.id).to.equal(session().id);
    });
  });

  it('sets no cookie for a version that a cookie cannot name, and serves all the same', () => {
    const odd: Version = { ...newer, id: versionId('no-uuid') };
    const admissions = begin({ table: { edition: 1, versions: [odd] } });
    const admitted = admissions.admit(PLAIN);
    expect([servedBy(admitted), admitted.cookie]).to.deep.equal([odd.number, '']);
  });

  describe('keys', () => {
    it('believe nothing any more once they are gone, however often it was believed', () => {
      const admissions = begin();
      const asks = () => servedBy(admissions.admit(headWith(`cutover=${cookie}`)));
      expect([asks(), asks()]).to.deep.equal(['1', '1']);
      admissions.take({ edition: 2, versions: [newer, older] }, [NEXT_KEY]);
      expect(asks()).to.equal('2');
    });

    it('sign with the first, and recognise by each: then the cookie is set anew', () => {
      const admissions = begin({ keys: [NEXT_KEY, KEY] });
      const admitted = admissions.admit(headWith(`cutover=${cookie}`));
      expect(servedBy(admitted)).to.equal('1');
      expect(given(admitted, NEXT_KEY)).to.deep.equal(session());
      const next = admissions.admit(headWith(`cutover=${cookieOf(session(), NEXT_KEY)}`));
      expect(next.cookie).to.equal('');
    });

    it('come and go with the table', () => {
      const admissions = begin();
      admissions.take(table, [NEXT_KEY]);
      const admitted = admissions.admit(headWith(`cutover=${cookie}`));
      expect(asked[0]?.session).to.equal(undefined);
      expect(given(admitted, NEXT_KEY)?.version).to.equal(newer.id);
    });

    it('that are none give no cookie, and what a client sends as ours still ends here', () => {
      const admitted = begin({ keys: [] }).admit(headWith(`cutover=${cookie}`));
      expect(admitted).to.include({ head: PLAIN, cookie: '' });
      expect(servedBy(admitted)).to.equal('2');
      expect(set).to.deep.equal([]);
    });
  });

  it('decides by the last table', () => {
    const admissions = begin();
    admissions.take({ edition: 2, versions: [older] }, [KEY]);
    expect(servedBy(admissions.admit(PLAIN))).to.equal('1');
  });

  it('never asks for a version that may not serve', () => {
    const demoted: Version = { ...newer, state: { name: 'demoted', because: 'slow' } };
    const admissions = begin({ table: { edition: 1, versions: [demoted, older] } });
    expect(servedBy(admissions.admit(PLAIN))).to.equal('1');
    expect(asked[0]?.versions).to.deep.equal([older]);
  });

  it('says the attributes of the cookie', () => {
    const attributes = (secure: boolean) =>
      begin({ secure })
        .admit(PLAIN)
        .cookie.replace(/=[^;]*/, '=…');
    const usual = `Set-Cookie: cutover=…; Path=/; Max-Age=${COOKIE_AGE}; HttpOnly; SameSite=Lax`;
    expect(attributes(false)).to.equal(`${usual}\r\n`);
    expect(attributes(true)).to.equal(`${usual}; Secure\r\n`);
  });
});
