import { expect } from 'chai';
import { goals, judged, verdictTable } from '../../../bench/figures/goals.js';
import type { MeasureName } from '../../../bench/figures/measures.js';
import type { Row } from '../../../bench/figures/results.js';
import { spread } from '../../../bench/figures/statistics.js';

function row(workload: string, contender: string, name: MeasureName, value: number): Row {
  return { workload, contender, figures: { [name]: spread([value]) } };
}

const rates = (ours: number, theirs: number) => [
  row('one-shot', 'cutover', 'rate', ours),
  row('one-shot', 'Caddy', 'rate', theirs),
];

describe('what is to be reached', () => {
  it('judges only what was measured', () => {
    expect(judged([])).to.deep.equal([]);
    expect(judged([row('small', 'cutover', 'rate', 1000)])).to.deep.equal([]);
  });

  it('compares with a peer in the same run', () => {
    const rows = [
      row('small', 'cutover', 'rate', 19_000),
      row('small', 'HAProxy', 'rate', 40_000),
      row('small', 'Caddy', 'rate', 10_000),
    ];
    expect(
      judged(rows).map(({ what, value, isReached }) => [what, value, isReached]),
    ).to.deep.equal([
      ['requests/s, × Caddy', 1.9, true],
      ['requests/s, × HAProxy', 0.475, true],
    ]);
  });

  it('counts a bound as reached, but not where more is wanted', () => {
    const cost = (micros: number) => judged([row('small', 'cutover', 'cpu', micros)])[0]?.isReached;
    expect([cost(75), cost(75.1)]).to.deep.equal([true, false]);
    const faster = (ours: number) => judged(rates(ours, 500))[0]?.isReached;
    expect([faster(501), faster(500), faster(499)]).to.deep.equal([true, false, false]);
  });

  for (const [peer, ours, isReached] of [
    [1000, 400, true], // 0.4 × 1000
    [1000, 399, false],
    [3000, 600, true], // 600 is the lesser
    [3000, 599, false],
  ] as const) {
    it(`asks of ${ours} MB/s beside ${peer} whether it is enough: ${isReached}`, () => {
      const rows = [
        row('answer-100m', 'cutover', 'throughput', ours),
        row('answer-100m', 'HAProxy', 'throughput', peer),
      ];
      expect(judged(rows).map(each => each.isReached)).to.deep.equal([isReached]);
    });
  }

  it('asks for 600 MB/s where HAProxy is missing', () => {
    const alone = judged([row('answer-100m', 'cutover', 'throughput', 300)]);
    expect(alone.map(({ value }) => value)).to.deep.equal([0.5]);
  });

  it('names each goal once', () => {
    const names = goals.map(({ workload, what }) => `${workload} ${what}`);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('leaves out what no round could tell', () => {
    expect(judged([row('update-speed', 'cutover', 'lastAfterAnswer', NaN)])).to.deep.equal([]);
  });

  it('shows what was wanted, found, and whether that is enough', () => {
    expect(verdictTable(judged(rates(400, 500)))).to.equal(
      'one-shot: requests/s, × Caddy  > 1  0.80  MISSED',
    );
  });
});
