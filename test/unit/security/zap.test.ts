import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { toZ85 } from '../../../src/security/z85.js';
import { answerTo, questionIn } from '../../../src/security/zap.js';

const key = randomBytes(32);
/** As a ROUTER gets them. */
const frames = (changes: Readonly<Record<number, string | Buffer | undefined>> = {}): Buffer[] => {
  const usual = ['sender', '', '1.0', '7', 'domain', '192.0.2.1', 'id', 'CURVE', key];
  return usual.flatMap((frame, at) => {
    const given = at in changes ? changes[at] : frame;
    return given === undefined ? [] : [Buffer.from(given)];
  });
};

describe('questions of libzmq about keys', () => {
  it('have a domain, an address and a key', () => {
    expect(questionIn(frames())).to.deep.equal({
      domain: 'domain',
      address: '192.0.2.1',
      key: toZ85(key),
    });
  });

  it('have an IPv4 address as such, also on a socket for both', () => {
    const addressIn = (given: string) => questionIn(frames({ 5: given }))?.address;
    expect(['::ffff:192.0.2.1', '::1', '2001:db8::1'].map(addressIn)).to.deep.equal([
      '192.0.2.1',
      '::1',
      '2001:db8::1',
    ]);
  });

  const bad: Readonly<Record<string, Readonly<Record<number, string | Buffer | undefined>>>> = {
    'another version': { 2: '2.0' },
    'another mechanism': { 7: 'PLAIN' },
    'no mechanism': { 7: 'NULL', 8: undefined },
    'no key': { 8: undefined },
    'an empty key': { 8: '' },
    'a key that is a byte too long': { 8: Buffer.alloc(33) },
    'a key as text': { 8: toZ85(key) },
    'a domain without end': { 4: 'x'.repeat(256) },
    'an address without end': { 5: 'x'.repeat(256) },
  };
  for (const [what, changes] of Object.entries(bad)) {
    it(`are not understood with ${what}, and answered with no`, () => {
      expect(questionIn(frames(changes))).to.equal(undefined);
      expect(answerTo(frames(changes), false)?.[4]).to.equal('400');
    });
  }

  it('are answered under their own number', () => {
    const parts = (isBelieved: boolean) => answerTo(frames(), isBelieved)?.map(String);
    expect(parts(true)).to.deep.equal(['sender', '', '1.0', '7', '200', 'OK', '', '']);
    expect(parts(false)?.slice(0, 5)).to.deep.equal(['sender', '', '1.0', '7', '400']);
  });

  it('are never believed, and never throw, whatever frames come', () => {
    const anything = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
    fc.assert(
      fc.property(anything, given => {
        const random = given.map(each => Buffer.from(each));
        expect(questionIn(random)).to.equal(undefined);
        expect(answerTo(random, false)?.length).to.be.oneOf([undefined, 8]);
      }),
    );
  });
});
