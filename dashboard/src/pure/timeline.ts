/** An upgrade over time, as columns that a chart draws. */
import type { LivePoint, LiveRates, LiveUpgrade } from '../../../src/control/live.js';

/** Null: nothing to be drawn at that time. */
export type Column = (number | null)[];

export interface Timeline {
  /** Seconds since 1970. */
  readonly at: number[];
  /** Percent. */
  readonly share: Column;
  /** 0 to 1; from 1 on the version is unhealthy. */
  readonly strength: Column;
  /** Percent of requests that failed; null without requests. */
  readonly newerFailing: Column;
  readonly stableFailing: Column;
  /** Each second, of both versions. */
  readonly rescues: Column;
}

export function timelineOf(points: readonly LivePoint[]): Timeline {
  return {
    at: points.map(({ at }) => at / 1000),
    share: points.map(({ share }) => share),
    strength: points.map(({ strength }) => strength),
    newerFailing: points.map(({ newer }) => failing(newer)),
    stableFailing: points.map(({ stable }) => failing(stable)),
    rescues: points.map(({ newer, stable }) => newer.rescues + stable.rescues),
  };
}

const failing = ({ requests, failures }: LiveRates): number | null =>
  requests > 0 ? Math.min(100, (100 * failures) / requests) : null;

/** Something that happened: a line in the chart, and the same number in the list beside it. */
export interface Mark {
  readonly number: number;
  /** Seconds since 1970. */
  readonly at: number;
  readonly what: string;
  readonly because: string | undefined;
}

/** Also where the verdict became another one. */
export function marksOf({
  events,
  points,
}: Pick<LiveUpgrade, 'events' | 'points'>): readonly Mark[] {
  const verdicts = points.flatMap(({ at, verdict }, index) => {
    const before = points[index - 1]?.verdict;
    return before === undefined || before === verdict
      ? []
      : [{ at: at / 1000, what: `verdict: ${verdict}`, because: undefined }];
  });
  const happened = events.map(({ at, what, because }) => ({
    at: Date.parse(at) / 1000,
    what,
    because,
  }));
  return [...happened, ...verdicts]
    .toSorted((a, b) => a.at - b.at)
    .map((mark, index) => ({ number: index + 1, ...mark }));
}

/** What somebody hears who does not see the chart. */
export function summaryOf(points: readonly LivePoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return 'Nothing has been recorded yet.';
  const strongest = Math.max(...points.map(({ strength }) => strength));
  return (
    `In ${String(Math.round((last.at - first.at) / 1000))} seconds the share went from ` +
    `${first.share.toFixed(1)} to ${last.share.toFixed(1)} percent. The evidence against the version ` +
    `reached ${(100 * strongest).toFixed(0)} percent of what makes it unhealthy. ` +
    `The verdict is ${last.verdict}.`
  );
}
