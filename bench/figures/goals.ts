/** What Cutover must reach: a table of ratios and bounds, each looked up in the rows of one run. */
import { figure, type Row } from './results.js';
import type { MeasureName } from './measures.js';
import { textTable } from './text-table.js';

export interface Goal {
  readonly workload: string;
  readonly what: string;
  /** Undefined: one of the figures was not measured. */
  readonly value: (of: Lookup) => number | undefined;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly isMore?: true;
}

export type Lookup = (contender: string, name: MeasureName) => number | undefined;

export interface Judged {
  readonly workload: string;
  readonly what: string;
  readonly wanted: string;
  readonly value: number;
  readonly isReached: boolean;
}

const OURS = 'cutover';

/** Cutover's figure as a multiple of a peer's. */
const times =
  (peer: string, name: MeasureName, ours: string = OURS) =>
  (of: Lookup) =>
    ratio(of(ours, name), of(peer, name));

const own = (name: MeasureName) => (of: Lookup) => of(OURS, name);

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

const HTTP_PROXY = 'http-proxy-3';
const FASTIFY = '@fastify/http-proxy';

const atLeast = (workload: string, peer: string, least: number): Goal => ({
  workload,
  what: `requests/s, × ${peer}`,
  value: times(peer, 'rate'),
  atLeast: least,
});

/** 600 MB/s or 0.4 × HAProxy, whichever is less: 1 is reached. */
function largeAnswer(of: Lookup): number | undefined {
  const peer = of('HAProxy', 'throughput');
  return ratio(of(OURS, 'throughput'), Math.min(600, 0.4 * (peer ?? Infinity)));
}

export const goals: readonly Goal[] = [
  atLeast('small', HTTP_PROXY, 2.2),
  atLeast('small', FASTIFY, 2.2),
  atLeast('small', 'Caddy', 1.5),
  atLeast('small', 'HAProxy', 0.4),
  { workload: 'small', what: 'CPU µs a request', value: own('cpu'), atMost: 75 },
  ...['browser-4k', 'browser-10k'].flatMap(workload => [
    atLeast(workload, HTTP_PROXY, 1.8),
    atLeast(workload, 'HAProxy', 0.3),
  ]),
  { ...atLeast('one-shot', HTTP_PROXY, 1), isMore: true },
  { ...atLeast('one-shot', 'Caddy', 1), isMore: true },
  {
    workload: 'answer-100m',
    what: 'MB/s, × the lesser of 600 and 0.4 × HAProxy',
    value: largeAnswer,
    atLeast: 1,
  },
  { workload: 'latency', what: 'added p50, ms', value: own('addedP50'), atMost: 0.5 },
  {
    workload: 'latency',
    what: 'added p99, × HAProxy',
    value: times('HAProxy', 'addedP99'),
    atMost: 3,
  },
  ...[HTTP_PROXY, FASTIFY].map(peer => ({
    workload: 'latency',
    what: `added p99, × ${peer}`,
    value: times(peer, 'addedP99'),
    atMost: 1,
  })),
  {
    workload: 'strategies',
    what: 'CONCURRENT, requests/s, × INSTANT',
    value: times('cutover, INSTANT', 'rate', 'cutover, CONCURRENT'),
    atLeast: 0.45,
  },
  {
    workload: 'update-speed',
    what: '202 to the last worker, ms',
    value: own('lastAfterAnswer'),
    atMost: 20,
  },
  { workload: 'update-speed', what: 'requests lost', value: own('errors'), atMost: 0 },
  {
    workload: 'recovery',
    what: 'crashed: client errors',
    value: of => of('cutover, crashed', 'errors'),
    atMost: 0,
  },
  {
    workload: 'recovery',
    // 100 requests/s: 20 requests take less than 1 s, so the second is the later one.
    what: 'crashed: demoted within, ms',
    value: of => of('cutover, crashed', 'detection'),
    atMost: 1000,
  },
  {
    workload: 'saturation',
    what: 'growth of memory, MiB/min',
    value: own('memoryGrowth'),
    atMost: 0.5, // what a straight line through a sawtooth of collections shows by chance
  },
  {
    workload: 'saturation',
    what: 'growth of descriptors, a minute',
    value: own('descriptorGrowth'),
    atMost: 0.5,
  },
  {
    workload: 'saturation',
    what: 'p99 at the end, × the highest of the start',
    value: of => ratio(of(OURS, 'p99End'), of(OURS, 'p99StartHighest')),
    atMost: 1,
  },
];

/** Those goals whose figures were measured. */
export function judged(rows: readonly Row[], all: readonly Goal[] = goals): readonly Judged[] {
  return all.flatMap(({ workload, what, value: of, ...bounds }) => {
    const value = of((contender, name) => figure(rows, workload, contender, name));
    if (value === undefined || Number.isNaN(value)) return [];
    return [{ workload, what, wanted: wanted(bounds), value, isReached: isWithin(value, bounds) }];
  });
}

type Bounds = Pick<Goal, 'atLeast' | 'atMost' | 'isMore'>;

function isWithin(value: number, { atLeast = -Infinity, atMost = Infinity, isMore }: Bounds) {
  return value >= atLeast && value <= atMost && !(isMore === true && value === atLeast);
}

function wanted({ atLeast, atMost, isMore }: Bounds): string {
  if (atMost !== undefined) return `≤ ${atMost}`;
  return `${isMore === true ? '>' : '≥'} ${atLeast ?? ''}`;
}

export const verdictTable = (list: readonly Judged[]): string =>
  textTable(
    list.map(({ workload, what, wanted, value, isReached }) => [
      `${workload}: ${what}`,
      wanted,
      value.toFixed(2),
      isReached ? 'reached' : 'MISSED',
    ]),
  );
