/** One HTML page that needs nothing else: tables and charts of one run. */
import { barChart, escaped, lineChart } from './chart.js';
import { judged } from './goals.js';
import { measures, written, type MeasureName } from './measures.js';
import { page } from './page.js';
import type { Curve, Machine, Results, Row } from './results.js';
import { heading, measuresOf, shown } from './text-table.js';

export function htmlReport(results: Results, titles: ReadonlyMap<string, string>): string {
  const workloads = [...new Set(results.rows.map(({ workload }) => workload))];
  const sections = workloads.map(workload =>
    section(workload, titles.get(workload) ?? workload, results),
  );
  return page('Cutover, measured', [preface(results), goalTable(results.rows), ...sections]);
}

function preface({ began, command, machine, rounds, seconds, missing, wrong }: Results): string {
  const faults = wrong.map(
    ({ contender, workload, what }) => `wrong: ${contender} on ${workload}: ${what}`,
  );
  const lines = [
    `${began}, <code>${escaped(command)}</code>, rounds: ${rounds}, seconds each: ${seconds}`,
    escaped(machineLine(machine)),
    'Figures are medians; ± is how far the furthest round lay from them. Only ratios within this page mean anything.',
    ...[...missing.map(reason => `missing: ${reason}`), ...faults].map(escaped),
  ];
  return `<p>${lines.join('<br>')}</p>`;
}

export const machineLine = ({ cpu, cores, memory, system, node, generator }: Machine): string =>
  `${cpu}, ${cores} cores, ${memory} GiB, ${system}, Node ${node}, load by ${generator}`;

function goalTable(rows: readonly Row[]): string {
  const cells = judged(rows).map(
    ({ workload, what, wanted, value, isReached }) =>
      `<tr${isReached ? '' : ' class="missed"'}><td>${escaped(`${workload}: ${what}`)}</td>` +
      `<td>${wanted}</td><td>${value.toFixed(2)}</td><td>${isReached ? 'reached' : 'missed'}</td></tr>`,
  );
  return cells.length === 0 ? '' : `<h2>What is to be reached</h2><table>${cells.join('')}</table>`;
}

function section(workload: string, title: string, { rows, curves }: Results): string {
  const own = rows.filter(row => row.workload === workload);
  const lines = curves.filter(curve => curve.workload === workload).map(curveOf);
  return `<h2>${escaped(title)}</h2>${table(own)}${bars(own)}${lines.join('')}`;
}

function table(rows: readonly Row[]): string {
  const names = measuresOf(rows);
  const head = names.map(name => `<th>${escaped(heading(name))}</th>`).join('');
  const body = rows.map(({ contender, figures }) => {
    const cells = names.map(name => `<td>${escaped(shown(name, figures[name]))}</td>`);
    return `<tr><td>${escaped(contender)}</td>${cells.join('')}</tr>`;
  });
  return `<table><tr><th></th>${head}</tr>${body.join('')}</table>`;
}

/** What a workload is about, the first of these that it has. */
const CHARTED: readonly MeasureName[] = ['addedP99', 'rate', 'perConnection', 'lastAfterAnswer'];

function bars(rows: readonly Row[]): string {
  const name = CHARTED.find(each => measuresOf(rows).includes(each));
  if (name === undefined) return '';
  const drawn = rows.flatMap(({ contender, figures }) => {
    const value = figures[name]?.median;
    if (value === undefined) return [];
    const text = `${written(name, value)} ${measures[name].unit}`;
    return [{ label: contender, value, text, lit: contender.startsWith('cutover') }];
  });
  return `<p>${escaped(heading(name))}, ${measures[name].better} is better</p>${barChart(drawn)}`;
}

const curveOf = ({ measure, points }: Curve): string =>
  `<p>${escaped(heading(measure))}</p>${lineChart(points, measures[measure].unit)}`;
