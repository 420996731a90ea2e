/** Keeps the timeline of the upgrade under way, or of the last one that ended, while this process lives. */
import type { Policy } from '../../verdict/policy.js';
import type { Tally } from '../../verdict/tally.js';
import { nearness, verdict } from '../../verdict/verdict.js';
import type { Moment, Watched } from '../judged.js';
import type { LivePoint } from '../live.js';
import { begun, grown, pointsOf, type Counts, type Look, type Timeline } from './timeline.js';

/** Milliseconds. */
const EVERY = 1000;

/** What is recorded: another upgrade, or the same one anew, begins a new line. */
interface Record {
  readonly key: string;
  readonly timeline: Timeline;
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
  readonly isUnderWay: boolean;
}

export class Recorder {
  readonly #policy: Policy;
  #record: Record | undefined;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Often: most looks are not recorded. The last one, which shows how it ended, is. */
  look(watched: Watched | undefined, now: Moment): void {
    if (watched === undefined) return;
    const { trial, isUnderWay, mode } = watched;
    const key = `${trial.id} ${trial.since}`;
    const before = this.#record?.key === key ? this.#record : undefined;
    if (before === undefined) {
      // Of an upgrade of before this process nothing but the numbers is known.
      if (isUnderWay) {
        const timeline = begun(this.#looked(watched, now), mode === 'CONCURRENT');
        this.#record = { key, timeline, at: now.monotonic, isUnderWay };
      } else this.#record = undefined;
      return;
    }
    const isDue = isUnderWay ? now.monotonic - before.at >= EVERY : before.isUnderWay;
    if (!isDue) return;
    const timeline = grown(before.timeline, this.#looked(watched, now));
    this.#record = { key, timeline, at: now.monotonic, isUnderWay };
  }

  get points(): readonly LivePoint[] {
    return this.#record === undefined ? [] : pointsOf(this.#record.timeline);
  }

  #looked({ trial, share, mode }: Watched, { monotonic, wall }: Moment): Look {
    return {
      now: monotonic,
      at: wall,
      share: mode === 'GRADUAL' && share !== undefined ? share * 100 : undefined,
      strength: nearness(trial.evidence, this.#policy),
      verdict: verdict(trial.evidence, this.#policy).kind,
      newer: countsOf(trial.newerTally),
      stable: countsOf(trial.stableTally),
    };
  }
}

const countsOf = ({ exchanges, failed, repeats }: Tally): Counts => ({
  exchanges,
  failed,
  repeats,
});
