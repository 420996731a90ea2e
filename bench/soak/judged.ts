/** Whether anything grew, or was lost. Pure. */
import { median } from '../figures/statistics.js';
import { trend, type Point } from '../figures/trend.js';
import type { Happening } from './plan.js';
import type { Look, Slice, Soaked } from './results.js';

/** What must not grow. */
export interface Watched {
  readonly title: string;
  readonly unit: string;
  /** Growth below is none, whatever the test says: caches fill, and the machine has other things to do. */
  readonly least: number;
  /** The same, as a share of the median. */
  readonly share: number;
}

export const ofProcesses = {
  memory: { title: 'memory', unit: 'MiB', least: 24, share: 0.25 },
  descriptors: { title: 'descriptors', unit: '', least: 16, share: 0.25 },
  handles: { title: 'handles', unit: '', least: 16, share: 0.25 },
  lag: { title: 'delay of the event loop, p99', unit: 'ms', least: 20, share: 1 },
} as const satisfies Partial<Record<keyof Look, Watched>>;

export const ofAnswers = {
  p50: { title: 'answers, p50', unit: 'ms', least: 5, share: 1 },
  p99: { title: 'answers, p99', unit: 'ms', least: 40, share: 1 },
} as const satisfies Partial<Record<keyof Slice, Watched>>;

export type ProcessMeasure = keyof typeof ofProcesses;
export type AnswerMeasure = keyof typeof ofAnswers;

/** One process from its start to its end, in minutes since the load began. */
export interface Life {
  readonly kind: string;
  readonly role: string;
  readonly pid: number;
  readonly looks: readonly Look[];
}

export interface Judged {
  readonly what: string;
  readonly unit: string;
  /** The median of what was judged; NaN: there was too little. */
  readonly level: number;
  /** By how much it grew in the longest time that was judged at a stretch. */
  readonly growth: number;
  /** How much would have been none. */
  readonly allowed: number;
  /** Minutes. */
  readonly span: number;
  /** Standard deviations from no trend. */
  readonly z: number;
  readonly grows: boolean;
}

/** By chance once in a thousand. */
const SURE = 3.09;
/** Fewer points of one process say nothing. */
const LEAST_POINTS = 8;

/** `worker-1` and `worker-3` are workers; the order is that in which they were seen first. */
export function livesOf(looks: readonly Look[]): readonly Life[] {
  const lives = new Map<number, { role: string; pid: number; looks: Look[] }>();
  for (const look of looks) {
    const life = lives.get(look.pid) ?? { role: look.role, pid: look.pid, looks: [] };
    lives.set(look.pid, life);
    life.looks.push(look);
  }
  return [...lives.values()].map(life => ({ ...life, kind: life.role.replace(/-\d+$/, '') }));
}

export function judged({ looks, slices, timing }: Soaked): readonly Judged[] {
  const lives = livesOf(looks);
  const warmUp = timing.warmUp / 60_000;
  const kinds = [...new Set(lives.map(({ kind }) => kind))];
  const measures = Object.keys(ofProcesses) as readonly ProcessMeasure[];
  const processes = kinds.flatMap(kind =>
    measures.map(measure => {
      const series = lives
        .filter(life => life.kind === kind)
        .map(life => warm(pointsOf(life, measure), warmUp));
      return judgedOne(`${kind}: ${ofProcesses[measure].title}`, ofProcesses[measure], series);
    }),
  );
  const answers = (Object.keys(ofAnswers) as readonly AnswerMeasure[]).map(measure => {
    const points = slices.map(slice => [slice.minute, slice[measure]] as const);
    const begun = [0, 0] as const;
    const series = warm([begun, ...points], warmUp);
    return judgedOne(ofAnswers[measure].title, ofAnswers[measure], [series]);
  });
  return [...processes, ...answers];
}

export const pointsOf = ({ looks }: Life, measure: ProcessMeasure): readonly Point[] =>
  looks.flatMap(look => {
    const value = look[measure];
    return value === undefined ? [] : [[look.minute, value] as const];
  });

/** Without what was seen before it was `age` minutes old. */
function warm(points: readonly Point[], age: number): readonly Point[] {
  const [born] = points[0] ?? [0];
  return points.filter(([minute]) => minute - born >= age);
}

function judgedOne(what: string, watched: Watched, all: readonly (readonly Point[])[]): Judged {
  const series = all.filter(({ length }) => length >= LEAST_POINTS);
  const { slope, z } = trend(series);
  const level = median(series.flat().map(([, value]) => value));
  const span = Math.max(
    0,
    ...series.map(points => (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0)),
  );
  const growth = slope * span;
  const allowed = Math.max(watched.least, watched.share * level);
  const grows = z > SURE && growth > allowed;
  return { what, unit: watched.unit, level, growth, allowed, span, z, grows };
}

/** What ends connections: see docs/not-supported.md for who cannot be saved then. */
const breaking: readonly Happening[] = [
  'crash',
  'server restart',
  'worker killed',
  'everything reloaded',
];
/** Each time. */
const MOST_REPEATED = 10;

/** What went wrong, a sentence each; none: all is well. */
export function faultsOf(soaked: Soaked): readonly string[] {
  const { traffic, wrong, happened } = soaked;
  const lost = Object.entries(traffic.lost).map(([how, count]) => `${count} lost: ${how}`);
  const unaccounted =
    traffic.sent - traffic.answered - traffic.abandoned - sum(Object.values(traffic.lost));
  const breaks = happened.filter(({ what }) => breaking.includes(what)).length;
  const repeated = sum(Object.values(traffic.repeated));
  const grown = judged(soaked)
    .filter(({ grows }) => grows)
    .map(
      ({ what, unit, level, growth, allowed, span }) =>
        `${what} grew by ${`${growth.toFixed(1)} ${unit}`.trim()} in ${span.toFixed(1)} min ` +
        `(about ${level.toFixed(1)}, ${allowed.toFixed(1)} are allowed)`,
    );
  return [
    ...lost,
    ...(unaccounted === 0 ? [] : [`${unaccounted} requests were never heard of again`]),
    ...(repeated <= MOST_REPEATED * breaks
      ? []
      : [`${repeated} connections were cut off, where ${breaks} times something was ended`]),
    ...(traffic.answered > 0 ? [] : ['nothing was answered']),
    ...wrong,
    ...grown,
  ];
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
