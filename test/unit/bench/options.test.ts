import { expect } from 'chai';
import { optionsFrom } from '../../../bench/options.js';

const from = (...args: string[]) => optionsFrom(args, ['small', 'latency']);

describe('options of the benchmark', () => {
  it('takes everything, three rounds and three minutes of saturation by default', () => {
    expect(from()).to.deep.equal({
      isQuick: false,
      only: [],
      rounds: 3,
      seconds: 4,
      saturation: 180,
    });
  });

  it('takes one short round when there is no time', () => {
    expect(from('--quick')).to.include({ isQuick: true, rounds: 1, seconds: 1, saturation: 5 });
  });

  it('takes some workloads only', () => {
    expect(from('--only', 'latency', '--only', 'small').only).to.deep.equal(['latency', 'small']);
    expect(() => from('--only', 'large')).to.throw(
      'no workload "large"; there are: small, latency',
    );
  });

  it('takes hours for saturation, and lets --quick be made slower', () => {
    expect(from('--hours', '0.5').saturation).to.equal(1800);
    expect(from('--quick', '--rounds', '5', '--seconds', '2.5')).to.include({
      rounds: 5,
      seconds: 3,
    });
  });

  for (const wrong of ['0', '-1', 'many', 'Infinity', '']) {
    it(`refuses ${JSON.stringify(wrong)} hours`, () => {
      expect(() => from(`--hours=${wrong}`)).to.throw('--hours: a number above 0');
    });
  }

  it('refuses what it does not know', () => {
    expect(() => from('--fast')).to.throw('--fast');
  });
});
