/**
 * What control makes of where its workers stand: the part of the retry budget that each may use, and the servers
 * that are out for all. It keeps nothing that workers do not tell again and again, so that every control comes to the
 * same, and one that begins anew needs nothing of the one before. It has no clock, and does no I/O.
 */
import type { Share, WorkerId } from '../kernel/ids.js';
import type { RoutingTable } from '../versions/routing-table.js';
import { BUDGET_WINDOW, type Shared, type Standing } from '../wire/shared.js';
import { isNews, partsFor, type Holder } from './budget-parts.js';
import { isSame, nobodySuspected, shownSuspects, suspectsOf, type View } from './suspects.js';

/**
 * Milliseconds after which the rest of a part is free whose worker has gone: it may have lost us only, and
 * come back. Also those for which a control that begins gives nobody more, and says nothing of servers: not all
 * have told yet what they hold, and see.
 */
export const SETTLE = 2000;
/** Workers that have gone and are remembered for what they have used. */
const MOST_LOST = 256;

interface Worker {
  standing: Standing;
  view: View;
  /** Undefined: nothing was told yet. */
  told: Share | undefined;
}

interface Lost {
  readonly at: number;
  readonly held: number;
  readonly used: number;
}

export class Sharing {
  readonly #workers = new Map<WorkerId, Worker>();
  #lost: readonly Lost[] = [];
  #suspects = nobodySuspected;
  /** What is known of servers is not told yet. */
  #isNew = false;
  /** Since when it is we who tell, in monotonic milliseconds; undefined: another control does. */
  #began: number | undefined;

  stands(id: WorkerId, standing: Standing, now: number): void {
    const out = standing.out.map(({ version, server, ms }) => ({
      version,
      server,
      until: now + ms,
    }));
    const view = { out, uses: standing.uses };
    this.#workers.set(id, { standing, view, told: this.#workers.get(id)?.told });
  }

  /** It has died, or cannot be reached. */
  gone(id: WorkerId, now: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    this.#workers.delete(id);
    const { used, part } = worker.standing;
    const held = Math.max(worker.told ?? 0, part, used);
    this.#lost = [...this.#lost.slice(1 - MOST_LOST), { at: now, held, used }];
  }

  /** To be called by every control, about as often as workers tell. */
  look(table: RoutingTable, now: number): void {
    const before = this.#suspects;
    const views = [...this.#workers.values()].map(({ view }) => view);
    this.#suspects = suspectsOf(views, { table, before, now });
    if (!isSame(before, this.#suspects)) this.#isNew = true;
  }

  /**
   * What is to be told, and to whom: nothing where nothing has changed, or where another control leads. What that
   * one has told is known by what workers say.
   */
  news(now: number, isLeading: boolean): ReadonlyMap<WorkerId, Shared> {
    if (!isLeading) {
      this.#began = undefined;
      return new Map();
    }
    const isSettled = now - this.#beginning(now) >= SETTLE;
    const isNew = isSettled && this.#isNew;
    if (isNew) this.#isNew = false;
    const servers = isSettled ? shownSuspects(this.#suspects, now) : undefined;
    const workers = [...this.#workers];
    const holders = workers.map(([, { standing, told }]): Holder => ({ ...standing, told }));
    const parts = partsFor(holders, this.#lostAt(now));
    const news = new Map<WorkerId, Shared>();
    for (const [at, [id, worker]] of workers.entries()) {
      const { told, standing } = worker;
      const before = told ?? standing.part;
      const fair = parts[at] ?? before;
      const next = isSettled || fair < before ? fair : before;
      const isOther = isNews({ told, part: standing.part }, next);
      if (!isNew && !isOther) continue;
      worker.told = isOther ? next : before;
      news.set(id, { part: worker.told, servers });
    }
    return news;
  }

  #beginning(now: number): number {
    if (this.#began !== undefined) return this.#began;
    this.#isNew = true;
    for (const worker of this.#workers.values()) worker.told = undefined;
    return (this.#began = now);
  }

  #lostAt(now: number): number {
    if (this.#lost.length === 0) return 0;
    this.#lost = this.#lost.filter(({ at }) => now - at < SETTLE + 5 * BUDGET_WINDOW);
    return this.#lost.reduce((sum, { at, held, used }) => {
      const passed = now - at;
      return sum + (passed < SETTLE ? held : used * Math.exp(-passed / BUDGET_WINDOW));
    }, 0);
  }
}
