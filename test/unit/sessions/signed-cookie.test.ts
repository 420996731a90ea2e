import { expect } from 'chai';
import fc from 'fast-check';
import { sessionId, versionId } from '../../../src/kernel/ids.js';
import type { Session } from '../../../workers/sessions/session.js';
import {
  recognised,
  sessionIdOf,
  sessionIn,
  signed,
  type Key,
} from '../../../workers/sessions/signed-cookie.js';

const key: Key = { secret: Buffer.alloc(32, 1) };
const other: Key = { secret: Buffer.alloc(32, 2) };

const session: Session = {
  id: sessionIdOf(Buffer.alloc(16, 7)),
  version: versionId('6f2c1a52-8f0b-4c5e-9d3a-0123456789ab'),
  lastSeen: 1_800_000_000,
  bucket: 0.75,
};

const sessions: fc.Arbitrary<Session> = fc.record({
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(sessionIdOf),
  version: fc.uuid().map(versionId),
  lastSeen: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  bucket: fc.integer({ min: 0, max: 2 ** 16 - 1 }).map(n => n / 2 ** 16),
});

describe('the signed cookie', () => {
  it('gives back any session that was signed', () => {
    fc.assert(
      fc.property(sessions, any => {
        expect(sessionIn(signed(any, [key]), [key])).to.deep.equal(any);
      }),
    );
  });

  it('is 74 characters that a cookie may have, the format first', () => {
    expect(signed(session, [key])).to.match(/^1\.[A-Za-z0-9_-]{72}$/);
  });

  it('refuses any change of one character', () => {
    const change = fc.record({ at: fc.nat(73), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(sessions, change, (any, { at, to }) => {
        const value = signed(any, [key]);
        const changed = value.slice(0, at) + String.fromCharCode(to) + value.slice(at + 1);
        fc.pre(changed !== value);
        expect(sessionIn(changed, [key])).to.equal(undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses any garbage without throwing', () => {
    const ofRightLength = fc.string({ minLength: 72, maxLength: 72 }).map(text => `1.${text}`);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), ofRightLength), value => {
        expect(sessionIn(value, [key])).to.equal(undefined);
      }),
    );
  });

  const value = signed(session, [key]);
  const bytes = Buffer.from(value.slice(2), 'base64url');
  for (const [what, wrong] of [
    ['nothing', ''],
    ['a truncated one', value.slice(0, -1)],
    ['one that is too long', `${value}A`],
    ['one with padding', `${value}=`],
    ['one with a line break in place of its last character', `${value.slice(0, -1)}\n`],
    ['a huge one', `1.${'A'.repeat(1_000_000)}`],
    ['another format', `2${value.slice(1)}`],
    ['hex', `1.${bytes.toString('hex')}`],
    ['one that another key signed', signed(session, [other])],
  ] as const) {
    it(`refuses ${what}`, () => expect(sessionIn(wrong, [key])).to.equal(undefined));
  }

  it('refuses + and / where - and _ were written', () => {
    const odd = { ...session, id: sessionIdOf(Buffer.alloc(16, 0xff)) };
    const written = signed(odd, [key]);
    expect(written).to.include('_');
    expect(sessionIn(written.replaceAll('_', '/'), [key])).to.equal(undefined);
  });

  it('is signed by the first key and recognised by all', () => {
    expect(recognised(value, [key, other])).to.deep.equal({ session, isCurrentKey: true });
    expect(recognised(value, [other, key])).to.deep.equal({ session, isCurrentKey: false });
    expect(signed(session, [other, key])).to.equal(signed(session, [other]));
    expect(recognised(value, [])).to.equal(undefined);
  });

  it('rounds a bucket down to what it carries', () => {
    const fine = { ...session, bucket: 1 - Number.EPSILON };
    expect(sessionIn(signed(fine, [key]), [key])?.bucket).to.equal(65_535 / 65_536);
  });

  for (const [what, wrong] of [
    ['a version id that is no uuid', { version: versionId('v1') }],
    ['a session id with bits too many', { id: sessionId('AAAAAAAAAAAAAAAAAAAAAB') }],
    ['a session id that is too short', { id: sessionId('AAAA') }],
    ['a time after 2106', { lastSeen: 2 ** 32 }],
    ['a bucket of 1', { bucket: 1 }],
  ] as const) {
    it(`does not sign ${what}`, () =>
      expect(() => signed({ ...session, ...wrong }, [key])).to.throw());
  }

  it('is not signed without a key', () => expect(() => signed(session, [])).to.throw(RangeError));
});
