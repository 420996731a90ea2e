/**
 * How far the upgrade under way is, as one worker knows it: its own requests count at once, those of
 * other workers as soon as control tells of them. It may lag; it never falls, so that nobody who has
 * crossed goes back by chance.
 *
 * Several controls may count the same reports, and one of them, now this one, now that one, tells how far it
 * is. What each was told when we began to follow it ends with a report, so that none counts a request twice,
 * and none of them needs to know of the others.
 */
import { share, type Share, type VersionId } from '../../src/kernel/ids.js';
import { shareAfter, stepReached } from '../../src/versions/pace.js';
import { upgradeOf, type RoutingTable } from '../../src/versions/routing-table.js';
import type { Version } from '../../src/versions/version.js';
import type { Progress } from '../../src/wire/report.js';

/** Reports that control has not said to have taken: some seconds of them. */
const MOST_UNTAKEN = 64;

export class GradualShare {
  #underWay: Move | undefined;

  /**
   * A version that is taken back, or superseded, is forgotten: its share is the table's from then on. What
   * only we had counted of it nobody else would ever learn, and when it is under way again we would send
   * clients to it who come back with the next change.
   */
  take(table: RoutingTable): void {
    const upgrade = upgradeOf(table);
    this.#underWay = upgrade && moveTo(upgrade, this.#underWay);
  }

  /** From control. */
  progressed(progress: Progress): void {
    if (this.#underWay?.version.id === progress.version) this.#underWay.progressed(progress);
  }

  /** The report with that sequence has left, with all that was counted until now. */
  reportSent(sequence: number): void {
    this.#underWay?.sent(sequence);
  }

  /**
   * A request has come.
   * @returns whether it moves the upgrade, so that the next report is to say it. Without control it
   *   does not: nobody could hold the upgrade if the new version went wrong.
   */
  count(isLinked: boolean): boolean {
    if (!isLinked || this.#underWay?.isMovedByRequests !== true) return false;
    this.#underWay.count();
    return true;
  }

  /**
   * How far the upgrade is with all that was reported, for `Follow.progress`: what was counted since then the
   * next report says. Undefined: none is under way.
   */
  get progress(): { readonly version: VersionId; readonly share: Share } | undefined {
    return this.#underWay && { version: this.#underWay.version.id, share: this.#underWay.reported };
  }

  /** Of new sessions, without steps; all of them where no upgrade is under way. */
  get reached(): Share {
    return this.#underWay?.reached ?? share(1);
  }

  /** The same, with steps: what a strategy is to be asked with. */
  get share(): Share {
    return this.#underWay?.share ?? share(1);
  }
}

/** A worker hears of the same version again and again; one whose share fell was taken back in between. */
function moveTo(version: Version, known: Move | undefined): Move {
  const isSame = known?.version.id === version.id;
  if (!isSame || progressIn(version) < progressIn(known.version)) return new Move(version);
  known.take(version);
  return known;
}

/** To one version, from the moment that it begins. */
class Move {
  version: Version;
  reached: Share;
  /** The same, without what no report has said yet. */
  reported: Share;
  /** What `steps` make of it. */
  share: Share;
  isMovedByRequests = false;
  /** As control said it last. */
  #told: Share;
  #isHeld = false;
  /** Requests so far, and how many of them lie in what control told. */
  #counted = 0;
  #countedIn = 0;
  /** How many requests had been counted when a report left: in the order of their sequences. */
  readonly #sent: { readonly sequence: number; readonly counted: number }[] = [];

  constructor(version: Version) {
    this.version = version;
    this.#told = progressIn(version);
    this.reached = this.reported = this.share = this.#told;
    this.take(version);
  }

  /** What control told goes on to count: the table's share may hold requests of ours that `taken` does not say. */
  take(version: Version): void {
    this.version = version;
    this.#update(progressIn(version));
  }

  progressed({ share: told, isHeld, taken }: Progress): void {
    this.#told = told;
    this.#isHeld = isHeld;
    while (this.#sent[0] !== undefined && this.#sent[0].sequence <= taken) this.#takeFirst();
    this.#update();
  }

  sent(sequence: number): void {
    if (this.#counted === this.#countedInReports) return;
    this.#sent.push({ sequence, counted: this.#counted });
    // As if it had been taken: what is missing for a while then makes the share lag, not run ahead.
    if (this.#sent.length > MOST_UNTAKEN) this.#takeFirst();
    this.#update();
  }

  count(): void {
    this.#counted += 1;
    this.#update();
  }

  get #countedInReports(): number {
    return this.#sent.at(-1)?.counted ?? this.#countedIn;
  }

  #takeFirst(): void {
    this.#countedIn = this.#sent.shift()?.counted ?? this.#countedIn;
  }

  #update(least: Share = share(0)): void {
    const { transition, state } = this.version;
    this.reached = share(Math.max(this.reached, least, this.#with(this.#counted)));
    this.reported = share(Math.max(this.reported, least, this.#with(this.#countedInReports)));
    const isGradual = transition.mode === 'GRADUAL';
    this.share = stepReached(this.reached, isGradual ? transition.steps : undefined);
    this.isMovedByRequests =
      isGradual &&
      transition.percentageTransitionPerRequest !== undefined &&
      state.name === 'running' &&
      !this.#isHeld;
  }

  /** What control told, and of our own requests the first so many. Time is counted by control alone. */
  #with(counted: number): Share {
    const passed = { counted: counted - this.#countedIn, elapsed: 0 };
    return shareAfter(this.version.transition, passed, this.#told);
  }
}

const progressIn = ({ state }: Version): Share => ('progress' in state ? state.progress : share(1));
