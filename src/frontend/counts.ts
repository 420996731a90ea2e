/**
 * What a frontend counts for metrics. Every request comes by here: counting one is a few additions, and
 * whoever wants to know takes the numbers.
 */
import type { ErrorCode } from '../kernel/errors.js';
import type { CutoverEvent } from '../kernel/events.js';
import { newDurations, timed, type OwnDurations } from '../measures/durations.js';
import { classIndexOf } from '../measures/status-class.js';
import {
  MOST_MEASURES,
  requestEnds,
  statusClasses,
  type FrontendMeasures,
  type RequestEnd,
} from '../wire/measures.js';
import type { WorkerPeer } from './worker-peer.js';

/** What is now, beside what was counted. */
export type FrontendNow = Pick<FrontendMeasures, 'inFlight' | 'queued' | 'connections'> & {
  readonly workers: readonly Pick<WorkerPeer, 'name' | 'outstanding' | 'draining'>[];
};

const CLASSES = statusClasses.length;
const TUNNEL = 1;

interface Since {
  /** By end, then by class of status. */
  readonly requests: number[];
  readonly durations: OwnDurations;
  readonly waits: OwnDurations;
  accepted: number;
  readonly refusals: Partial<Record<ErrorCode, number>>;
  readonly lost: { workers: number; repeated: number; failed: number };
}

const nothing = (): Since => ({
  requests: new Array<number>(requestEnds.length * CLASSES).fill(0),
  durations: newDurations(),
  waits: newDurations(),
  accepted: 0,
  refusals: {},
  lost: { workers: 0, repeated: 0, failed: 0 },
});

export class Counts {
  #since = nothing();

  /** `status`: of its answer, if it got one; `ms`: since the whole request was there. */
  request(end: RequestEnd, status: number | undefined, ms: number): void {
    const { requests, durations } = this.#since;
    const index = classIndexOf(status);
    const at = requestEnds.indexOf(end) * CLASSES + index;
    requests[at] = (requests[at] ?? 0) + 1;
    // How long a tunnel was open says nothing of how fast anybody is.
    if (end === 'answered' && index !== TUNNEL) timed(durations, ms / 1000);
  }

  /** A request has waited for a worker, and got one. */
  waited(ms: number): void {
    timed(this.#since.waits, ms / 1000);
  }

  accepted(): void {
    this.#since.accepted += 1;
  }

  refused(code: ErrorCode): void {
    const { refusals } = this.#since;
    refusals[code] = (refusals[code] ?? 0) + 1;
  }

  happened(event: CutoverEvent): void {
    if (event.type === 'request-refused') this.refused(event.code);
    if (event.type !== 'worker-lost') return;
    const { lost } = this.#since;
    lost.workers += 1;
    lost.repeated += event.repeated;
    lost.failed += event.failed;
  }

  /** What was counted is forgotten here. */
  take({ inFlight, queued, connections, workers }: FrontendNow): FrontendMeasures {
    const { requests, ...since } = this.#since;
    this.#since = nothing();
    return {
      role: 'frontend',
      inFlight,
      queued,
      connections,
      workers: workers
        .slice(0, MOST_MEASURES.workers)
        .map(({ name, outstanding, draining }) => ({ name, outstanding, isDraining: draining })),
      requests: requestEnds.flatMap((end, row) =>
        statusClasses.flatMap((status, column) => {
          const count = requests[row * CLASSES + column] ?? 0;
          return count === 0 ? [] : [{ end, status, count }];
        }),
      ),
      ...since,
    };
  }
}
