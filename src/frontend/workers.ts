/**
 * The frontend's end of the device: workers come, show that they are alive, drain, hang, die. What
 * they say of exchanges is handed on.
 */
import type { Clock } from '../kernel/clock.js';
import { CutoverError } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { workerId, type WorkerId } from '../kernel/ids.js';
import { distanceBetween, nowhere, type Place } from '../kernel/place.js';
import { Outbox } from '../sockets/outbox.js';
import { sendRefusal } from '../sockets/socket-errors.js';
import { decodeFromWorker, MOST_MESSAGE_BYTES } from '../wire/batch.js';
import {
  kinds,
  type FromFrontend,
  type FromWorker,
  type Hello,
  type OfExchange,
} from '../wire/envelope.js';
import type { RouterFrames } from '../wire/frames.js';
import type { Dispatcher } from './dispatcher.js';
import type { Exchange } from './exchange.js';
import { handicaps } from './pick-worker.js';
import { WorkerPeer } from './worker-peer.js';

export interface WorkersHost {
  /** Done, or refused at once. */
  send(routingId: Buffer, packed: Buffer): Promise<void>;
  /** What a worker says of one of its exchanges. */
  said(exchange: Exchange, envelope: OfExchange): void;
  broken(exchange: Exchange, cause: unknown): void;
}

export interface WorkersOptions {
  readonly name: string;
  /** Where we run; default: not known. */
  readonly place?: Place | undefined;
  /** Bytes of an answer that workers may send without credit. */
  readonly window: number;
  /** Workers are to tell how they came by each answer; default: false. */
  readonly accounts?: boolean | undefined;
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly silence: number;
}

/**
 * A table beyond it is not handed on: whoever sent more than a message may have would be cut off. What
 * travels in front of it in the same message has 256 KiB (wire/batch.ts), and that is doubled here.
 */
const MOST_TABLE_BYTES = MOST_MESSAGE_BYTES - 512 * 1024;

/** Milliseconds between two sweeps that are no sign of a stall, however short `silence` is: two usual ones. */
const LEAST_STALL = 500;

/** A worker says hello unasked if it could not read us, once. Each welcome has the whole table behind it. */
const MOST_UNASKED = 16;

/** Somebody who is connected; a worker, once it has said hello. */
interface Connected {
  readonly outbox: Outbox<FromFrontend>;
  worker: WorkerPeer | undefined;
  /** We have asked who it is: one hello is awaited, not one for each sign of life. */
  isAsked: boolean;
  /** How often it said hello without having been asked. */
  unasked: number;
  /** It speaks another version of the protocol, or nonsense: reported once, never answered again. */
  isRefused: boolean;
}

export class Workers {
  readonly #host: WorkersHost;
  readonly #options: WorkersOptions;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #report: Report;
  readonly #connected = new Map<WorkerId, Connected>();
  #nextBeat: number;
  /** When we were last seen to run. */
  #lastAwake: number;
  /** The end of our own last stall: in it we could not hear anybody. */
  #awakeSince = -Infinity;
  /** Packed as control's message is. */
  #table: Uint8Array | undefined;

  constructor(
    host: WorkersHost,
    options: WorkersOptions,
    dispatcher: Dispatcher,
    { clock, report }: { readonly clock: Clock; readonly report: Report },
  ) {
    this.#host = host;
    this.#options = options;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#report = report;
    this.#nextBeat = clock.now() + options.heartbeat;
    this.#lastAwake = clock.now();
  }

  received([routingId, packed]: RouterFrames): void {
    const now = this.#clock.now();
    this.#noteStall(now); // this may come before the sweep that is late
    const id = workerId(routingId);
    const known = this.#connected.get(id);
    // Coming and going look the same (ZMQ_ROUTER_NOTIFY): whom we know is leaving.
    if (packed.length === 0) {
      if (known === undefined) this.#welcomeStranger(id, routingId);
      else this.#gone(id, known, 'its connection is closed');
      return;
    }
    const from = known ?? this.#welcomeStranger(id, routingId);
    if (from.isRefused) return;
    try {
      for (const envelope of decodeFromWorker(packed)) this.#heard(id, from, envelope, now);
    } catch (cause) {
      this.#refuse(id, from, cause);
    }
  }

