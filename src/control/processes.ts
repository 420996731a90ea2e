/** Every process that lives, with what it measured last; control's own among them. */
import type { WorkerId } from '../kernel/ids.js';
import { MEASURE, type Measures, type ProcessMeasures } from '../wire/measures.js';
import type { KnownFollower } from './herald.js';
import type { LiveProcess } from './live.js';

/** One process, as metrics and the dashboard want it. */
export interface MeasuredProcess {
  /** No two of one role have the same. */
  readonly name: string;
  readonly role: LiveProcess['role'];
  /** Of the routing table that it has; 0: none. */
  readonly edition: number;
  /** Undefined: it has told nothing yet. */
  readonly process: ProcessMeasures | undefined;
  /** Undefined: as above, or it is control. */
  readonly work: Measures['work'] | undefined;
}

interface Told {
  readonly measures: Measures;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface ProcessesHost {
  /** Those that live at this moment. */
  followers(): readonly KnownFollower[];
  /** Of control's own table. */
  edition(): number;
}

/** Milliseconds after which rates are not those of now any more. */
const STALE = 5000;

const nothing: Omit<LiveProcess, 'name' | 'role' | 'edition'> = {
  requests: 0,
  inFlight: 0,
  queued: 0,
  connections: 0,
  cpu: 0,
  memory: 0,
  eventLoopDelay: 0,
};

export class Processes {
  readonly #host: ProcessesHost;
  readonly #told = new Map<WorkerId, Told>();
  #own: ProcessMeasures | undefined;
  /** Monotonic milliseconds. */
  #sweptAt = -Infinity;

  constructor(host: ProcessesHost) {
    this.#host = host;
  }

  /** What a follower has told; what those told who have gone is forgotten soon. */
  measured(id: WorkerId, measures: Measures, at: number): void {
    this.#told.set(id, { measures, at });
    if (at - this.#sweptAt >= MEASURE) this.#sweep(at);
  }

  /** Control's own. */
  own(measures: ProcessMeasures): void {
    this.#own = measures;
  }

  /** Control first, then frontends, then workers, by name. */
  all(): readonly MeasuredProcess[] {
    return this.#entries().map(([process]) => process);
  }

  /** The same, as the dashboard shows them. `now`: monotonic milliseconds. */
  processes(now: number): readonly LiveProcess[] {
    return this.#entries().map(([process, at]) => shown(process, now - at > STALE));
  }

  /** Once in the time in which everybody tells something: a thousand must not be looked through for each. */
  #sweep(at: number): void {
    this.#sweptAt = at;
    const living = new Set(this.#host.followers().map(follower => follower.id));
    for (const each of this.#told.keys()) if (!living.has(each)) this.#told.delete(each);
  }

  #entries(): readonly (readonly [process: MeasuredProcess, at: number])[] {
    const control: MeasuredProcess = {
      name: 'control',
      role: 'control',
      edition: this.#host.edition(),
      process: this.#own,
      work: undefined,
    };
    const followers = this.#host.followers().map(({ id, name, role, edition }) => {
      const { measures, at = 0 } = this.#told.get(id) ?? {};
      const { process, work } = measures ?? {};
      return [{ name, role, edition, process, work }, at] as const;
    });
    return [[control, Infinity], ...withOwnNames(followers.toSorted(byRoleAndName))];
  }
}

type Entry = readonly [process: MeasuredProcess, at: number];

const byRoleAndName = ([a]: Entry, [b]: Entry): number =>
  a.role === b.role ? byName.compare(a.name, b.name) : a.role < b.role ? -1 : 1;

/** `worker-10` comes behind `worker-9`. */
const byName = new Intl.Collator('en', { numeric: true });

/** Two machines may both have a `worker-1`: two series with the same labels would spoil all metrics. */
function withOwnNames(sorted: readonly Entry[]): readonly Entry[] {
  const used = new Map<string, number>();
  return sorted.map(([process, at]) => {
    const key = `${process.role} ${process.name}`;
    const times = (used.get(key) ?? 0) + 1;
    used.set(key, times);
    return times === 1 ? [process, at] : [{ ...process, name: `${process.name}:${times}` }, at];
  });
}

function shown(
  { name, role, edition, process, work }: MeasuredProcess,
  isStale: boolean,
): LiveProcess {
  const about = { name, role, ...(edition > 0 && { edition }) };
  if (process === undefined) return { ...about, ...nothing };
  return {
    ...about,
    requests: isStale ? 0 : perSecond(requestsIn(work), process.period),
    inFlight: work?.inFlight ?? 0,
    queued: work?.role === 'frontend' ? work.queued : 0,
    connections: connectionsOf(work),
    cpu: isStale ? 0 : process.load,
    memory: process.memory,
    eventLoopDelay: process.eventLoopDelay.p99 * 1000,
  };
}

const perSecond = (count: number, ms: number): number => (ms > 0 ? (count * 1000) / ms : 0);

function requestsIn(work: Measures['work'] | undefined): number {
  if (work === undefined) return 0;
  const requests =
    work.role === 'frontend' ? work.requests : work.versions.flatMap(each => each.requests);
  return requests.reduce((sum, { count }) => sum + count, 0);
}

function connectionsOf(work: Measures['work'] | undefined): number {
  if (work === undefined) return 0;
  return work.role === 'frontend'
    ? work.connections
    : work.connections.busy + work.connections.idle;
}
