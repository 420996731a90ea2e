import { expect } from 'chai';
import { sumOf } from '../../../bench/scale/control.js';
import { LONGEST, lagAt, noted, together, type OwnLags } from '../../../bench/scale/lags.js';
import { scaleOptionsFrom } from '../../../bench/scale/options.js';

const from = (...args: string[]) => scaleOptionsFrom(args);

describe('options of the scale bench', () => {
  it('takes 10, 100 and 1,000 workers at 100,000 requests a second, over links with keys', () => {
    expect(from()).to.deep.equal({
      workers: [10, 100, 1000],
      processes: 10,
      link: 'curve',
      rounds: 10,
      rate: 100_000,
      seconds: 15,
      profile: undefined,
    });
  });

  it('takes what is asked for', () => {
    const args = ['--workers', '7', '--link=ipc', '--rate', '0', '--rounds=2', '--profile', '/tmp'];
    expect(from(...args)).to.deep.include({
      workers: [7],
      link: 'ipc',
      rate: 0,
      rounds: 2,
      profile: '/tmp',
    });
  });

  it('refuses what it cannot do', () => {
    expect(() => from('--link', 'udp')).to.throw('--link: ipc, tcp, curve, not "udp"');
    expect(() => from('--workers', '10,x')).to.throw('--workers: a whole number from 1 on');
    expect(() => from('--workers', '0')).to.throw('--workers: a whole number from 1 on');
    expect(() => from('--rate', '-1')).to.throw();
    expect(() => from('--hours', '1')).to.throw('--hours');
  });
});

describe('lags', () => {
  const of = (...all: readonly number[]) => {
    const lags: OwnLags = {};
    for (const ms of all) noted(lags, ms);
    return lags;
  };

  it('are told by their rank, of several processes together', () => {
    const lags = together([of(1, 2, 3), of(), of(4, 100.4)]);
    expect([0, 0.5, 0.8, 0.99, 1].map(share => lagAt(lags, share))).to.deep.equal([
      1, 3, 4, 100, 100,
    ]);
    expect(lagAt({}, 0.5)).to.be.NaN;
  });

  it('have room for no more than ten seconds', () => {
    expect(of(-1, 1e9)).to.deep.equal({ 0: 1, [LONGEST]: 1 });
  });
});

describe('a counter as Prometheus reads it', () => {
  it('is summed over its labels, and no other is', () => {
    const text = '# TYPE a_total counter\na_total{b="1"} 2\na_total{b="} 9"} 3\na_total_more 7\n';
    expect(sumOf(text, 'a_total')).to.equal(5);
    expect(sumOf('a_total 4\n', 'a_total')).to.equal(4);
  });
});
