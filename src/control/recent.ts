/** What each version did in the last ten seconds: rates for people who watch an upgrade. */
import type { VersionId } from '../kernel/ids.js';
import { addHistogram, type OwnHistogram } from '../verdict/histogram.js';
import type { WorkerMeasures } from '../wire/measures.js';
import type { WorkerReport } from '../wire/report.js';
import type { LiveVersion } from './live.js';
import { quantilesOf } from './shown-tally.js';

export type RecentRates = Pick<
  LiveVersion,
  'share' | 'requests' | 'failures' | 'rescues' | 'delay'
>;

/** Seconds. */
const WINDOW = 10;

/** Of one version and one second. */
interface Second {
  /** First attempts, and those of them that failed. */
  exchanges: number;
  failed: number;
  repeats: number;
  readonly delays: OwnHistogram;
  /** Requests that this version has answered, at first or as a rescue. */
  answered: number;
}

export class Recent {
  /** By second of the monotonic clock, then by version. */
  readonly #seconds = new Map<number, Map<VersionId, Second>>();
  /** Monotonic milliseconds: when there was first something to count. */
  #since: number | undefined;

  /** `now`: monotonic milliseconds. Only of versions that are known: a worker cannot make us remember more. */
  reported({ versions }: WorkerReport, isKnown: (id: VersionId) => boolean, now: number): void {
    for (const { version, tally } of versions) {
      if (!isKnown(version)) continue;
      const second = this.#second(version, now);
      second.exchanges += tally.exchanges;
      second.failed += tally.failed;
      second.repeats += tally.repeats;
      addHistogram(second.delays, tally.delays);
    }
  }

  /** As above, from measures: reports do not tell whose answer the client got. */
  measured({ versions }: WorkerMeasures, isKnown: (id: VersionId) => boolean, now: number): void {
    for (const { version, requests } of versions) {
      if (!isKnown(version)) continue;
      const second = this.#second(version, now);
      for (const { end, count } of requests) {
        if (end === 'answered' || end === 'rescued') second.answered += count;
      }
    }
  }

  of(version: VersionId, now: number): RecentRates {
    const seconds = this.#window(now);
    const own = seconds.flatMap(each => each.get(version) ?? []);
    const all = seconds.flatMap(each => [...each.values()]);
    const begin = (Math.floor(now / 1000) - WINDOW + 1) * 1000;
    const width = Math.max(1, (now - Math.max(begin, this.#since ?? now)) / 1000);
    const answered = sum(all, each => each.answered);
    const delays: OwnHistogram = {};
    for (const each of own) addHistogram(delays, each.delays);
    return {
      ...(answered > 0 && { share: (100 * sum(own, each => each.answered)) / answered }),
      requests: sum(own, each => each.exchanges) / width,
      failures: sum(own, each => each.failed) / width,
      rescues: sum(own, each => each.repeats) / width,
      delay: quantilesOf(delays),
    };
  }

  #second(version: VersionId, now: number): Second {
    this.#since ??= now;
    const at = Math.floor(now / 1000);
    const known = this.#seconds.get(at) ?? new Map<VersionId, Second>();
    if (!this.#seconds.has(at)) {
      this.#seconds.set(at, known);
      for (const each of this.#seconds.keys()) if (each <= at - WINDOW) this.#seconds.delete(each);
    }
    const second = known.get(version) ?? {
      exchanges: 0,
      failed: 0,
      repeats: 0,
      delays: {},
      answered: 0,
    };
    known.set(version, second);
    return second;
  }

  /** The present second and those before it. */
  #window(now: number): readonly ReadonlyMap<VersionId, Second>[] {
    const last = Math.floor(now / 1000);
    return [...this.#seconds].filter(([at]) => at > last - WINDOW).map(([, each]) => each);
  }
}

const sum = (seconds: readonly Second[], of: (second: Second) => number): number =>
  seconds.reduce((all, second) => all + of(second), 0);
