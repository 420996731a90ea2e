/**
 * What a worker counts for metrics, by version. Unlike what it reports for the verdict, everything is in
 * it: also what one server failed for itself alone.
 */
import type { VersionId } from '../../src/kernel/ids.js';
import { newDurations, timed, type OwnDurations } from '../../src/measures/durations.js';
import { classIndexOf } from '../../src/measures/status-class.js';
import type { FailureKind } from '../../src/verdict/tally.js';
import {
  MOST_MEASURES,
  servedEnds,
  statusClasses,
  strategyLabels,
  type ComparisonResult,
  type ServedEnd,
  type StrategyLabel,
  type VersionMeasures,
} from '../../src/wire/measures.js';
import type { Observation, Outcome } from '../../src/wire/observation.js';

/** What became of one request. */
export interface Served {
  /** That answered it; or that was to. */
  readonly version: VersionId;
  readonly end: ServedEnd;
  /** Of its answer, if it got one. */
  readonly status: number | undefined;
  /** Milliseconds since it came. */
  readonly ms: number;
}

const ENDS = servedEnds.length;
const CLASSES = statusClasses.length;
const TUNNEL = 1;

interface Since {
  /** By strategy, then by end, then by class of status. */
  readonly requests: number[];
  readonly durations: OwnDurations;
  readonly attempts: Record<Outcome, number>;
  readonly failures: Partial<Record<FailureKind, number>>;
  readonly heads: OwnDurations;
  readonly comparisons: Record<ComparisonResult, number>;
  ejections: number;
  cookies: number;
}

const nothing = (): Since => ({
  requests: new Array<number>(strategyLabels.length * ENDS * CLASSES).fill(0),
  durations: newDurations(),
  attempts: { ok: 0, failed: 0, different: 0 },
  failures: {},
  heads: newDurations(),
  comparisons: { agree: 0, differ: 0, unknown: 0 },
  ejections: 0,
  cookies: 0,
});

export class Counts {
  readonly #versions = new Map<VersionId, Since>();

  /** `strategy`: of the upgrade that is under way. */
  request({ version, end, status, ms }: Served, strategy: StrategyLabel): void {
    const since = this.#of(version);
    if (since === undefined) return;
    const index = classIndexOf(status);
    const row = strategyLabels.indexOf(strategy) * ENDS + servedEnds.indexOf(end);
    const at = row * CLASSES + index;
    since.requests[at] = (since.requests[at] ?? 0) + 1;
    const isAnswered = end === 'answered' || end === 'rescued';
    // How long a tunnel was open says nothing of how fast anybody is.
    if (isAnswered && index !== TUNNEL) timed(since.durations, ms / 1000);
  }

  attempt({ version, outcome, code, delay }: Observation): void {
    const since = this.#of(version);
    if (since === undefined) return;
    since.attempts[outcome] += 1;
    if (outcome !== 'failed') {
      timed(since.heads, delay / 1000);
      return;
    }
    const kind = code ?? '5xx';
    since.failures[kind] = (since.failures[kind] ?? 0) + 1;
  }

  /** `version`: the newer one. */
  compared(version: VersionId, result: ComparisonResult): void {
    const since = this.#of(version);
    if (since !== undefined) since.comparisons[result] += 1;
  }

  ejected(version: VersionId): void {
    const since = this.#of(version);
    if (since !== undefined) since.ejections += 1;
  }

  cookieSet(version: VersionId): void {
    const since = this.#of(version);
    if (since !== undefined) since.cookies += 1;
  }

  /** What was counted is forgotten here. */
  take(): readonly VersionMeasures[] {
    const taken = [...this.#versions].map(([version, { requests, ...since }]) => ({
      version,
      requests: requestsIn(requests),
      ...since,
    }));
    this.#versions.clear();
    return taken;
  }

  /** Undefined: there are more versions than can be told of. */
  #of(version: VersionId): Since | undefined {
    const known = this.#versions.get(version);
    if (known !== undefined || this.#versions.size >= MOST_MEASURES.versions) return known;
    const since = nothing();
    this.#versions.set(version, since);
    return since;
  }
}

function requestsIn(counts: readonly number[]): VersionMeasures['requests'] {
  return strategyLabels.flatMap((strategy, block) =>
    servedEnds.flatMap((end, row) =>
      statusClasses.flatMap((status, column) => {
        const count = counts[(block * ENDS + row) * CLASSES + column] ?? 0;
        return count === 0 ? [] : [{ strategy, end, status, count }];
      }),
    ),
  );
}
