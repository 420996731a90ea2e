import { expect } from 'chai';
import fc from 'fast-check';
import { Entropy } from '../../../workers/entropy.js';

/** Bytes that are fetched at a time. */
const POOL = 4096;

describe('Entropy', () => {
  it('gives as many bytes as were asked for, whatever was asked for before', () => {
    const counts = fc.array(fc.integer({ min: 0, max: POOL }), { maxLength: 20 });
    fc.assert(
      fc.property(counts, wanted => {
        const entropy = new Entropy();
        expect(wanted.map(count => entropy.bytes(count).length)).to.deep.equal(wanted);
      }),
    );
  });

  it('never gives the same bytes twice, also not over the end of its store', () => {
    const entropy = new Entropy();
    const seen = new Set(Array.from({ length: 1000 }, () => entropy.bytes(15).toString('hex')));
    expect(seen.size).to.equal(1000);
  });

  it('gives bytes that are the caller’s own', () => {
    const entropy = new Entropy();
    const first = entropy.bytes(16);
    const before = first.toString('hex');
    entropy.bytes(POOL);
    entropy.bytes(POOL);
    expect(first.toString('hex')).to.equal(before);
  });

  it('gives none of the zeros that it leaves behind', () => {
    const entropy = new Entropy();
    for (let n = 0; n < 600; n++) {
      expect(entropy.bytes(16).equals(Buffer.alloc(16))).to.equal(false);
    }
  });

  it('gives chances in [0, 1) that fill it evenly', () => {
    const entropy = new Entropy();
    const tenths = new Array<number>(10).fill(0);
    for (let n = 0; n < 10_000; n++) {
      const chance = entropy.chance();
      expect(chance).to.be.within(0, 1);
      expect(chance).to.not.equal(1);
      const at = Math.floor(chance * 10);
      tenths[at] = (tenths[at] ?? 0) + 1;
    }
    // 1000 each; ten standard deviations of 30 are never seen.
    for (const count of tenths) expect(count).to.be.within(700, 1300);
  });
});
