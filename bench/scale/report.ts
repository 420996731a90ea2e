/** What a run has shown, for the terminal. */
import { median, percentile, spread } from '../figures/statistics.js';
import { textTable } from '../figures/text-table.js';
import type { Measured, Merged, Slice } from './results.js';

export function scaleText(measured: readonly Measured[]): string {
  const parts = [spreadTable(measured)];
  if (measured.some(({ merged }) => merged !== undefined)) parts.push(mergedTable(measured));
  const faults = measured.flatMap(each => faultsOf(each));
  return [...parts, ...faults.map(fault => `wrong: ${fault}`)].join('\n\n');
}

/** What must not be, whatever the machine: a slow one fails nobody. */
export function faultsOf({ workers, merged, wrong }: Measured): readonly string[] {
  const faults = wrong.slice(0, 10).map(each => `${workers} workers: ${each}`);
  if (merged === undefined || merged.counted === merged.told) return faults;
  return [
    ...faults,
    `${workers} workers: ${merged.told} exchanges told, ${merged.counted} counted`,
  ];
}

const spreadTable = (measured: readonly Measured[]): string =>
  textTable([
    [
      'workers',
      'PUT to 202',
      '202 to last worker',
      '202 to last acknowledgement',
      'memory',
      'idle',
    ],
    ...measured.map(({ workers, changes, idle }) => [
      String(workers),
      shownTimes(changes.map(({ answered }) => answered)),
      shownTimes(changes.map(({ taken }) => taken)),
      shownTimes(changes.map(({ acknowledged }) => acknowledged)),
      `${idle.memory.toFixed(0)} MiB`,
      `${idle.cpu.toFixed(3)} cores`,
    ]),
  ]);

const headings = [
  'workers',
  'requests',
  'reports',
  'control',
  'event loop',
  'late p99',
  'lag p50',
  'lag p99',
  'memory',
  'bad to last worker',
  '/metrics',
] as const;

const mergedTable = (measured: readonly Measured[]): string =>
  textTable([
    headings,
    ...measured.flatMap(({ workers, merged }) =>
      merged === undefined ? [] : [rowOf(workers, merged)],
    ),
  ]);

function rowOf(workers: number, { slices, demotions, scrape }: Merged): readonly string[] {
  const middle = (of: (slice: Slice) => number) => median(slices.map(of));
  const [first, last] = [slices[0]?.memory ?? NaN, slices.at(-1)?.memory ?? NaN];
  return [
    String(workers),
    `${middle(({ requests }) => requests).toFixed(0)} /s`,
    `${middle(({ reports }) => reports).toFixed(0)} /s`,
    `${middle(({ cpu }) => cpu).toFixed(2)} cores`,
    `${(100 * middle(({ loop }) => loop)).toFixed(0)} %`,
    `${middle(({ late }) => late.p99).toFixed(1)} ms`,
    `${middle(({ lag }) => lag.p50).toFixed(0)} ms`,
    `${middle(({ lag }) => lag.p99).toFixed(0)} ms`,
    `${first.toFixed(0)} to ${last.toFixed(0)} MiB`,
    shownTimes(demotions.map(({ lastWorker }) => lastWorker)),
    `${scrape.ms.toFixed(0)} ms, ${scrape.kib.toFixed(0)} KiB`,
  ];
}

/** Milliseconds: the median, and between which the rounds lay. */
function shownTimes(times: readonly number[]): string {
  if (times.length === 0) return '–';
  const { median: middle, lowest } = spread(times);
  return `${digits(middle)} ms (${digits(lowest)} to ${digits(percentile(times, 1))})`;
}

const digits = (ms: number): string => ms.toFixed(Math.abs(ms) < 100 ? 1 : 0);
