/**
 * Control's end of the channel to its followers: gives each the routing table when it comes and on every
 * change, knows who has which edition, and tells workers what was counted in of their reports.
 */
import { CutoverError } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { workerId, type WorkerId } from '../kernel/ids.js';
import { sendRefusal } from '../sockets/socket-errors.js';
import {
  decodeFromFollower,
  encodeMessage,
  type ControlBeat,
  type Follow,
  type FollowerRole,
  type FromControl,
  type FromFollower,
  type TableMessage,
} from '../wire/control-message.js';
import type { RouterFrames } from '../wire/frames.js';
import type { Measures } from '../wire/measures.js';
import { REPORT, reportEvery, type Progress, type WorkerReport } from '../wire/report.js';
import type { Shared, Standing } from '../wire/shared.js';
import { FEW_WORKERS, slowedAfter } from './slowing.js';
import type { Spread } from './spread.js';

export interface HeraldHost {
  /** Done, or refused at once. */
  send(routingId: Buffer, packed: Buffer): Promise<void>;
  /** Monotonic milliseconds. */
  now(): number;
  /** Somebody begins to follow; called before it is given the table. */
  followed(follow: Follow): void;
  /** `name`: of the worker. Each of its reports comes once, in order. */
  reported(name: string, report: WorkerReport): void;
  /** Called before such a report: this worker has told others something that was never told here. */
  missed(): void;
  /** Of the follower with this id. */
  measured(id: WorkerId, measures: Measures): void;
  /** Of the worker with this id, which has said who it is. */
  stands(id: WorkerId, standing: Standing): void;
  /** It had said who it is. */
  left(id: WorkerId): void;
  /** Milliseconds. */
  readonly silence: number;
  readonly heartbeat: number;
  readonly report: Report;
  /** The part of the time since it was last asked in which control had to do, 0 to 1; default: 0. */
  readonly busy?: (() => number) | undefined;
}

/** What is announced: the routing table, and the keys of sessions. */
export type Announcement = Omit<TableMessage, 'kind'>;

interface Follower {
  readonly routingId: Buffer;
  /** Undefined until it has said who it is. */
  identity: Identity | undefined;
  edition: number;
  /** The sequence of its last report; 0: none. */
  taken: number;
  lastHeard: number;
  /** It speaks another version, or nonsense: not heard until it comes anew, or was silent for long enough. */
  isRefused: boolean;
}

type Identity = Pick<Follow, 'name' | 'role'>;

export interface KnownFollower extends Identity {
  readonly id: WorkerId;
  /** Of the table that it has; 0: none. */
  readonly edition: number;
}

/** Milliseconds between two times that so many workers are told of progress; 0: at each look. */
function pauseOf(workers: number, slowed: number): number {
  const every = reportEvery(workers, slowed);
  return every > REPORT ? every : 0;
}

/** More than anybody runs; beyond it nobody new is listened to. */
const MOST_FOLLOWERS = 4096;

export class Herald {
  readonly #host: HeraldHost;
  readonly #followers = new Map<WorkerId, Follower>();
  #announcement: Announcement;
  /** The same, as it travels: once for all of a thousand followers. */
  #packed: Buffer | undefined;
  /** Told last, of the announcement's table; for those who come later. */
  #progress: Omit<Progress, 'taken'> | undefined;
  /** Not yet to all. */
  #isUntold = false;
  #nextProgress = -Infinity;
  /** How many times as long as usual workers are to wait between reports. */
  #slowed = 1;
  #nextBeat: number;

  constructor(first: Announcement, host: HeraldHost) {
    this.#announcement = first;
    this.#host = host;
    this.#nextBeat = host.now() + host.heartbeat;
  }

  get spread(): Spread & { readonly workers: number } {
    const { edition } = this.#announcement.table;
    const known = this.#known();
    // Another control may have told them of a later one.
    const acknowledged = known.filter(follower => follower.edition >= edition).length;
    return {
      edition,
      followers: known.length,
      acknowledged,
      workers: this.#known('worker').length,
    };
  }

