import { expect } from 'chai';
import { readExposition, samplesOf, sumOf, valueOf } from './exposition.js';

const head = (name: string, type: string) => `# HELP ${name} Words.\n# TYPE ${name} ${type}\n`;
const histogram = (buckets: string, count: number) =>
  `${head('d', 'histogram')}${buckets}d_sum 3\nd_count ${count}\n`;

describe('the reader of metrics', () => {
  it('reads families, labels and values', () => {
    const text =
      `${head('a', 'gauge')}a{x="1",y="say \\"\\\\n\\n\\""} 1.5e-3\na{x="2"} -2\n\n` +
      `${head('b_total', 'counter')}b_total 7\n`;
    const families = readExposition(text);
    expect([...families.keys()]).to.deep.equal(['a', 'b_total']);
    expect(families.get('a')?.samples[0]).to.deep.equal({
      name: 'a',
      labels: { x: '1', y: 'say "\\n\n"' },
      value: 0.0015,
    });
    expect(valueOf(families, 'b_total')).to.equal(7);
    expect(valueOf(families, 'c')).to.equal(undefined);
    expect(sumOf(families, 'a')).to.equal(-1.9985);
    expect(samplesOf(families, 'a', { x: '2' })).to.have.length(1);
    expect(() => valueOf(families, 'a')).to.throw('2 series');
  });

  it('reads OpenMetrics, where a family of counters has no suffix', () => {
    const text = `${head('b', 'counter')}b_total 7\n# EOF\n`;
    expect(valueOf(readExposition(text, 'openmetrics'), 'b_total')).to.equal(7);
    expect(() => readExposition(text)).to.throw();
  });

  it('reads histograms', () => {
    const text = histogram('d_bucket{le="0.5"} 1\nd_bucket{le="+Inf"} 4\n', 4);
    expect(valueOf(readExposition(text), 'd_bucket', { le: '0.5' })).to.equal(1);
  });

  const wrong: readonly (readonly [what: string, text: string, format?: 'openmetrics'])[] = [
    ['an unfinished line', `${head('a', 'gauge')}a 1`],
    ['a sample without a family', 'a 1\n'],
    ['a family without help', '# TYPE a gauge\na 1\n'],
    ['a family without samples', head('a', 'gauge')],
    ['an unknown type', `${head('a', 'speed')}a 1\n`],
    ['a family that stands twice', `${head('a', 'gauge')}a 1\n${head('a', 'gauge')}a{x="1"} 1\n`],
    ['a sample of another family', `${head('a', 'gauge')}b 1\n`],
    ['a series that stands twice', `${head('a', 'gauge')}a{x="1",y="2"} 1\na{y="2",x="1"} 1\n`],
    ['a label that stands twice', `${head('a', 'gauge')}a{x="1",x="2"} 1\n`],
    ['a label that breaks out', `${head('a', 'gauge')}a{x="1"} 1"} 1\n`],
    ['a wrong escape', `${head('a', 'gauge')}a{x="\\t"} 1\n`],
    ['no number', `${head('a', 'gauge')}a one\n`],
    ['undefined', `${head('a', 'gauge')}a undefined\n`],
    ['a counter below zero', `${head('a_total', 'counter')}a_total -1\n`],
    ['a counter that is no number', `${head('a_total', 'counter')}a_total NaN\n`],
    ['no end', `${head('a', 'gauge')}a 1\n`, 'openmetrics'],
    ['an empty line', `${head('a', 'gauge')}\na 1\n# EOF\n`, 'openmetrics'],
    ['a counter without its suffix', `${head('a', 'counter')}a 1\n# EOF\n`, 'openmetrics'],
    ['buckets without +Inf', histogram('d_bucket{le="1"} 4\n', 4)],
    ['buckets that fall', histogram('d_bucket{le="1"} 5\nd_bucket{le="+Inf"} 4\n', 4)],
    ['bounds that fall', histogram('d_bucket{le="+Inf"} 4\nd_bucket{le="1"} 4\n', 4)],
    ['a count that is another', histogram('d_bucket{le="+Inf"} 4\n', 5)],
    ['no sum', `${head('d', 'histogram')}d_bucket{le="+Inf"} 4\nd_count 4\n`],
  ];
  for (const [what, text, format] of wrong) {
    it(`refuses ${what}`, () => {
      expect(() => readExposition(text, format)).to.throw();
    });
  }
});
