/**
 * How many lines of one kind a process writes. Clients and peers cause some of them as often as they like; a
 * line each would fill the disk, and since every line is written before anything else is done, take our time.
 */
import type { CutoverEvent } from './kernel/events.js';

type EventType = CutoverEvent['type'];

/** Of each kind, in one second. Journald, for comparison: 10,000 of all kinds in 30 s. */
const MOST_A_SECOND = 100;
const SECOND = 1000;

/** What others cause. Everything else is ours, and rare. */
const bounded: ReadonlySet<EventType> = new Set<EventType>([
  'announcement-refused',
  'exchange-failed',
  'follower-joined',
  'follower-left',
  'frontend-joined',
  'frontend-left',
  'frontend-lost',
  'peer-refused',
  'request-refused',
  'server-refused',
  'table-taken',
  'worker-joined',
  'worker-left',
  'worker-lost',
]);

interface Window {
  /** Monotonic milliseconds. */
  since: number;
  written: number;
  untold: number;
}

export class LogBudget {
  readonly #windows = new Map<EventType, Window>();

  /**
   * Undefined: leave this one out. Otherwise how many like it were left out since the last that was written.
   * `now`: monotonic milliseconds.
   */
  allows(type: EventType, now: number): number | undefined {
    if (!bounded.has(type)) return 0;
    const window = this.#window(type, now);
    if (window.written === MOST_A_SECOND) {
      window.untold += 1;
      return undefined;
    }
    window.written += 1;
    const { untold } = window;
    window.untold = 0;
    return untold;
  }

  #window(type: EventType, now: number): Window {
    const window = this.#windows.get(type) ?? { since: now, written: 0, untold: 0 };
    this.#windows.set(type, window);
    if (now - window.since >= SECOND) {
      window.since = now;
      window.written = 0;
    }
    return window;
  }
}
