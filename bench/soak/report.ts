/** What a soak has shown: for the terminal, and as one HTML page with its charts. */
import { escaped, lineChart, linesChart } from '../figures/chart.js';
import { machineLine } from '../figures/html-report.js';
import { page } from '../figures/page.js';
import { textTable } from '../figures/text-table.js';
import {
  faultsOf,
  judged,
  livesOf,
  ofAnswers,
  ofProcesses,
  pointsOf,
  type AnswerMeasure,
  type Judged,
  type ProcessMeasure,
} from './judged.js';
import type { Soaked } from './results.js';

const HEADING = ['', 'about', 'grew by', 'allowed', 'in', 'sure'] as const;

const number = (value: number) => (Number.isFinite(value) ? value.toFixed(1) : '–');

const cellsOf = ({ what, unit, level, growth, allowed, span, z }: Judged): readonly string[] => [
  unit === '' ? what : `${what} (${unit})`,
  number(level),
  ...(Number.isFinite(level)
    ? [number(growth), number(allowed), `${number(span)} min`, `${number(z)} σ`]
    : ['too little was seen', '', '', '']),
];

export function soakText(soaked: Soaked): string {
  const faults = faultsOf(soaked);
  return [
    textTable([HEADING, ...judged(soaked).map(cellsOf)]),
    '',
    trafficLine(soaked),
    happenedLine(soaked),
    ...(faults.length === 0 ? ['all is well'] : faults.map(fault => `WRONG: ${fault}`)),
  ].join('\n');
}

function trafficLine({ minutes, traffic }: Soaked): string {
  const { sent, answered, abandoned, repeated, lost } = traffic;
  const total = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((sum, each) => sum + each, 0);
  return (
    `${minutes.toFixed(1)} min: ${sent} requests sent, ${answered} answered, ${abandoned} given up by ` +
    `the client, ${total(lost)} lost; ${total(repeated)} connections were cut off and came again`
  );
}

function happenedLine({ happened }: Soaked): string {
  const times = new Map<string, number>();
  for (const { what } of happened) times.set(what, (times.get(what) ?? 0) + 1);
  return [...times].map(([what, count]) => `${what} ${count}×`).join(' · ');
}

export function soakPage(soaked: Soaked): string {
  const { began, command, machine, options } = soaked;
  const faults = faultsOf(soaked);
  const preface = [
    `${began}, <code>${escaped(command)}</code>, ${options.rate} requests/s, seed ${options.seed}`,
    escaped(machineLine(machine)),
    escaped(trafficLine(soaked)),
    escaped(happenedLine(soaked)),
    ...(faults.length === 0
      ? ['All is well.']
      : faults.map(fault => `<span class="missed">${escaped(fault)}</span>`)),
  ];
  return page('Cutover, soaked', [
    `<p>${preface.join('<br>')}</p>`,
    table(judged(soaked)),
    ...answerCharts(soaked),
    ...processCharts(soaked),
  ]);
}

function table(rows: readonly Judged[]): string {
  const head = HEADING.map(each => `<th>${each}</th>`).join('');
  const body = rows.map(row => {
    const cells = cellsOf(row).map(cell => `<td>${escaped(cell)}</td>`);
    return `<tr${row.grows ? ' class="missed"' : ''}>${cells.join('')}</tr>`;
  });
  return `<table><tr>${head}</tr>${body.join('')}</table>`;
}

function answerCharts({ slices }: Soaked): readonly string[] {
  return (Object.keys(ofAnswers) as readonly AnswerMeasure[]).map(measure => {
    const { title, unit } = ofAnswers[measure];
    const points = slices
      .filter(({ answers }) => answers > 0)
      .map(slice => [slice.minute, slice[measure]] as const);
    return `<h2>${title}</h2>${lineChart(points, unit)}`;
  });
}

/** One line for each process: where one ends, its successor begins. */
function processCharts({ looks }: Soaked): readonly string[] {
  const lives = livesOf(looks);
  const kinds = [...new Set(lives.map(({ kind }) => kind))];
  const measures = Object.keys(ofProcesses) as readonly ProcessMeasure[];
  return kinds.flatMap(kind =>
    measures.map(measure => {
      const { title, unit } = ofProcesses[measure];
      const lines = lives.filter(life => life.kind === kind).map(life => pointsOf(life, measure));
      return `<h2>${escaped(kind)}: ${title}</h2>${linesChart(lines, unit)}`;
    }),
  );
}
