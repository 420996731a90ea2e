/** The figures of one run as Markdown, for docs/performance.md. */
import { judged } from './goals.js';
import { machineLine } from './html-report.js';
import type { Results, Row } from './results.js';
import { heading, measuresOf, shown } from './text-table.js';

export function markdownReport(results: Results, titles: ReadonlyMap<string, string>): string {
  const { began, command, machine, rounds, seconds, missing, wrong, rows } = results;
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  const faults = wrong.map(
    ({ contender, workload, what }) => `- wrong: ${contender} on ${workload}: ${what}`,
  );
  return [
    `- ${began}, \`${command}\`, rounds: ${rounds}, seconds each: ${seconds}`,
    `- ${machineLine(machine)}`,
    ...missing.map(reason => `- missing: ${reason}`),
    ...faults,
    '',
    ...goalTable(rows),
    ...workloads.flatMap(workload => [
      `**${titles.get(workload) ?? workload}** (\`${workload}\`)`,
      '',
      ...figureTable(rows.filter(row => row.workload === workload)),
    ]),
  ].join('\n');
}

function goalTable(rows: readonly Row[]): readonly string[] {
  const list = judged(rows).map(({ workload, what, wanted, value, isReached }) => [
    `\`${workload}\`: ${what}`,
    wanted,
    value.toFixed(2),
    isReached ? 'yes' : '**no**',
  ]);
  return list.length === 0 ? [] : table(['to be reached', 'wanted', 'measured', 'reached'], list);
}

function figureTable(rows: readonly Row[]): readonly string[] {
  const names = measuresOf(rows);
  const cells = rows.map(({ contender, figures }) => [
    contender,
    ...names.map(name => shown(name, figures[name])),
  ]);
  return table(['', ...names.map(heading)], cells);
}

/** Numbers to the right; an empty line ends it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line), ''];
}
