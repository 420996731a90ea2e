/**
 * Watches the upgrade under way: weighs what workers report, lets GRADUAL go on, and says which changes of
 * the routing table follow. It makes none itself: it has no clock, and does no I/O.
 */
import type { Config } from '../config/config.js';
import { share, type Share, type VersionId } from '../kernel/ids.js';
import { isDoubtful, verdict } from '../verdict/verdict.js';
import { stableOf, upgradeOf, type Change, type RoutingTable } from '../versions/routing-table.js';
import { timeoutOf } from '../versions/session-times.js';
import type { Version } from '../versions/version.js';
import { mayServe, type Happening } from '../versions/version-state.js';
import {
  SESSION_SLOT,
  type Progress,
  type SessionsSeen,
  type WorkerReport,
} from '../wire/report.js';
import { Census, type Present } from './census.js';
import { Chronicle, eventOf, eventsBetween } from './chronicle.js';
import { atLeast, begun, ending, grown, remedy, type Course, type Prospect } from './course.js';
import { Inbox, type Blocks } from './inbox.js';
import { stepReached } from '../versions/pace.js';
import type { Judged, Judgement, Moment, UpgradeProgress, Watched } from './judged.js';
import { policyOf, trialsUnder, type Learned } from './learned.js';
import { comparableOf, concluded, isResumed, looked, opened, whyOf, type Trial } from './trial.js';
import { noted, nothingUsual, renewed, usualOf } from './usual.js';
import type { LiveSessions, ShownEvent, Why } from './why.js';

/** Upgrades whose evidence is kept. */
export const MOST_TRIALS = 16;
/** Milliseconds between two saved shares, and between two requests for the same change. */
const PATIENCE = 1000;

export class Overseer {
  readonly #config: Pick<Config, 'monitor' | 'session'>;
  readonly #census = new Census();
  /** Monotonic milliseconds: since then it has heard of every session that it was to hear of. */
  #missedAt = -Infinity;
  readonly #inbox = new Inbox();
  readonly #chronicle = new Chronicle();
  /** The one that began last comes last. */
  readonly #trials = new Map<VersionId, Trial>();
  #table: RoutingTable | undefined;
  /** Of the upgrade under way. */
  #course: Course | undefined;
  #usual = nothingUsual;
  #told: UpgradeProgress | undefined;
  /** The version of the upgrade under way, or of the last one. */
  #last: VersionId | undefined;
  /** What was asked for since the table last changed. */
  #asked: { readonly type: Happening['type']; readonly at: number } | undefined;
  #remembered = { share: 0, at: 0 };

  constructor(config: Pick<Config, 'monitor' | 'session'>) {
    this.#config = config;
  }

