import { expect } from 'chai';
import { deterministicBytes, digestOf } from './bytes.js';

describe('support: deterministic bytes', () => {
  it('are as many as asked for, and the same each time', () => {
    const first = digestOf(deterministicBytes(200_001));
    expect(first.bytes).to.equal(200_001);
    expect(digestOf(deterministicBytes(200_001))).to.deep.equal(first);
  });

  it('differ when a block is lost or misplaced', () => {
    const [one, two, three] = [...deterministicBytes(3 * 65_536)];
    const digest = digestOf([one!, two!, three!]);
    expect(digestOf([one!, three!, two!])).not.to.deep.equal(digest);
    expect(digestOf([one!, two!, two!])).not.to.deep.equal(digest);
  });
});
