import { expect } from 'chai';
import { curveKeyPair } from 'zeromq';
import { isPublicKey, newKeyPair, publicKeyOf } from '../../../src/security/key-pair.js';

describe('key pairs', () => {
  it('are those of libzmq: it finds the same public key for a secret one', () => {
    for (let n = 0; n < 20; n += 1) {
      const { publicKey, secretKey } = curveKeyPair();
      expect(publicKeyOf(secretKey)).to.equal(publicKey);
    }
  });

  it('are new each time, and belong together', () => {
    const [one, other] = [newKeyPair(), newKeyPair()];
    expect(one.secretKey).not.to.equal(other.secretKey);
    expect(publicKeyOf(one.secretKey)).to.equal(one.publicKey);
    expect(isPublicKey(one.publicKey)).to.equal(true);
  });

  for (const text of ['', 'Hello', '0'.repeat(39), '0'.repeat(45), `${'0'.repeat(39)}~`]) {
    it(`are not made of ${JSON.stringify(text)}`, () => {
      expect(publicKeyOf(text)).to.equal(undefined);
      expect(isPublicKey(text)).to.equal(false);
    });
  }
});
