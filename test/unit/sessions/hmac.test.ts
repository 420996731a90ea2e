import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { HmacKey } from '../../../workers/sessions/hmac.js';

const hex = (signed: string) => Buffer.from(signed, 'latin1').toString('hex');

/** RFC 4231, sections 4.2 to 4.8; truncation (4.6) is left to who signs. */
const vectors = [
  {
    key: Buffer.alloc(20, 0x0b),
    data: Buffer.from('Hi There'),
    mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    what: 'a key shorter than a block',
  },
  {
    key: Buffer.from('Jefe'),
    data: Buffer.from('what do ya want for nothing?'),
    mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    what: 'a key shorter than the digest',
  },
  {
    key: Buffer.alloc(20, 0xaa),
    data: Buffer.alloc(50, 0xdd),
    mac: '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    what: 'more than a block together',
  },
  {
    key: Buffer.alloc(131, 0xaa),
    data: Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
    mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    what: 'a key larger than a block',
  },
] as const;

describe('HMAC-SHA256', () => {
  for (const { key, data, mac, what } of vectors) {
    it(`is that of RFC 4231: ${what}`, () => {
      expect(hex(new HmacKey(key).sign(data))).to.equal(mac);
    });
  }

  it('is that of OpenSSL for every key and every series of messages', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const messages = fc.array(bytes, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(bytes, messages, (secret, series) => {
        const key = new HmacKey(secret);
        for (const message of series) {
          const expected = createHmac('sha256', secret).update(message).digest('hex');
          expect(hex(key.sign(message))).to.equal(expected);
        }
      }),
    );
  });
});
