/**
 * Does what the overseer concludes, if this control leads those that share its registry. One that does not
 * lead looks as well, so that it has evidence of its own when its turn comes; but it does nothing.
 */
import type { Report } from '../kernel/events.js';
import type { Leadership } from '../registry/leadership.js';
import type { Change } from '../versions/routing-table.js';
import { eventNames } from './chronicle.js';
import type { Moment, UpgradeProgress } from './judged.js';
import type { Learned } from './learned.js';
import type { LearnedKeeper } from './learned-keeper.js';
import type { Overseer } from './overseer.js';
import type { Outcome, Registrar } from './registrar.js';
import type { Pace } from './stores.js';
import type { ShownEvent } from './why.js';

export interface StewardHost {
  readonly overseer: Pick<Overseer, 'tick' | 'learned' | 'adopt'>;
  readonly registrar: Pick<Registrar, 'change' | 'remember' | 'refresh'>;
  readonly leadership: Pick<Leadership, 'term' | 'controls'>;
  readonly keeper: Pick<LearnedKeeper, 'keep' | 'read'>;
  readonly pace: Pace;
  /** Whether any worker tells us what it sees. */
  seesWorkers(): boolean;
  /** To every worker; undefined: another control tells them from now on. */
  progress(progress: UpgradeProgress | undefined): void;
  readonly report: Report;
}

export class Steward {
  readonly #host: StewardHost;
  /** How often, for metrics. */
  readonly #happened: Record<string, number> = Object.fromEntries(
    eventNames.map(name => [name, 0]),
  );
  #failures = 0;
  /** Told last, until it goes well again. */
  #failure: string | undefined;
  /** In which we act; undefined: we do not. */
  #term: string | undefined;
  /** Which we are about to begin. */
  #entering: string | undefined;
  /** Of the table of now. */
  #progress: UpgradeProgress | undefined;
  /** A share that is not saved yet. */
  #pending: readonly Change[] = [];
  #savedAt = -Infinity;
  /** What the control that leads has learned. */
  #foreign: Learned | undefined;
  #isRefreshing = false;
  #isRefreshWanted = false;

  constructor(host: StewardHost) {
    this.#host = host;
    const { term, controls } = host.leadership;
    if (controls === undefined) this.#term = term;
  }

  get happened(): Readonly<Record<string, number>> {
    return this.#happened;
  }

  /** Changes that could not be made durable. */
  get failures(): number {
    return this.#failures;
  }

  get isLeading(): boolean {
    return this.#term !== undefined;
  }

  look(now: Moment): void {
    const { overseer, registrar } = this.#host;
    const { changes, remember, progress, events } = overseer.tick(now);
    this.#tell(events);
    if (progress !== undefined) this.#progress = progress;
    if (!this.#mayAct()) return;
    if (progress !== undefined) this.#host.progress(progress);
    for (const change of changes) {
      if (isEnd(change) && !this.#host.seesWorkers()) continue; // how it goes on, others may know
      void registrar.change(change, { asLeader: true }).then(this.reported);
    }
    this.#remember(remember, now.monotonic);
  }

  /** The progress that was told belongs to the table before. */
  tableChanged(): void {
    this.#progress = undefined;
    this.#pending = [];
    if (this.isLeading) this.keep();
    else this.#adopt();
  }

  keep(): void {
    if (this.isLeading) this.#host.keeper.keep(this.#host.overseer.learned);
  }

  /** Somebody may have kept what he has learned. */
  async learnedChanged(): Promise<void> {
    if (this.isLeading) return;
    this.#foreign = await this.#host.keeper.read();
    this.#adopt();
  }

  #adopt(): void {
    if (this.#foreign !== undefined && !this.isLeading) this.#host.overseer.adopt(this.#foreign);
  }

  /** What others have saved is taken; asked several times at once it looks twice. */
  refresh(): void {
    this.#isRefreshWanted = true;
    if (!this.#isRefreshing) void this.#refreshAll();
  }

  /** What could not be kept is asked for again. */
  readonly reported = (outcome: Outcome): void => {
    if (outcome.kind !== 'not-durable') {
      this.#failure = undefined;
      return;
    }
    this.#failures += 1;
    const isKnown = this.#host.leadership.controls?.away !== undefined; // it is in the log
    const { because } = outcome;
    if (isKnown || (this.#isShared && because === this.#failure)) return;
    this.#failure = because;
    this.#host.report({ type: 'registry-failed', because });
  };

  get #isShared(): boolean {
    return this.#host.leadership.controls !== undefined;
  }

  /** Whoever begins to lead first learns what its predecessor has done. */
  #mayAct(): boolean {
    const { term } = this.#host.leadership;
    if (term === this.#term) return term !== undefined;
    if (this.#term !== undefined) this.#host.progress(undefined);
    this.#term = undefined;
    if (term !== undefined && term !== this.#entering) void this.#enter(term);
    return false;
  }

  async #enter(term: string): Promise<void> {
    this.#entering = term;
    const outcome = await this.#host.registrar.refresh({ asLeader: true });
    this.reported(outcome);
    this.#entering = undefined;
    if (outcome.kind !== 'done' || this.#host.leadership.term !== term) return;
    this.#term = term;
    if (this.#progress !== undefined) this.#host.progress(this.#progress);
  }

  async #refreshAll(): Promise<void> {
    this.#isRefreshing = true;
    while (this.#isRefreshWanted) {
      this.#isRefreshWanted = false;
      this.reported(await this.#host.registrar.refresh({ asLeader: this.isLeading }));
    }
    this.#isRefreshing = false;
  }

  #remember(changes: readonly Change[], now: number): void {
    if (changes.length > 0) this.#pending = changes;
    if (this.#pending.length === 0 || now - this.#savedAt < this.#host.pace.share) return;
    this.#savedAt = now;
    const pending = this.#pending;
    this.#pending = [];
    void this.#host.registrar.remember(pending).then(this.reported);
  }

  #tell(events: readonly ShownEvent[]): void {
    for (const { version, id, what, because } of events) {
      this.#happened[what] = (this.#happened[what] ?? 0) + 1;
      this.#host.report({ type: 'version-changed', version, id, what, because });
    }
  }
}

/** What ends well cannot be taken back any more. */
const isEnd = (change: Change): boolean =>
  change.kind === 'happen' && (change.on.type === 'complete' || change.on.type === 'promote');
