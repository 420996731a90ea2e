/**
 * Which sessions had their cookies set, by slot of time: of each slot the least numbers, which are
 * enough to tell how many there were, and of those only what control was not told yet.
 */
import type { VersionId } from '../../src/kernel/ids.js';
import { MOST_SESSION_NUMBERS, SESSION_SLOT, type SessionsSeen } from '../../src/wire/report.js';

/** In one report, and in one slot. What comes of further ones is not counted. */
export const MOST_VERSIONS = 64;

type Slot = Map<VersionId, LeastNumbers>;

export class SessionNumbers {
  /** Two at most: the present one, and the one before, which the clock may step back to. */
  readonly #slots = new Map<number, Slot>();
  #present = -Infinity;

  /** `seconds`: whole seconds of the wall clock. */
  add(version: VersionId, session: number, seconds: number): void {
    const slot = this.#slotAt(seconds - (seconds % SESSION_SLOT));
    const numbers = slot.get(version);
    if (numbers !== undefined) return numbers.add(session);
    if (slot.size >= MOST_VERSIONS) return;
    const first = new LeastNumbers();
    first.add(session);
    slot.set(version, first);
  }

  /** Versions that have sessions in any slot. */
  get versions(): ReadonlySet<VersionId> {
    return new Set([...this.#slots.values()].flatMap(slot => [...slot.keys()]));
  }

  /** What was not told yet; it counts as told now. */
  take(version: VersionId): readonly SessionsSeen[] {
    const seen: SessionsSeen[] = [];
    for (const [at, slot] of this.#slots) {
      const sessions = slot.get(version)?.take() ?? [];
      if (sessions.length > 0) seen.push({ at, sessions });
    }
    return seen;
  }

  /** What was taken has been told to nobody. What lies in slots that are over by now is given up. */
  giveBack(version: VersionId, seen: readonly SessionsSeen[]): void {
    for (const { at, sessions } of seen) this.#slots.get(at)?.get(version)?.giveBack(sessions);
  }

  #slotAt(at: number): Slot {
    // A clock that was put back by more than a slot begins anew, or nothing would count for as long.
    if (at > this.#present || at < this.#present - SESSION_SLOT) this.#begin(at);
    const known = this.#slots.get(at);
    if (known !== undefined) return known;
    const slot: Slot = new Map();
    this.#slots.set(at, slot);
    return slot;
  }

  #begin(at: number): void {
    this.#present = at;
    for (const slot of this.#slots.keys()) {
      if (slot !== at - SESSION_SLOT) this.#slots.delete(slot);
    }
  }
}

/** The least `MOST_SESSION_NUMBERS` of all that were added, each once. */
class LeastNumbers {
  /** By number, whether it was told. Holds up to twice as many as it needs, so that it seldom sorts. */
  readonly #isTold = new Map<number, boolean>();
  /** The largest that can still count. */
  #limit = Infinity;

  add(number: number): void {
    if (number > this.#limit || this.#isTold.has(number)) return;
    this.#isTold.set(number, false);
    if (this.#isTold.size >= 2 * MOST_SESSION_NUMBERS) this.#cut();
  }

  take(): readonly number[] {
    if (this.#isTold.size > MOST_SESSION_NUMBERS) this.#cut();
    const untold: number[] = [];
    for (const [number, isTold] of this.#isTold) {
      if (isTold) continue;
      untold.push(number);
      this.#isTold.set(number, true);
    }
    return untold;
  }

  giveBack(numbers: readonly number[]): void {
    // One that is not here any more cannot count.
    for (const number of numbers) if (this.#isTold.has(number)) this.#isTold.set(number, false);
  }

  #cut(): void {
    const sorted = Float64Array.from(this.#isTold.keys()).sort();
    this.#limit = sorted[MOST_SESSION_NUMBERS - 1] ?? Infinity;
    for (const number of sorted.subarray(MOST_SESSION_NUMBERS)) this.#isTold.delete(number);
  }
}
