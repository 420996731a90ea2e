/**
 * Control's end of the channel to its followers: gives each the routing table when it comes and on every
 * change, and knows who has which edition.
 */
import { CutoverError } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { workerId, type WorkerId } from '../kernel/ids.js';
import { sendRefusal } from '../sockets/socket-errors.js';
import type { RoutingTable } from '../versions/routing-table.js';
import type { RouterFrames } from '../wire/frames.js';
import {
  decodeFromFollower,
  encodeMessage,
  type FromControl,
  type FromFollower,
} from '../wire/table-message.js';
import type { Spread } from './rest.js';

export interface HeraldHost {
  /** Done, or refused at once. */
  send(routingId: Buffer, packed: Buffer): Promise<void>;
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds. */
  readonly silence: number;
  readonly heartbeat: number;
  readonly report: Report;
}

interface Follower {
  readonly routingId: Buffer;
  /** Undefined until it has said who it is. */
  name: string | undefined;
  edition: number;
  lastHeard: number;
}

/** More than anybody runs; beyond it nobody new is listened to. */
const MOST_FOLLOWERS = 4096;

export class Herald {
  readonly #host: HeraldHost;
  readonly #followers = new Map<WorkerId, Follower>();
  #table: RoutingTable;
  #nextBeat: number;

  constructor(table: RoutingTable, host: HeraldHost) {
    this.#table = table;
    this.#host = host;
    this.#nextBeat = host.now() + host.heartbeat;
  }

  get spread(): Spread {
    const { edition } = this.#table;
    const known = [...this.#followers.values()].filter(({ name }) => name !== undefined);
    const acknowledged = known.filter(follower => follower.edition === edition).length;
    return { edition, followers: known.length, acknowledged };
  }

  announce(table: RoutingTable): void {
    this.#table = table;
    for (const follower of this.#followers.values()) {
      if (follower.name !== undefined) this.#send(follower, { kind: 'table', table });
    }
  }

  received([routingId, packed]: RouterFrames): void {
    const id = workerId(routingId);
    const known = this.#followers.get(id);
    // Coming and going look the same (ZMQ_ROUTER_NOTIFY): whom we know is leaving.
    if (packed.length === 0 && known !== undefined) return this.#gone(id, known);
    const follower = known ?? this.#newcomer(id, routingId);
    if (follower === undefined || packed.length === 0) return;
    follower.lastHeard = this.#host.now();
    try {
      this.#heard(follower, decodeFromFollower(packed));
    } catch (cause) {
      this.#refuse(id, follower, cause);
    }
  }

  /** Shows that we are alive; forgets who was not heard of for too long. */
  sweep(now: number): void {
    const isBeat = now >= this.#nextBeat;
    if (isBeat) this.#nextBeat = now + this.#host.heartbeat;
    for (const [id, follower] of [...this.#followers]) {
      if (now - follower.lastHeard > this.#host.silence) this.#gone(id, follower);
      else if (isBeat) this.#send(follower, { kind: 'beat' });
    }
  }

  #newcomer(id: WorkerId, routingId: Buffer): Follower | undefined {
    if (this.#followers.size >= MOST_FOLLOWERS) return undefined;
    const lastHeard = this.#host.now();
    const follower: Follower = { routingId, name: undefined, edition: 0, lastHeard };
    this.#followers.set(id, follower);
    this.#send(follower, { kind: 'stranger' });
    return follower;
  }

  #heard(follower: Follower, message: FromFollower): void {
    switch (message.kind) {
      case 'follow': {
        const { name, edition } = message;
        follower.name = name;
        follower.edition = edition;
        this.#host.report({ type: 'follower-joined', name, edition });
        return this.#send(follower, { kind: 'table', table: this.#table });
      }
      case 'acknowledge':
        follower.edition = message.edition;
        return;
      case 'beat':
        if (follower.name === undefined) this.#send(follower, { kind: 'stranger' });
    }
  }

  #gone(id: WorkerId, { name }: Follower): void {
    this.#followers.delete(id);
    if (name !== undefined) this.#host.report({ type: 'follower-left', name });
  }

  #refuse(id: WorkerId, follower: Follower, cause: unknown): void {
    if (!(cause instanceof CutoverError)) throw cause;
    this.#host.report({ type: 'peer-refused', peer: id, because: cause.message });
    this.#gone(id, follower);
  }

  #send({ routingId }: Follower, message: FromControl): void {
    this.#host.send(routingId, encodeMessage(message)).catch((cause: unknown) => {
      // Who has gone is announced by the ROUTER.
      if (sendRefusal(cause) === undefined) {
        this.#host.report({ type: 'fault', where: 'announcements', cause });
      }
    });
  }
}
