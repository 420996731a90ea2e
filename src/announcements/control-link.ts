/**
 * A follower's link to one control. It goes on with the table that it has while control is away, asks nothing
 * of it in the data path, and never goes back to an older edition.
 */
import type { Clock } from '../kernel/clock.js';
import { CutoverError, systemCodeOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import type { Credentials } from '../security/keyring.js';
import type { DeviceDealer } from '../sockets/device.js';
import { Redial } from '../sockets/redial.js';
import {
  decodeFromControl,
  encodeMessage,
  type Follow,
  type FollowerRole,
  type FromControl,
  type FromFollower,
  type TableMessage,
} from '../wire/control-message.js';
import { together } from '../measures/together.js';
import type { Measures } from '../wire/measures.js';
import { REPORT, type Progress, type WorkerReport } from '../wire/report.js';
import type { HeldTable } from './held-table.js';
import type { Shared, Standing } from '../wire/shared.js';

export interface ControlLinkOptions {
  readonly address: string;
  /** Undefined: the link has no keys. */
  readonly credentials?: Credentials | undefined;
  readonly role: FollowerRole;
  /** The follower's name. */
  readonly name: string;
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly silence: number;
  readonly clock: Clock;
  readonly report: Report;
  /** What this follower has from any control. */
  readonly held: HeldTable;
  readonly progressed?: ((progress: Progress) => void) | undefined;
  readonly shared?: ((shared: Shared) => void) | undefined;
  /** How far the upgrade under way is with all that we have reported; asked each time we follow. */
  readonly progress?: (() => Follow['progress']) | undefined;
  /** The sequence of the last report that left, to any control; undefined: there are none. */
  readonly reported?: (() => number) | undefined;
}

export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #redial: Redial;
  #dealer: DeviceDealer;
  #lastHeard: number;
  #hasSpoken = false;
  #nextBeat = 0;
  /** Control has answered our `follow`, and did not ask again since. */
  #isKnown = false;
  /** The last report that lies in the progress which this control was told when we followed it. */
  #toldUpTo = 0;
  /** Since when, in monotonic milliseconds, and with which table it is behind another control. */
  #behind: { readonly since: number; readonly edition: number } | undefined;
  /** As control knows it. */
  #standing: Standing | undefined;
  /** What was measured while this control did not know us, and another did. */
  #untold: Measures | undefined;
  /** Milliseconds, as control wants them between two reports. */
  #every = REPORT;
  #isClosed = false;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#lastHeard = options.clock.now();
    this.#redial = new Redial(options);
    this.#dealer = this.#redial.connect(this.#lastHeard);
  }

  /** Whether control knows us at the moment. */
  get isLinked(): boolean {
    return this.#isKnown && !this.#isSilent(this.#options.clock.now());
  }

  /** Whether somebody speaks at its other end, perhaps to ask who we are. */
  get isHeard(): boolean {
    return this.#hasSpoken && !this.#isSilent(this.#options.clock.now());
  }

  /** Milliseconds between two reports: more than usual where control has very many workers. */
  get every(): number {
    return this.#every;
  }

  /** Reads until it is closed. */
  async run(): Promise<void> {
    // A connection ends when we give it up: another has taken its place by then.
    while (!this.#isClosed) for await (const [packed] of this.#dealer) this.#received(packed);
  }

  /** Shows that we are alive; begins anew with a control that was not heard of for too long. */
  sweep(now: number): void {
    if (this.#isClosed) return;
    this.#tellIfStuck(now);
    if (this.#redial.isInVain(now) || this.#isSilent(now)) {
      this.#beginAnew(now);
    } else if (this.#isKnown && now >= this.#nextBeat) {
      this.#nextBeat = now + this.#options.heartbeat;
      this.#send({ kind: 'beat' });
    }
  }

  /** False: control does not know us at the moment, so nothing was sent. */
  report(report: WorkerReport): boolean {
    if (!this.isLinked) return false;
    this.#send({ kind: 'report', report });
    return true;
  }

  /** Where we stand: told if it is another object than control knows, or control does not know us yet. */
  stand(standing: Standing): void {
    if (standing === this.#standing || !this.isLinked) return;
    this.#standing = standing;
    this.#send({ kind: 'standing', standing });
  }

  /**
   * False, as above; then they are told with the next ones, once control knows us again. What nobody was told
   * yet comes first: counts are neither lost nor doubled with any control.
   */
  measured(latest: Measures): boolean {
    const measures = this.#untold === undefined ? latest : together(this.#untold, latest);
    this.#untold = this.isLinked ? undefined : measures;
    if (this.#untold === undefined) this.#send({ kind: 'measures', measures });
    return this.#untold === undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#isKnown = false;
    this.#dealer.closeGently(); // with the last that was to be told
  }

  #isSilent(now: number): boolean {
    return now - this.#lastHeard > this.#options.silence;
  }

  /** Perhaps its machine is gone, and another will come at the same address. */
  #beginAnew(now: number): void {
    this.#isKnown = false;
    this.#hasSpoken = false;
    this.#lastHeard = now;
    const before = this.#dealer;
    try {
      this.#dealer = this.#redial.connect(now);
    } catch (cause) {
      // No descriptors, as in the last moment of a draining frontend: later, or with the old connection.
      if (systemCodeOf(cause) !== 'EMFILE') throw cause;
      return;
    }
    before.close();
  }

  #received(packed: Buffer): void {
    const { clock, report } = this.#options;
    this.#lastHeard = clock.now();
    this.#hasSpoken = true;
    this.#redial.heard();
    try {
      this.#heard(decodeFromControl(packed));
    } catch (cause) {
      if (!(cause instanceof CutoverError)) throw cause;
      report({ type: 'announcement-refused', because: cause.message });
    }
  }

  #heard(message: FromControl): void {
    switch (message.kind) {
      case 'stranger':
        return this.#follow();
      case 'table':
        this.#isKnown = true;
        return this.#table(message);
      case 'progress':
        return this.#progressed(message.progress);
      case 'shared':
        return this.#options.shared?.(message.shared);
      case 'beat':
        this.#every = message.every ?? REPORT;
        return;
    }
  }

  #follow(): void {
    const { role, name, held, progress, reported } = this.#options;
    this.#isKnown = false;
    this.#standing = undefined;
    this.#toldUpTo = reported?.() ?? 0;
    const { edition } = held;
    this.#send({ kind: 'follow', role, name, edition, progress: progress?.() });
  }

  /** It has taken none since we followed, but was told what came of those before. */
  #progressed(progress: Progress): void {
    const taken = Math.max(progress.taken, this.#toldUpTo);
    this.#options.progressed?.({ ...progress, taken });
  }

  #table(message: TableMessage): void {
    const { edition } = message.table;
    const heard = this.#options.held.hear(message, this);
    if (heard === 'older') return this.#refuse(edition);
    if (heard === 'behind') this.#isBehind(edition);
    else {
      this.#behind = undefined;
      this.#send({ kind: 'acknowledge', edition });
    }
  }

  #isBehind(edition: number): void {
    this.#behind = { since: this.#behind?.since ?? this.#options.clock.now(), edition };
  }

  /** Controls of one registry are never apart for long. */
  #tellIfStuck(now: number): void {
    if (this.#behind === undefined || now - this.#behind.since <= this.#options.silence) return;
    this.#refuse(this.#behind.edition);
    this.#behind = undefined;
  }

  #refuse(edition: number): void {
    const { address, held, report } = this.#options;
    const because = `routing table ${edition} of ${address} is older than ours, ${held.edition}`;
    report({ type: 'announcement-refused', because });
  }

  #send(message: FromFollower): void {
    const dealer = this.#dealer;
    dealer.send(encodeMessage(message)).catch((cause: unknown) => {
      if (dealer === this.#dealer && !this.#isClosed) {
        this.#options.report({ type: 'fault', where: 'announcements', cause });
      }
    });
  }
}
