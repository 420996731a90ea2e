/** What happened to versions, for operators to read: told from the routing tables before and after. */
import type { VersionId } from '../kernel/ids.js';
import type { RoutingTable } from '../versions/routing-table.js';
import type { Version } from '../versions/version.js';
import type { StateName } from '../versions/version-state.js';
import type { ShownEvent } from './why.js';

export const MOST_EVENTS = 100;

/** Bounded: who does not ask for the news misses the oldest. */
export class Chronicle {
  #events: readonly ShownEvent[] = [];
  #untold: readonly ShownEvent[] = [];

  /** `events`: oldest first. */
  add(events: readonly ShownEvent[]): void {
    this.#events = [...events.toReversed(), ...this.#events].slice(0, MOST_EVENTS);
    this.#untold = [...this.#untold, ...events].slice(-MOST_EVENTS);
  }

  /** What happened in a former life, newest first: no news. */
  recall(events: readonly ShownEvent[]): void {
    this.#events = events;
  }

  /** Newest first. */
  get events(): readonly ShownEvent[] {
    return this.#events;
  }

  /** What was added since the last call, oldest first. */
  news(): readonly ShownEvent[] {
    const news = this.#untold;
    this.#untold = [];
    return news;
  }
}

export interface Context {
  /** ISO 8601. */
  readonly at: string;
  /** Of an upgrade that is complete: whether control saw that; else somebody wanted it to be. */
  readonly hasSeenEnd: (id: VersionId) => boolean;
}

export function eventsBetween(
  before: RoutingTable,
  after: RoutingTable,
  context: Context,
): readonly ShownEvent[] {
  const { edition } = after;
  const isIn = (table: RoutingTable, { id }: Version) => table.versions.some(own => own.id === id);
  const gone = before.versions.filter(version => !isIn(after, version));
  return [
    ...gone.map(version => eventOf(version, 'removed', { ...context, edition })),
    ...after.versions.flatMap(version => {
      const former = before.versions.find(({ id }) => id === version.id);
      const what = former === undefined ? 'added' : happened(former, version, context);
      return what === undefined ? [] : [eventOf(version, what, { ...context, edition })];
    }),
  ];
}

export function eventOf(
  { id, number, state }: Version,
  what: string,
  { at, edition, because }: { readonly at: string; readonly edition: number; because?: string },
): ShownEvent {
  // A version that is removed later is not removed for the reason that it was demoted for.
  const own = what === arrivals[state.name] && 'because' in state ? state.because : undefined;
  const reason = because ?? own;
  return {
    at,
    id,
    version: number,
    what,
    edition,
    ...(reason !== undefined && { because: reason }),
  };
}

const arrivals: Readonly<Record<StateName, string>> = {
  running: 'resumed',
  paused: 'paused',
  complete: 'promoted',
  aborted: 'aborted',
  demoted: 'demoted',
};

/** All that `what` can be. */
export const eventNames: readonly string[] = [
  'added',
  'removed',
  'completed',
  'unhealthy',
  ...Object.values(arrivals),
];

function happened(former: Version, { id, state }: Version, context: Context): string | undefined {
  if (former.state.name === state.name) return undefined;
  if (state.name === 'complete' && context.hasSeenEnd(id)) return 'completed';
  return arrivals[state.name];
}