  /** Those who have said who they are, in the order in which they came. */
  get followers(): readonly KnownFollower[] {
    return [...this.#followers].flatMap(([id, { identity, edition }]) =>
      identity === undefined ? [] : [{ id, ...identity, edition }],
    );
  }

  /** To every follower at once. */
  announce(table: Announcement['table'], keys: Announcement['keys']): void {
    this.#announcement = { table, keys };
    this.#packed = undefined;
    this.#progress = undefined; // perhaps of another upgrade
    this.#isUntold = false;
    for (const follower of this.#known()) this.#sendTable(follower);
  }

  /**
   * To every worker; undefined: another control tells them. Very many are told less often, as they report less
   * often, but for whether requests count.
   */
  progress(progress: Omit<Progress, 'taken'> | undefined): void {
    if (progress?.isHeld !== this.#progress?.isHeld) this.#nextProgress = -Infinity;
    this.#progress = progress;
    this.#isUntold = progress !== undefined;
    this.look();
  }

  /** Tells what waits to be told, if it is time. */
  look(): void {
    const now = this.#host.now();
    if (this.#progress === undefined || !this.#isUntold || now < this.#nextProgress) return;
    const workers = this.#known('worker');
    for (const worker of workers) this.#sendProgress(worker, this.#progress);
    this.#isUntold = false;
    this.#nextProgress = now + pauseOf(workers.length, this.#slowed);
  }

  /** To one worker; to nobody, if it has gone. */
  share(id: WorkerId, shared: Shared): void {
    const worker = this.#followers.get(id);
    if (worker?.identity !== undefined) this.#send(worker, { kind: 'shared', shared });
  }

  received([routingId, packed]: RouterFrames): void {
    const id = workerId(routingId);
    const known = this.#followers.get(id);
    // Coming and going look the same (ZMQ_ROUTER_NOTIFY): whom we know is leaving.
    if (packed.length === 0 && known !== undefined) return this.#gone(id, known);
    const follower = known ?? this.#newcomer(id, routingId);
    if (follower === undefined || packed.length === 0 || follower.isRefused) return;
    follower.lastHeard = this.#host.now();
    try {
      this.#heard(id, follower, decodeFromFollower(packed));
    } catch (cause) {
      this.#refuse(id, follower, cause);
    }
  }

  /** Shows that we are alive; forgets who was not heard of for too long. */
  sweep(now: number): void {
    const isBeat = now >= this.#nextBeat;
    if (isBeat) this.#nextBeat = now + this.#host.heartbeat;
    const beat = isBeat ? encodeMessage(this.#beat()) : undefined;
    for (const [id, follower] of [...this.#followers]) {
      if (now - follower.lastHeard > this.#host.silence) this.#gone(id, follower);
      else if (beat !== undefined && !follower.isRefused) this.#sendPacked(follower, beat);
    }
  }

  #beat(): ControlBeat {
    const workers = this.#known('worker').length;
    const busy = this.#host.busy?.() ?? 0;
    this.#slowed = workers > FEW_WORKERS ? slowedAfter(this.#slowed, busy) : 1;
    const every = reportEvery(workers, this.#slowed);
    return every > REPORT ? { kind: 'beat', every } : { kind: 'beat' };
  }

  /** Those who have said who they are; with a role, those of it. */
  #known(role?: FollowerRole): readonly Follower[] {
    return [...this.#followers.values()].filter(
      ({ identity }) => identity !== undefined && (role === undefined || identity.role === role),
    );
  }

  #newcomer(id: WorkerId, routingId: Buffer): Follower | undefined {
    if (this.#followers.size >= MOST_FOLLOWERS) return undefined;
    const lastHeard = this.#host.now();
    const follower: Follower = {
      routingId,
      identity: undefined,
      edition: 0,
      taken: 0,
      lastHeard,
      isRefused: false,
    };
    this.#followers.set(id, follower);
    // Once: what it had ready for our predecessor would else be answered one by one, and it would follow
    // as often. In one connection nothing is lost, so it will answer.
    this.#send(follower, { kind: 'stranger' });
    return follower;
  }

  #heard(id: WorkerId, follower: Follower, message: FromFollower): void {
    if (message.kind === 'follow') {
      // Asked once, it answers once. Each answer of ours has the whole table in it, read or not.
      if (follower.identity === undefined) this.#follows(follower, message);
      return;
    }
    // Meant for our predecessor, or for us before we gave it up. It was asked who it is.
    if (follower.identity === undefined) return;
    switch (message.kind) {
      case 'acknowledge':
        follower.edition = message.edition;
        return;
      case 'report':
        return this.#report(follower, follower.identity, message.report);
      case 'measures':
        return this.#measured(id, follower.identity, message.measures);
      case 'standing':
        return this.#stands(id, follower.identity, message.standing);
      case 'beat':
        return;
    }
  }

  #stands(id: WorkerId, { name, role }: Identity, standing: Standing): void {
    if (role !== 'worker') {
      throw new CutoverError('ERR_WIRE_MALFORMED', `${name} is no worker, and shares nothing`);
    }
    this.#host.stands(id, standing);
  }

  #measured(id: WorkerId, { name, role }: Identity, measures: Measures): void {
    if (role !== measures.work.role) {
      throw new CutoverError('ERR_WIRE_MALFORMED', `${name} is no ${measures.work.role}`);
    }
    this.#host.measured(id, measures);
  }

  #follows(follower: Follower, follow: Follow): void {
    const { name, role, edition } = follow;
    this.#host.followed(follow);
    follower.identity = { name, role };
    follower.edition = edition;
    this.#host.report({ type: 'follower-joined', name, edition });
    this.#sendTable(follower);
    if (role === 'worker' && this.#progress !== undefined) {
      this.#sendProgress(follower, this.#progress);
    }
  }

  #report(follower: Follower, { name, role }: Identity, report: WorkerReport): void {
    if (role !== 'worker') {
      throw new CutoverError('ERR_WIRE_MALFORMED', `${name} is no worker, and sent a report`);
    }
    if (report.sequence <= follower.taken) return;
    if (report.sequence > follower.taken + 1) this.#host.missed();
    follower.taken = report.sequence;
    this.#host.reported(name, report);
  }

