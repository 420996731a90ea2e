import { expect } from 'chai';
import { barChart, escaped, lineChart } from '../../../bench/figures/chart.js';
import { htmlReport } from '../../../bench/figures/html-report.js';
import { markdownReport } from '../../../bench/figures/markdown-report.js';
import { written } from '../../../bench/figures/measures.js';
import type { Results } from '../../../bench/figures/results.js';
import { shown, textTable, workloadTable } from '../../../bench/figures/text-table.js';

const results: Results = {
  began: '2026-01-02T03:04:05.000Z',
  command: 'npm run bench -- --only small',
  machine: {
    cpu: 'Some CPU',
    cores: 2,
    memory: 8,
    system: 'linux 6 x64',
    node: 'v20.0.0',
    generator: 'wrk',
  },
  rounds: 3,
  seconds: 4,
  missing: ['caddy is not installed'],
  wrong: [{ workload: 'small', contender: '<b>ad', what: 'status 502' }],
  rows: [
    {
      workload: 'small',
      contender: 'cutover',
      figures: { cpu: { median: 80, lowest: 79, highest: 88 } },
    },
    {
      workload: 'small',
      contender: 'direct',
      figures: { rate: { median: 90_000, lowest: 90_000, highest: 90_000 } },
    },
  ],
  curves: [
    {
      workload: 'small',
      measure: 'memory',
      points: [
        [0, 100],
        [1, 101],
      ],
    },
  ],
};

describe('tables on the terminal', () => {
  it('aligns names to the left and numbers to the right', () => {
    expect(
      textTable([
        ['', 'rate'],
        ['nginx', '7'],
      ]),
    ).to.equal('       rate\nnginx     7');
  });

  it('shows a median and how far the furthest round lay from it', () => {
    expect(shown('rate', { median: 12_345.6, lowest: 11_111, highest: 12_400 })).to.equal(
      '12,346 ±10%',
    );
    expect(shown('p50', { median: 0.5, lowest: 0.5, highest: 0.5 })).to.equal('0.50');
    expect(shown('errors', { median: 0, lowest: 0, highest: 0 })).to.equal('0');
    expect(shown('p50', undefined)).to.equal('');
  });

  it('shows between which figures the rounds lay where percents would tell nothing', () => {
    expect(shown('addedP99', { median: -0.02, lowest: -1, highest: 0.5 })).to.equal(
      '-0.02 (-1.00 to 0.50)',
    );
  });

  it('writes a dash for what is not known', () => {
    expect(written('p99', NaN)).to.equal('–');
  });

  it('has a column for each measure that anyone has', () => {
    expect(workloadTable(results.rows).split('\n')).to.deep.equal([
      '         requests /s  CPU µs a request',
      'cutover                      80.0 ±10%',
      'direct        90,000',
    ]);
  });
});

describe('charts', () => {
  it('draws bars as long as their values are large', () => {
    const bar = (label: string, value: number) => ({ label, value, text: '', lit: false });
    const widths = [
      ...barChart([bar('a', 50), bar('b', 100)]).matchAll(/width="([\d.]+)" height="18"/g),
    ];
    const [half, whole] = widths.map(([, width]) => Number(width));
    expect(whole).to.be.greaterThan(100);
    expect((half ?? 0) * 2).to.equal(whole);
  });

  it('draws no bar to the left of zero, and needs none at all', () => {
    const chart = barChart([{ label: 'less', value: -1, text: '-1', lit: true }]);
    expect(chart).to.contain('class="lit"').and.to.contain('width="0.0"');
    expect(barChart([])).to.match(/^<svg .*><\/svg>$/);
  });

  it('draws a line from zero upwards', () => {
    const line = lineChart(
      [
        [0, 100],
        [10, 100],
      ],
      'MiB',
    );
    const heights = [.../points="([^"]+)"/.exec(line)![1]!.matchAll(/,([\d.]+)/g)];
    expect(new Set(heights.map(([, y]) => y)).size).to.equal(1); // nothing grew: it is level
    expect(line).to.contain('100 MiB').and.to.contain('10.0 min');
  });

  it('lets no text end an element', () => {
    expect(escaped('a<b & "c">')).to.equal('a&#60;b &#38; &#34;c&#34;&#62;');
  });
});

describe('the page', () => {
  const page = htmlReport(results, new Map([['small', 'small answers']]));

  it('needs nothing from elsewhere', () => {
    expect(page).not.to.match(/\b(src|href)=|@import|url\(/);
  });

  it('tells the machine, what is missing and what was wrong', () => {
    expect(page).to.contain('Some CPU, 2 cores, 8 GiB');
    expect(page).to.contain('missing: caddy is not installed');
    expect(page).to.contain('wrong: &#60;b&#62;ad on small: status 502');
    expect(page).not.to.contain('<b>ad');
  });

  it('has a title, goals, a table, bars and curves of each workload', () => {
    expect(page).to.contain('<h2>small answers</h2>');
    expect(page).to.contain('class="missed"><td>small: CPU µs a request</td><td>≤ 75</td>');
    expect(page).to.contain('<td>80.0 ±10%</td>');
    expect(page.match(/<svg/g)).to.have.length(2);
  });
});

describe('the tables for documentation', () => {
  it('tell the run, what was missing and wrong, the goals and the figures', () => {
    const text = markdownReport(results, new Map([['small', 'small answers']]));
    expect(text.split('\n')).to.deep.equal([
      '- 2026-01-02T03:04:05.000Z, `npm run bench -- --only small`, rounds: 3, seconds each: 4',
      '- Some CPU, 2 cores, 8 GiB, linux 6 x64, Node v20.0.0, load by wrk',
      '- missing: caddy is not installed',
      '- wrong: <b>ad on small: status 502',
      '',
      '| to be reached | wanted | measured | reached |',
      '| --- | ---: | ---: | ---: |',
      '| `small`: CPU µs a request | ≤ 75 | 80.00 | **no** |',
      '',
      '**small answers** (`small`)',
      '',
      '|  | requests /s | CPU µs a request |',
      '| --- | ---: | ---: |',
      '| cutover |  | 80.0 ±10% |',
      '| direct | 90,000 |  |',
      '',
    ]);
  });

  it('are silent about goals that were not measured', () => {
    const text = markdownReport({ ...results, rows: [] }, new Map());
    expect(text).not.to.contain('|');
  });
});
