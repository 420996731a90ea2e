/**
 * Live sessions of each version, from what workers report. Nobody holds a list of all sessions: of each
 * slot of time a sample is kept, from which their number is told.
 *
 * A session that moves to another version is counted for both until the slots end in which its cookie
 * named the first: to find it there, every session would have to be remembered.
 */
import type { VersionId } from '../kernel/ids.js';
import { renewalInterval } from '../versions/session-times.js';
import { MOST_SESSION_NUMBERS, SESSION_SLOT, type SessionsSeen } from '../wire/report.js';
import { LeastNumbers } from './least-numbers.js';
import type { LiveSessions } from './why.js';

/** Whole seconds since 1970, and seconds that a client may pause. */
export interface Present {
  readonly now: number;
  readonly timeout: number;
}

interface Slot {
  /** Seconds; of the latest slot that was merged into this one, so that no session ends too early. */
  at: number;
  readonly numbers: LeastNumbers;
}

interface Slots {
  /** Seconds; grows where sessions last so long that there would be too many slots. */
  width: number;
  /** By `at` divided by the width, rounded down. */
  readonly byIndex: Map<number, Slot>;
}

/** Of one version: an hour and a half at full resolution; beyond that each stands for a longer time. */
export const MOST_SLOTS = 512;
/** Session numbers are below it. */
const NUMBERS = 2 ** 48;

export class Census {
  readonly #versions = new Map<VersionId, Slots>();

  /** `now`: seconds. A worker whose clock is ahead is not believed: its sessions would live too long. */
  add(version: VersionId, seen: readonly SessionsSeen[], now: number): void {
    const slots = this.#versions.get(version) ?? { width: SESSION_SLOT, byIndex: new Map() };
    this.#versions.set(version, slots);
    for (const { at, sessions } of seen) addTo(slots, Math.min(at, now), sessions);
  }

  live(version: VersionId, present: Present): LiveSessions {
    const alive = this.#alive(version, present);
    const all = new LeastNumbers(MOST_SESSION_NUMBERS);
    for (const { numbers } of alive) all.add(numbers.list);
    const endIn = Math.max(0, ...alive.map(({ at }) => endOf(at, present.timeout) - present.now));
    return { ...counted(all.list), endIn };
  }

  /** Cheaper than `live`. */
  hasLive(version: VersionId, present: Present): boolean {
    return this.#alive(version, present).length > 0;
  }

  /** Forgets versions that there are no more, and sessions that have ended. */
  sweep(versions: readonly VersionId[], { now, timeout }: Present): void {
    for (const [version, { byIndex }] of this.#versions) {
      if (!versions.includes(version)) this.#versions.delete(version);
      for (const [index, { at }] of byIndex) if (endOf(at, timeout) <= now) byIndex.delete(index);
    }
  }

  #alive(version: VersionId, { now, timeout }: Present): readonly Slot[] {
    const slots = [...(this.#versions.get(version)?.byIndex.values() ?? [])];
    return slots.filter(({ at }) => endOf(at, timeout) > now);
  }
}

/** When the last session of a slot ends whose client does not come again. */
const endOf = (at: number, timeout: number): number =>
  at + SESSION_SLOT - 1 + timeout + renewalInterval(timeout);

function addTo(slots: Slots, at: number, sessions: readonly number[]): void {
  if (sessions.length === 0) return;
  put(slots, at, sessions);
  while (slots.byIndex.size > MOST_SLOTS) coarsen(slots);
}

function put({ width, byIndex }: Slots, at: number, sessions: readonly number[]): void {
  const index = Math.floor(at / width);
  const slot = byIndex.get(index) ?? { at, numbers: new LeastNumbers(MOST_SESSION_NUMBERS) };
  byIndex.set(index, slot);
  slot.at = Math.max(slot.at, at);
  slot.numbers.add(sessions);
}

/** Merges neighbours everywhere, not the oldest ones only: one that always takes in the next never ends. */
function coarsen(slots: Slots): void {
  const former = [...slots.byIndex.values()];
  slots.byIndex.clear();
  slots.width *= 2;
  for (const { at, numbers } of former) put(slots, at, numbers.list);
}

/** `least` of all numbers: of that many evenly spread numbers below 1, the largest lies where they are dense. */
function counted(least: readonly number[]): Pick<LiveSessions, 'count' | 'isExact'> {
  if (least.length < MOST_SESSION_NUMBERS) return { count: least.length, isExact: true };
  const largest = least.reduce((a, b) => Math.max(a, b), 0);
  return { count: Math.round(((least.length - 1) * NUMBERS) / largest), isExact: false };
}
