/** Tables for the terminal. */
import { measureNames, measures, written, type MeasureName } from './measures.js';
import type { Row } from './results.js';
import type { Spread } from './statistics.js';

/** Columns as wide as their widest cell: the first to the left, numbers to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map(row => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map(row => row[at]?.length ?? 0)),
  );
  const padded = (cell: string, at: number) =>
    at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return rows.map(row => row.map(padded).join('  ').trimEnd()).join('\n');
}

/** The measures that any of `rows` has, in the order of their table. */
export function measuresOf(rows: readonly Row[]): readonly MeasureName[] {
  return measureNames.filter(name => rows.some(({ figures }) => figures[name] !== undefined));
}

/**
 * A figure: its median and, where rounds differ, by how many percent they do so at most. Percents of
 * next to nothing tell nothing: between which figures the rounds lay stands there instead.
 */
export function shown(name: MeasureName, figure: Spread | undefined): string {
  if (figure === undefined) return '';
  const { median, lowest, highest } = figure;
  const apart = Math.max(highest - median, median - lowest) / Math.abs(median);
  const middle = written(name, median);
  if (!Number.isFinite(apart) || apart < 0.005) return middle;
  if (apart > 1) return `${middle} (${written(name, lowest)} to ${written(name, highest)})`;
  return `${middle} ±${Math.round(apart * 100)}%`;
}

export const heading = (name: MeasureName): string =>
  `${measures[name].title} ${measures[name].unit}`.trim();

/** The contenders of one workload, one below the other. */
export function workloadTable(rows: readonly Row[]): string {
  const names = measuresOf(rows);
  return textTable([
    ['', ...names.map(heading)],
    ...rows.map(({ contender, figures }) => [
      contender,
      ...names.map(name => shown(name, figures[name])),
    ]),
  ]);
}
