import { expect } from 'chai';
import fc from 'fast-check';
import { fromZ85, toZ85 } from '../../../src/security/z85.js';

describe('Z85', () => {
  it('writes the example of its standard (ZeroMQ RFC 32)', () => {
    const bytes = Buffer.from('864FD26FB559F75B', 'hex');
    expect(toZ85(bytes)).to.equal('HelloWorld');
    expect(fromZ85('HelloWorld')).to.deep.equal(bytes);
  });

  it('reads what it has written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        const words = bytes.subarray(0, bytes.length - (bytes.length % 4));
        expect(fromZ85(toZ85(words))).to.deep.equal(Buffer.from(words));
      }),
    );
  });

  it('writes the largest word', () => {
    expect(toZ85(Buffer.from('ffffffff', 'hex'))).to.equal('%nSc0');
  });

  const refused: readonly (readonly [what: string, text: string])[] = [
    ['a group that is not whole', 'Hell'],
    ['a character that is none of its own', 'Hel o'],
    ['a letter beyond ASCII', 'Hellö'],
    ['a word that is one too large', '%nSc1'],
    ['a word that is far too large', '#####'],
  ];
  for (const [what, text] of refused) {
    it(`does not read ${what}`, () => expect(fromZ85(text)).to.equal(undefined));
  }

  it('does not write what is not whole words', () => {
    expect(() => toZ85(Buffer.alloc(3))).to.throw(RangeError);
  });
});
