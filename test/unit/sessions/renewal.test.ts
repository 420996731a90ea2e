import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { renewalInterval } from '../../../src/versions/session-times.js';
import {
  bucketOf,
  continued,
  COOKIE_AGE,
  MAX_SKEW,
  renewed,
  setCookieLine,
} from '../../../workers/sessions/renewal.js';
import type { Session } from '../../../workers/sessions/session.js';
import { sessionIdOf } from '../../../workers/sessions/signed-cookie.js';

const NOW = 1_800_000_000;
const older = versionId('11111111-1111-4111-8111-111111111111');
const newer = versionId('22222222-2222-4222-8222-222222222222');
const seen = (ago: number): Session => ({
  id: sessionIdOf(Buffer.alloc(16)),
  version: older,
  lastSeen: NOW - ago,
  bucket: 0.25,
});

describe('continued', () => {
  const after = (ago: number, timeout: number) =>
    continued(seen(ago), { now: NOW, timeout, mayServe: () => true });

  for (const [ago, timeout, goesOn] of [
    [0, 1, true],
    [1, 1, true],
    [2, 1, false],
    [10, 10, true],
    [11, 10, false],
    [1859, 1800, true], // the client may have been seen 59 s later than the cookie says
    [1860, 1800, false],
  ] as const) {
    it(`${goesOn ? 'goes on' : 'ends'} ${ago} s after its cookie, timeout ${timeout} s`, () =>
      expect(after(ago, timeout)).to.deep.equal(goesOn ? seen(ago) : undefined));
  }

  it('takes a clock that is a little ahead for now, and believes no other', () => {
    expect(after(-MAX_SKEW, 10)).to.deep.equal(seen(0));
    expect(after(-MAX_SKEW - 1, 10)).to.equal(undefined);
  });

  it('ends where its version may not serve', () => {
    const asked = { now: NOW, timeout: 10 };
    expect(continued(seen(0), { ...asked, mayServe: id => id !== older })).to.equal(undefined);
    expect(continued(seen(0), { ...asked, mayServe: id => id === older })).to.deep.equal(seen(0));
  });

  it('has nothing to go on from without a session', () =>
    expect(continued(undefined, { now: NOW, timeout: 10, mayServe: () => true })).to.equal(
      undefined,
    ));
});

describe('bucketOf', () => {
  it('keeps the bucket of a session that is long over', () =>
    expect(bucketOf(seen(1_000_000), 0.9)).to.equal(0.25));

  it('draws one that the cookie can carry', () => {
    expect(bucketOf(undefined, 0.5)).to.equal(0.5);
    expect(bucketOf(undefined, 0.5 + 2 ** -20)).to.equal(0.5);
  });
});

describe('renewed', () => {
  const next = {
    version: older,
    now: NOW,
    timeout: 1800,
    newId: () => sessionIdOf(Buffer.alloc(16, 9)),
    bucket: 0.625,
    isCurrentKey: true,
  };

  it('begins a session where there is none', () =>
    expect(renewed(undefined, next)).to.deep.equal({
      session: { id: next.newId(), version: older, lastSeen: NOW, bucket: 0.625 },
      mustSet: true,
    }));

  for (const [why, ago, change, mustSet] of [
    ['leaves a fresh cookie alone', 59, {}, false],
    ['sets one anew that is an interval old', 60, {}, true],
    ['sets one anew within a timeout of one second', 1, { timeout: 1 }, true],
    ['sets one anew whose key only verifies', 0, { isCurrentKey: false }, true],
    ['sets one anew whose session has moved', 0, { version: newer }, true],
  ] as const) {
    it(why, () => {
      const to = { ...next, ...change };
      const session = { ...seen(0), version: to.version };
      expect(renewed(seen(ago), to)).to.deep.equal({ session, mustSet });
    });
  }

  it('ends no session whose client never pauses for longer than the timeout', () => {
    for (const timeout of [1, 2, 15, 100, 1800]) {
      // The longest pause comes right after the last request that left the cookie as it was.
      const left = renewalInterval(timeout) - 1;
      const [last, now] = [NOW + left, NOW + left + timeout];
      expect(renewed(seen(0), { ...next, now: last, timeout }).mustSet).to.equal(false);
      const asked = { now, timeout, mayServe: () => true };
      expect(continued(seen(0), asked), `timeout ${timeout}`).to.deep.equal(seen(0));
    }
  });
});

describe('setCookieLine', () => {
  it('holds for every path, and for the browser alone', () =>
    expect(setCookieLine('1.x', { secure: false, maxAge: COOKIE_AGE })).to.equal(
      'Set-Cookie: cutover=1.x; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax\r\n',
    ));

  it('keeps to https where the client came by it', () =>
    expect(setCookieLine('1.x', { secure: true, maxAge: 1 })).to.equal(
      'Set-Cookie: cutover=1.x; Path=/; Max-Age=1; HttpOnly; SameSite=Lax; Secure\r\n',
    ));
});