  /** A newer table: for the workers that are here, and for those that will come. */
  keep(table: Uint8Array): void {
    if (table.length > MOST_TABLE_BYTES) {
      const because = `a routing table of ${table.length} bytes is too large for the device`;
      this.#report({ type: 'announcement-refused', because });
      return;
    }
    this.#table = table;
    for (const { worker } of this.#connected.values()) worker?.push([kinds.table, table]);
  }

  /** Shows that we are alive; gives up who was not heard of for too long. */
  sweep(now: number): void {
    this.#noteStall(now);
    const isBeat = now >= this.#nextBeat;
    if (isBeat) this.#nextBeat = now + this.#options.heartbeat;
    for (const { worker, outbox } of this.#connected.values()) {
      if (worker === undefined) continue;
      if (isBeat) outbox.push([kinds.beat]);
      const silentSince = Math.max(worker.lastHeard, this.#awakeSince);
      if (now - silentSince > this.#options.silence) this.#lost(worker, 'it was silent');
    }
  }

  /**
   * If we stood still ourselves, what workers said meanwhile is still to be read. Half a silence is enough: the
   * other half may lie before it.
   */
  #noteStall(now: number): void {
    const isStall = now - this.#lastAwake >= Math.max(this.#options.silence / 2, LEAST_STALL);
    if (isStall) this.#awakeSince = now;
    this.#lastAwake = now;
  }

  /** We stop: tells them so, now, that nobody waits for us. Nothing comes after it. */
  leave(): void {
    for (const { worker, outbox } of this.#connected.values()) {
      if (worker !== undefined) outbox.push([kinds.farewell]);
      outbox.flush();
    }
  }

  /** Asks who it is: an id that is new to us may be a worker that knew our predecessor. */
  #welcomeStranger(id: WorkerId, routingId: Buffer): Connected {
    const stranger: Connected = {
      outbox: new Outbox(
        packed => this.#host.send(routingId, packed),
        cause => this.#undelivered(cause),
      ),
      worker: undefined,
      isAsked: false,
      unasked: 0,
      isRefused: false,
    };
    this.#connected.set(id, stranger);
    this.#ask(stranger);
    return stranger;
  }

  #ask(stranger: Connected): void {
    if (stranger.isAsked) return;
    stranger.isAsked = true;
    stranger.outbox.push([kinds.stranger]);
  }

  #heard(id: WorkerId, from: Connected, envelope: FromWorker, now: number): void {
    if (envelope[0] === kinds.hello) return this.#joined(id, from, envelope, now);
    const { worker } = from;
    if (worker === undefined) {
      // It speaks of exchanges that we do not know: of our predecessor's, or given up by us.
      if (envelope[0] === kinds.beat) this.#ask(from);
      return;
    }
    worker.lastHeard = now;
    if (envelope[0] === kinds.goodbye) {
      worker.draining = true;
      worker.push([kinds.farewell]);
    } else if (envelope[0] !== kinds.beat) {
      const exchange = worker.exchanges.get(envelope[1]);
      if (exchange !== undefined) this.#host.said(exchange, envelope);
    }
  }

  #joined(id: WorkerId, from: Connected, [, name, window, host, zone]: Hello, now: number): void {
    if (!from.isAsked) from.unasked += 1;
    if (from.unasked > MOST_UNASKED) {
      throw new CutoverError('ERR_WIRE_MALFORMED', 'the peer says hello again and again');
    }
    if (from.worker !== undefined) this.#lost(from.worker, 'it began anew');
    from.isAsked = false;
    const { name: ours, place = nowhere, window: most, accounts = false } = this.#options;
    const distance = distanceBetween(place, { host, zone });
    from.outbox.push([kinds.welcome, ours, most, accounts]);
    if (this.#table !== undefined) from.outbox.push([kinds.table, this.#table]);
    from.worker = new WorkerPeer({
      id,
      name,
      window,
      handicap: handicaps[distance],
      now,
      outbox: from.outbox,
      broken: (exchange, cause) => this.#host.broken(exchange, cause),
    });
    this.#report({ type: 'worker-joined', worker: id, name, distance });
    this.#dispatcher.joined(from.worker);
  }

  #gone(id: WorkerId, known: Connected, because: string): void {
    this.#connected.delete(id);
    const { worker } = known;
    if (worker === undefined) return;
    if (worker.draining && worker.outstanding === 0) {
      this.#dispatcher.left(worker, because);
      this.#report({ type: 'worker-left', worker: id, name: worker.name });
    } else this.#lost(worker, because);
  }

  /** It stays connected, perhaps: if it comes back to life it is a stranger. */
  #lost(worker: WorkerPeer, because: string): void {
    const connected = this.#connected.get(worker.id);
    if (connected?.worker === worker) connected.worker = undefined;
    // Workers give us up while we stand still: a request that meets one after the other has killed none.
    const isOurs = this.#clock.now() - this.#awakeSince < this.#options.silence;
    const losses = this.#dispatcher.left(worker, because, { isCounted: !isOurs });
    const { id, name } = worker;
    this.#report({ type: 'worker-lost', worker: id, name, because, ...losses });
  }

  #refuse(id: WorkerId, from: Connected, cause: unknown): void {
    if (!(cause instanceof CutoverError)) throw cause;
    from.isRefused = true;
    this.#report({ type: 'peer-refused', peer: id, because: cause.message });
    // What we send carries our version in front: the other side can say what is wrong as well.
    from.outbox.push([kinds.stranger]);
    if (from.worker !== undefined) this.#lost(from.worker, cause.message);
  }

  #undelivered(cause: unknown): void {
    // Who has gone is announced by the ROUTER, in order, behind the last that it said.
    if (sendRefusal(cause) === undefined) this.#report({ type: 'fault', where: 'device', cause });
  }
}
