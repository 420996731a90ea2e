import { expect } from 'chai';
import { soakOptionsFrom } from '../../../bench/soak/options.js';

const DRAWN = 7;
const from = (...args: string[]) => soakOptionsFrom(args, DRAWN);

describe('options of the soak', () => {
  it('takes five minutes at 100 requests a second, and draws its seed', () => {
    expect(from()).to.deep.equal({ during: 300_000, rate: 100, seed: DRAWN });
  });

  it('takes minutes or hours, a rate and a seed', () => {
    expect(from('--minutes', '0.5', '--rate', '20').during).to.equal(30_000);
    expect(from('--hours', '2', '--seed', '42')).to.deep.equal({
      during: 7_200_000,
      rate: 100,
      seed: 42,
    });
    expect(from('--rate=20').rate).to.equal(20);
  });

  it('refuses both, and what it does not know', () => {
    expect(() => from('--hours', '1', '--minutes', '1')).to.throw('--minutes or --hours, not both');
    expect(() => from('--days', '1')).to.throw('--days');
  });

  for (const wrong of ['0', '-1', 'many', 'Infinity', '']) {
    it(`refuses ${JSON.stringify(wrong)} minutes, and such a rate`, () => {
      expect(() => from(`--minutes=${wrong}`)).to.throw('--minutes: a number above 0');
      expect(() => from(`--rate=${wrong}`)).to.throw('--rate: a number above 0');
    });
  }

  for (const wrong of ['-1', '1.5', 'x', '12345678901', '']) {
    it(`refuses the seed ${JSON.stringify(wrong)}`, () => {
      expect(() => from(`--seed=${wrong}`)).to.throw('--seed: a whole number');
    });
  }
});