  #gone(id: WorkerId, follower: Follower): void {
    this.#followers.delete(id);
    this.#left(id, follower);
  }

  #left(id: WorkerId, follower: Follower): void {
    const { identity } = follower;
    follower.identity = undefined;
    if (identity === undefined) return;
    this.#host.left(id);
    this.#host.report({ type: 'follower-left', name: identity.name });
  }

  /** Reported and answered once: a flood of nonsense is no flood of lines, nor of questions who it is. */
  #refuse(id: WorkerId, follower: Follower, cause: unknown): void {
    if (!(cause instanceof CutoverError)) throw cause;
    follower.isRefused = true;
    this.#host.report({ type: 'peer-refused', peer: id, because: cause.message });
    this.#left(id, follower);
  }

  #sendTable(follower: Follower): void {
    this.#packed ??= encodeMessage({ kind: 'table', ...this.#announcement });
    this.#sendPacked(follower, this.#packed);
  }

  #sendProgress(worker: Follower, progress: Omit<Progress, 'taken'>): void {
    const { taken } = worker;
    this.#send(worker, { kind: 'progress', progress: { ...progress, taken } });
  }

  #send(follower: Follower, message: FromControl): void {
    this.#sendPacked(follower, encodeMessage(message));
  }

  #sendPacked({ routingId }: Follower, packed: Buffer): void {
    this.#host.send(routingId, packed).catch((cause: unknown) => {
      // Who has gone is announced by the ROUTER.
      if (sendRefusal(cause) === undefined) {
        this.#host.report({ type: 'fault', where: 'announcements', cause });
      }
    });
  }
}
