/**
 * An upgrade over time, for drawing: what was seen of it since the look before, in spans that become longer as
 * it goes on, so that a fortnight takes no more room than an hour. Pure; counts are kept, rates are made of
 * them when somebody looks, so that nothing is lost where spans are joined.
 */
import type { Verdict } from '../../verdict/verdict.js';
import type { LivePoint, LiveRates } from '../live.js';

/** One look at the upgrade. */
export interface Look {
  /** Milliseconds: of a clock that never jumps, and since 1970. */
  readonly now: number;
  readonly at: number;
  /** Percent of new sessions, where the strategy counts in them. */
  readonly share: number | undefined;
  /** 0 to 1. */
  readonly strength: number;
  readonly verdict: Verdict['kind'];
  /** Since the upgrade began. */
  readonly newer: Counts;
  readonly stable: Counts;
}

export interface Counts {
  readonly exchanges: number;
  readonly failed: number;
  readonly repeats: number;
}

/** What came between two looks. */
interface Span extends Look {
  /** Milliseconds. */
  readonly lasted: number;
}

export interface Timeline {
  /** Oldest first. */
  readonly spans: readonly Span[];
  /** With which the last span ended, and the open one begins. */
  readonly from: Look;
  readonly open: Span | undefined;
  /** Milliseconds of one span. */
  readonly every: number;
  /** Of requests to both versions each one is counted for both (CONCURRENT). */
  readonly isTwice: boolean;
}

/** With the open one. */
export const MOST_POINTS = 600;
const SECOND = 1000;

export const begun = (from: Look, isTwice = false): Timeline => ({
  spans: [],
  from,
  open: undefined,
  every: SECOND,
  isTwice,
});

/** About once a second, and once more when the upgrade has ended. */
export function grown(timeline: Timeline, look: Look): Timeline {
  const { from, every, spans } = timeline;
  const lasted = look.now - from.now;
  if (lasted <= 0) return timeline;
  const strength = Math.max(look.strength, timeline.open?.strength ?? 0);
  const open: Span = {
    ...look,
    strength,
    lasted,
    newer: difference(look.newer, from.newer),
    stable: difference(look.stable, from.stable),
  };
  if (lasted < every) return { ...timeline, open };
  return thinned({ ...timeline, spans: [...spans, open], from: look, open: undefined });
}

export function pointsOf({ spans, open, isTwice }: Timeline): readonly LivePoint[] {
  let share = 0;
  return [...spans, ...(open === undefined ? [] : [open])].map(span => {
    share = span.share ?? requestShare(span, isTwice) ?? share;
    return {
      at: span.at,
      share: rounded(share),
      strength: rounded(span.strength),
      verdict: span.verdict,
      newer: ratesOf(span.newer, span.lasted),
      stable: ratesOf(span.stable, span.lasted),
    };
  });
}

/** Half as many, each of twice the time. */
function thinned(timeline: Timeline): Timeline {
  const { spans, every } = timeline;
  if (spans.length < MOST_POINTS) return timeline;
  const joined = Array.from({ length: Math.ceil(spans.length / 2) }, (_, at) =>
    spans.slice(2 * at, 2 * at + 2).reduce(together),
  );
  return { ...timeline, spans: joined, every: 2 * every };
}

const together = (earlier: Span, later: Span): Span => ({
  ...later,
  lasted: earlier.lasted + later.lasted,
  strength: Math.max(earlier.strength, later.strength),
  newer: sum(earlier.newer, later.newer),
  stable: sum(earlier.stable, later.stable),
});

const sum = (a: Counts, b: Counts): Counts => ({
  exchanges: a.exchanges + b.exchanges,
  failed: a.failed + b.failed,
  repeats: a.repeats + b.repeats,
});

const difference = (a: Counts, b: Counts): Counts => ({
  exchanges: a.exchanges - b.exchanges,
  failed: a.failed - b.failed,
  repeats: a.repeats - b.repeats,
});

/** Percent; undefined where nobody asked for anything. */
function requestShare({ newer, stable }: Span, isTwice: boolean): number | undefined {
  const all = isTwice
    ? Math.max(newer.exchanges, stable.exchanges)
    : newer.exchanges + stable.exchanges;
  return all === 0 ? undefined : (newer.exchanges / all) * 100;
}

const ratesOf = ({ exchanges, failed, repeats }: Counts, lasted: number): LiveRates => ({
  requests: rounded((exchanges / lasted) * SECOND),
  failures: rounded((failed / lasted) * SECOND),
  rescues: rounded((repeats / lasted) * SECOND),
});

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