  /** Before all else: what a control of before has learned, as far as it still counts under the table. */
  recall(learned: Learned, table: RoutingTable, { monotonic }: Moment): void {
    const trials = trialsUnder(learned, table, this.#config.monitor);
    for (const trial of trials) this.#trials.set(trial.id, trial);
    this.#last = trials.at(-1)?.id;
    this.#usual = renewed(learned.usual, monotonic);
    this.#chronicle.recall(learned.events);
  }

  /**
   * What the control that leads has learned under our table: of upgrades that are over, and of what happened,
   * all controls tell the same. Of one under way each has seen as much itself.
   */
  adopt({ edition, trials, events }: Learned): void {
    if (this.#table === undefined || edition < this.#table.edition) return;
    for (const trial of trials) {
      const state = this.#table.versions.find(({ id }) => id === trial.id)?.state;
      if (state === undefined || 'progress' in state) continue;
      this.#trials.set(trial.id, trial);
    }
    this.#bound();
    this.#chronicle.recall(events);
  }

  /** On every change, and first of all. */
  table(table: RoutingTable, now: Moment): void {
    const before = this.#table;
    if (before !== undefined) this.#chronicle.add(eventsBetween(before, table, this.#context(now)));
    this.#table = table;
    this.#asked = undefined;
    this.#attend(before, now);
  }

  reported({ versions }: WorkerReport, now: Moment): void {
    for (const report of versions) {
      if (this.#table?.versions.every(({ id }) => id !== report.version) ?? true) continue;
      this.#inbox.put(report);
      this.#census.add(report.version, asOf(report.sessions, secondsOf(now)), secondsOf(now));
    }
  }

  /** Other controls were told of sessions, and this one was not: it was cut off, or began later. */
  missed(now: Moment): void {
    this.#missedAt = now.monotonic;
  }

  /**
   * A worker knows how far the upgrade is: farther, perhaps, than a control that was away. What was reported
   * until now may lie in it, so that is counted first: nothing counts twice.
   */
  followed({ version, share }: Pick<Progress, 'version' | 'share'>): void {
    const transition = this.#table?.versions.find(({ id }) => id === version)?.transition;
    if (this.#course?.version !== version || transition === undefined) return;
    const { at, isHeld } = this.#course;
    const counted = this.#inbox.takeCounted(version);
    this.#course = atLeast(
      grown(this.#course, { transition, counted, isHeld, now: at }),
      share,
      at,
    );
    if (counted > 0) this.#told = undefined; // or nobody would hear that they are counted in
  }

  /** About ten times a second. When it is called must not depend on what was reported. */
  tick(now: Moment): Judged {
    const table = this.#table;
    const block = this.#inbox.take();
    if (table !== undefined) this.#census.sweep(idsOf(table), this.#present(table, now));
    const upgrade = table && upgradeOf(table);
    const trial = upgrade && this.#trials.get(upgrade.id);
    if (table && this.#course && trial) {
      const look = { table, upgrade, trial, counted: block(upgrade.id).counted, now };
      return this.#lookedAt(look, block, this.#course);
    }
    if (table !== undefined) this.#noteUsual(stableOf(table).id, block, now);
    const events = this.#chronicle.news();
    return { changes: [], remember: [], progress: undefined, events };
  }

  /** The share of new sessions that an upgrade has, without steps: it may be more than the table says. */
  progressOf(version: VersionId): Share | undefined {
    if (this.#course?.version === version) return this.#course.share;
    const state = this.#table?.versions.find(({ id }) => id === version)?.state;
    return state !== undefined && 'progress' in state ? state.progress : undefined;
  }

  /** What new sessions really get of it: as its steps let it through. */
  shareOf(version: VersionId): Share | undefined {
    const reached = this.progressOf(version);
    const transition = this.#table?.versions.find(({ id }) => id === version)?.transition;
    const steps = transition?.mode === 'GRADUAL' ? transition.steps : undefined;
    return reached === undefined ? undefined : stepReached(reached, steps);
  }

  /** Undefined: there was no upgrade to it, or too many since. */
  why(version: VersionId): Why | undefined {
    const trial = this.#trials.get(version);
    return trial && whyOf(trial, this.#config.monitor);
  }

  /** Undefined: there was no upgrade yet, or it is forgotten. */
  get watched(): Watched | undefined {
    const trial = this.#last && this.#trials.get(this.#last);
    if (trial === undefined) return undefined;
    return {
      trial,
      mode: this.#table?.versions.find(({ id }) => id === trial.id)?.transition.mode,
      share: this.shareOf(trial.id),
      isUnderWay: this.#course?.version === trial.id,
    };
  }

  judgement(version: VersionId): Judgement | undefined {
    const trial = this.#trials.get(version);
    if (trial === undefined) return undefined;
    const { kind } = verdict(trial.evidence, this.#config.monitor);
    return { verdict: kind, exchanges: trial.evidence.exchanges };
  }

  /** Of a version that may not serve none: its sessions have moved. Undefined: there is no such version. */
  sessions(version: VersionId, now: Moment): LiveSessions | undefined {
    const known = this.#table?.versions.find(({ id }) => id === version);
    if (this.#table === undefined || known === undefined) return undefined;
    if (!mayServe(known.state)) return { count: 0, isExact: true, endIn: 0 };
    return this.#census.live(version, this.#present(this.#table, now));
  }

  /** What is worth outliving this process. */
  get learned(): Learned {
    return {
      edition: this.#table?.edition ?? 0,
      policy: policyOf(this.#config.monitor),
      trials: [...this.#trials.values()],
      usual: this.#usual,
      events: this.#chronicle.events,
    };
  }

  /** What happened to versions, newest first. */
  get events(): readonly ShownEvent[] {
    return this.#chronicle.events;
  }

  /** Looks at another upgrade, or at the same one anew, where the table says so. */
  #attend(before: RoutingTable | undefined, now: Moment): void {
    const table = this.#table;
    const upgrade = table && upgradeOf(table);
    if (table === undefined || upgrade === undefined) {
      this.#course = undefined;
      return;
    }
    this.#last = upgrade.id;
    const stable = comparableOf(table, upgrade);
    const trial = this.#trials.get(upgrade.id);
    const isAnew = trial === undefined || trial.stable !== stable || isResumed(before, upgrade);
    if (isAnew) this.#open(upgrade, stable, now);
    if (isAnew || this.#course?.version !== upgrade.id) this.#begin(upgrade, now);
  }

  #open(upgrade: Version, stable: VersionId | undefined, { wall }: Moment): void {
    const isUsual = stable === undefined || stable === this.#usual.version;
    // It may have become stable in this very moment: then it is known from its own upgrade.
    const own = isUsual ? undefined : this.#trials.get(stable)?.newerTally;
    const usual = own ?? usualOf(this.#usual, stable ?? upgrade.id);
    this.#inbox.take(); // what was seen before belongs to the time before
    this.#trials.delete(upgrade.id);
    this.#trials.set(upgrade.id, opened(upgrade, { stable, usual, wall }));
    this.#bound();
  }

  #bound(): void {
    for (const oldest of this.#trials.keys()) {
      if (this.#trials.size <= MOST_TRIALS) return;
      this.#trials.delete(oldest);
    }
  }

  #begin(upgrade: Version, { monotonic }: Moment): void {
    // It goes on where it was, if it was under way: the table may not know yet how far that is.
    const known = this.#course?.version === upgrade.id ? this.#course.share : share(0);
    this.#course = atLeast(begun(upgrade, monotonic), known, monotonic);
    const saved = 'progress' in upgrade.state ? upgrade.state.progress : 0;
    this.#remembered = { share: saved, at: monotonic };
    this.#told = undefined;
  }

  /** A version that has just become stable is known from its own upgrade. */
  #noteUsual(stable: VersionId, block: Blocks, { monotonic }: Moment): void {
    const own = this.#trials.get(stable)?.newerTally;
    if (this.#usual.version !== stable && own !== undefined) {
      this.#usual = noted(this.#usual, { version: stable, tally: own, now: monotonic });
    }
    const { tally } = block(stable);
    if (tally.exchanges === 0) return;
    this.#usual = noted(this.#usual, { version: stable, tally, now: monotonic });
  }

  #lookedAt(before: Look, block: Blocks, course: Course): Judged {
    const { upgrade, now } = before;
    const { tally: newer, examples } = block(upgrade.id);
    const { tally: stable } = block(before.trial.stable);
    const seen = { newer, stable, examples, wall: now.wall };
    const look = { ...before, trial: looked(before.trial, seen, this.#config.monitor) };
    this.#trials.set(upgrade.id, look.trial);
    const isPaused = upgrade.state.name !== 'running';
    const next = grown(course, {
      transition: upgrade.transition,
      counted: look.counted,
      isHeld: isPaused || this.#isWorrying(look.trial),
      now: now.monotonic,
    });
    // A pause is no observation, and begins sessions of the older version that nobody has reported yet.
    this.#course = isPaused ? { ...next, since: now.monotonic } : next;
    return this.#judged(look, this.#course);
  }

  #isWorrying({ evidence }: Trial): boolean {
    const { monitor } = this.#config;
    if (monitor.policy === 'alert') return false;
    return isDoubtful(evidence, monitor) || verdict(evidence, monitor).kind === 'unhealthy';
  }

  #judged(look: Look, course: Course): Judged {
    const { upgrade, now } = look;
    const prospect = this.#prospect(look, course);
    if (prospect.verdict.kind === 'unhealthy') this.#tell(look, prospect.verdict.because);
    const on = remedy(prospect) ?? ending(prospect);
    const asks = on !== undefined && this.#mayAsk(on.type, now.monotonic);
    return {
      changes: asks ? [{ kind: 'happen', id: upgrade.id, on }] : [],
      remember: this.#toRemember(upgrade, course, now.monotonic),
      progress: this.#toTell(look, course),
      events: this.#chronicle.news(),
    };
  }

  #prospect({ table, upgrade, trial, now }: Look, course: Course): Prospect {
    const { monitor, session } = this.#config;
    const present = this.#present(table, now);
    const older = table.versions.slice(table.versions.indexOf(upgrade) + 1);
    return {
      version: upgrade,
      course,
      verdict: concluded(trial, monitor),
      policy: monitor.policy,
      hasOther: trial.stable !== undefined,
      isDoubtful: isDoubtful(trial.evidence, monitor),
      hasEnough: trial.evidence.exchanges >= monitor.minimumSample,
      observation: monitor.observation,
      timeout: timeoutOf(table, session.timeout),
      missedAt: this.#missedAt,
      hasLeft: () =>
        older.some(({ id, state }) => mayServe(state) && this.#census.hasLive(id, present)),
      now: now.monotonic,
    };
  }

  #mayAsk(type: Happening['type'], at: number): boolean {
    const last = this.#asked;
    if (last?.type === type && at - last.at < PATIENCE) return false;
    this.#asked = { type, at };
    return true;
  }

  #toRemember(upgrade: Version, { share }: Course, now: number): readonly Change[] {
    const { id, transition } = upgrade;
    const { share: before, at } = this.#remembered;
    if (transition.mode !== 'GRADUAL') return [];
    if (share <= before || now - at < PATIENCE) return [];
    this.#remembered = { share, at: now };
    return [{ kind: 'happen', id, on: { type: 'advance', progress: share } }];
  }

  #toTell(
    { upgrade, counted }: Look,
    { version, share, isHeld }: Course,
  ): UpgradeProgress | undefined {
    if (upgrade.transition.mode !== 'GRADUAL') return undefined;
    const isSame = this.#told?.share === share && this.#told.isHeld === isHeld;
    if (isSame && counted === 0) return undefined;
    this.#told = { version, share, isHeld };
    return this.#told;
  }

  /** Once for each trial. */
  #tell({ table, upgrade, trial, now }: Look, because: string): void {
    if (trial.isTold) return;
    this.#trials.set(upgrade.id, { ...trial, isTold: true });
    const { edition } = table;
    this.#chronicle.add([
      eventOf(upgrade, 'unhealthy', { ...this.#context(now), edition, because }),
    ]);
  }

  #context({ wall }: Moment) {
    const hasSeenEnd = (id: VersionId) =>
      this.#course?.version === id && this.#asked?.type === 'complete';
    return { at: new Date(wall).toISOString(), hasSeenEnd };
  }

  #present(table: RoutingTable, now: Moment): Present {
    return { now: secondsOf(now), timeout: timeoutOf(table, this.#config.session.timeout) };
  }
}

/** One look at the upgrade under way. */
interface Look {
  readonly table: RoutingTable;
  readonly upgrade: Version;
  readonly trial: Trial;
  readonly counted: number;
  readonly now: Moment;
}

/**
 * A report tells of the last moment, whatever the clock of its host says. By a clock behind ours sessions
 * would end too early, and the upgrade with them.
 */
function asOf(seen: readonly SessionsSeen[], now: number): readonly SessionsSeen[] {
  const behind = now - (now % SESSION_SLOT) - Math.max(...seen.map(({ at }) => at));
  return behind <= 0 ? seen : seen.map(each => ({ ...each, at: each.at + behind }));
}

const secondsOf = ({ wall }: Moment): number => Math.floor(wall / 1000);

const idsOf = ({ versions }: RoutingTable): readonly VersionId[] => versions.map(({ id }) => id);
