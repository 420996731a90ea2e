import { expect } from 'chai';
import fc from 'fast-check';
import { newestFirst } from '../../../src/versions/version.js';

const order = (a: string, b: string) => Math.sign(newestFirst({ number: a }, { number: b }));

describe('newestFirst', () => {
  for (const { newer, older, why } of [
    { newer: '2', older: '1', why: 'numbers' },
    { newer: '1.10', older: '1.9', why: 'compared as numbers, not as text' },
    { newer: '1.0.1', older: '1', why: 'what is missing is 0' },
    { newer: '2.0', older: '1.99.99', why: 'the first difference decides' },
    { newer: '1.010', older: '1.9', why: 'leading zeros mean nothing' },
    {
      newer: '9007199254740993',
      older: '9007199254740992',
      why: 'beyond what a double tells apart',
    },
    { newer: `1${'0'.repeat(400)}`, older: '9'.repeat(400), why: 'beyond what a double holds' },
    { newer: '0.1', older: '0', why: 'zero' },
  ]) {
    it(`puts ${newer.slice(0, 20)} before ${older.slice(0, 20)} (${why})`, () => {
      expect(order(newer, older)).to.equal(-1);
      expect(order(older, newer)).to.equal(1);
    });
  }

  for (const [a, b] of [
    ['1', '1.0'],
    ['1.0.0', '1'],
    ['01.2', '1.02'],
    ['0', '0.0'],
    ['00', '0'],
  ] as const) {
    it(`takes ${a} and ${b} for equal`, () => {
      expect(order(a, b)).to.equal(0);
      expect(order(b, a)).to.equal(0);
    });
  }

  it('orders small numbers as arithmetic does', () => {
    const parts = fc.array(fc.nat(12), { minLength: 3, maxLength: 3 });
    const value = (each: readonly number[]) => each.reduce((sum, part) => sum * 100 + part, 0);
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(order(a.join('.'), b.join('.'))).to.equal(Math.sign(value(b) - value(a)));
      }),
    );
  });
});
