/** What is measured: one table says how each figure is called, and in which unit it is told. */

interface Measure {
  readonly title: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  readonly better: 'more' | 'less';
}

export const measures = {
  rate: { title: 'requests', unit: '/s', digits: 0, better: 'more' },
  throughput: { title: 'bytes', unit: 'MB/s', digits: 0, better: 'more' },
  cpu: { title: 'CPU', unit: 'µs a request', digits: 1, better: 'less' },
  p50: { title: 'p50', unit: 'ms', digits: 2, better: 'less' },
  p99: { title: 'p99', unit: 'ms', digits: 2, better: 'less' },
  p999: { title: 'p99.9', unit: 'ms', digits: 2, better: 'less' },
  addedP50: { title: 'added p50', unit: 'ms', digits: 2, better: 'less' },
  addedP99: { title: 'added p99', unit: 'ms', digits: 2, better: 'less' },
  addedP999: { title: 'added p99.9', unit: 'ms', digits: 2, better: 'less' },
  memory: { title: 'RSS', unit: 'MiB', digits: 0, better: 'less' },
  perConnection: { title: 'RSS', unit: 'KiB a connection', digits: 1, better: 'less' },
  memoryGrowth: { title: 'RSS growth', unit: 'MiB/min', digits: 2, better: 'less' },
  descriptorGrowth: { title: 'descriptor growth', unit: '/min', digits: 2, better: 'less' },
  p99Start: { title: 'p99 at the start', unit: 'ms', digits: 2, better: 'less' },
  p99StartHighest: { title: 'highest p99 at the start', unit: 'ms', digits: 2, better: 'less' },
  p99End: { title: 'p99 at the end', unit: 'ms', digits: 2, better: 'less' },
  firstWorker: { title: 'PUT to first worker', unit: 'ms', digits: 1, better: 'less' },
  lastWorker: { title: 'PUT to last worker', unit: 'ms', digits: 1, better: 'less' },
  lastAfterAnswer: { title: '202 to last worker', unit: 'ms', digits: 1, better: 'less' },
  detection: { title: 'first bad to last', unit: 'ms', digits: 0, better: 'less' },
  badRequests: { title: 'requests meanwhile', unit: '', digits: 0, better: 'less' },
  errors: { title: 'client errors', unit: '', digits: 0, better: 'less' },
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;

export const measureNames = Object.keys(measures) as readonly MeasureName[];

/** How the number is written beside its unit; a thin group separator keeps large ones readable. */
export function written(name: MeasureName, value: number): string {
  if (!Number.isFinite(value)) return '–';
  const { digits } = measures[name];
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
