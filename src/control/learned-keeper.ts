/**
 * Keeps what control has learned beside its registry, whose lock, or leader, keeps others away from both. To
 * lose it costs time, never safety: the verdict begins anew. So nobody waits for it, and nothing but a message
 * follows where it cannot be kept.
 */
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { isUnchanged, type Learned } from './learned.js';
import { decoded, encoded, halved, LARGEST_LEARNED } from './learned-format.js';
import type { LearnedPlace } from './learned-place.js';

export class LearnedKeeper {
  readonly #place: LearnedPlace;
  readonly #report: Report;
  /** What is kept there. */
  #kept: Learned | undefined;
  /** What is to be written next: what came between two writes is left out. */
  #next: Learned | undefined;
  #writing: Promise<void> | undefined;
  /** Since the last success: once told is enough. */
  #hasFailed = false;
  #isClosed = false;

  constructor(place: LearnedPlace, report: Report) {
    this.#place = place;
    this.#report = report;
  }

  /** Undefined: there is nothing, or nothing that can be used. Never rejects. */
  async read(): Promise<Learned | undefined> {
    try {
      const bytes = await this.#place.read(LARGEST_LEARNED + 1);
      if (bytes === undefined) return undefined;
      const found = decoded(bytes);
      if (found.ok) return found.learned;
      this.#ignored(found.because);
    } catch (cause) {
      this.#ignored(messageOf(cause));
    }
    return undefined;
  }

  /** As soon as the write before is over. Nothing once it is closed. */
  keep(learned: Learned): void {
    if (this.#isClosed) return;
    this.#next = learned;
    this.#writing ??= this.#writeAll();
  }

  /** Keeps this last. Never rejects. */
  async close(learned: Learned): Promise<void> {
    this.keep(learned);
    this.#isClosed = true;
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let next = this.#taken(); next !== undefined; next = this.#taken())
      await this.#write(next);
    this.#writing = undefined;
  }

  #taken(): Learned | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  async #write(learned: Learned): Promise<void> {
    if (this.#kept !== undefined && isUnchanged(this.#kept, learned)) return;
    try {
      let fitting: Learned | undefined = learned;
      while (fitting !== undefined && !(await this.#place.write(encoded(fitting)))) {
        fitting = halved(fitting);
      }
      this.#kept = learned;
      this.#hasFailed = false;
    } catch (cause) {
      this.#failed(messageOf(cause));
    }
  }

  #failed(why: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const because = `${this.#place.name} (what was learned of versions): ${why}`;
    this.#report({ type: 'registry-failed', because });
  }

  #ignored(because: string): void {
    this.#report({ type: 'learned-ignored', file: this.#place.name, because });
  }
}
