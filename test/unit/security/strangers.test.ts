import { expect } from 'chai';
import { MOST_KEYS, QUIET, Strangers } from '../../../src/security/strangers.js';

describe('Strangers', () => {
  it('are told of once within a minute, and with how many were not told of', () => {
    const strangers = new Strangers();
    expect(strangers.refused('a', 0)).to.deep.equal({ untold: 0 });
    expect(strangers.refused('a', 1)).to.equal(undefined);
    expect(strangers.refused('a', QUIET - 1)).to.equal(undefined);
    expect(strangers.refused('b', QUIET - 1)).to.deep.equal({ untold: 2 });
    expect(strangers.refused('a', QUIET)).to.deep.equal({ untold: 0 });
    expect(strangers.refused('a', QUIET + 1)).to.equal(undefined);
  });

  it('cannot fill a log, however many keys they have', () => {
    const strangers = new Strangers();
    const tellings = Array.from({ length: 10_000 }, (_, n) => strangers.refused(`key ${n}`, n));
    expect(tellings.filter(each => each !== undefined)).to.have.lengthOf(MOST_KEYS);
    expect(strangers.refused('another', QUIET)).to.deep.equal({ untold: 10_000 - MOST_KEYS });
  });
});
