/**
 * A worker's link to one frontend: a DEALER of its own, because one DEALER connected to several
 * ROUTERs would deal its answers out in turn, to the wrong ones. The frontend asks who we are when we
 * connect, and again when it has given us up; whatever we had of it is void then.
 */
import type { Clock } from '../src/kernel/clock.js';
import { CutoverError } from '../src/kernel/errors.js';
import type { Report } from '../src/kernel/events.js';
import { nowhere, type Place } from '../src/kernel/place.js';
import type { Credentials } from '../src/security/keyring.js';
import type { DeviceDealer } from '../src/sockets/device.js';
import { Outbox } from '../src/sockets/outbox.js';
import { Redial } from '../src/sockets/redial.js';
import { decodeFromFrontend } from '../src/wire/batch.js';
import {
  kinds,
  type Cancel,
  type Credit,
  type FromFrontend,
  type FromWorker,
  type Part,
  type Request,
} from '../src/wire/envelope.js';

/** What a frontend said in its welcome. */
export interface Terms {
  /** Bytes of an answer that it takes without credit. */
  readonly window: number;
  /** It wants to hear how we came by each answer. */
  readonly accounts: boolean;
}

export interface LinkHost {
  /** One whose id is known is sent again, as we asked: what came of its body before is void. */
  request(envelope: Request, terms: Terms): void;
  /** More of a request, credit, or cancel; of an exchange that may be over. */
  said(envelope: Part | Credit | Cancel): void;
  /** The last message of control that tells of versions, as the frontend has it: perhaps an old one. */
  table(packed: Uint8Array): void;
  /** The frontend has died, or given us up: nobody waits for our answers. */
  lost(): void;
  joined(): void;
}

export interface LinkOptions {
  readonly address: string;
  /** Undefined: the link has no keys. */
  readonly credentials?: Credentials | undefined;
  /** The worker's name. */
  readonly name: string;
  /** Where it runs; undefined: not known. */
  readonly place?: Place | undefined;
  /** Bytes of a request's body that we take without credit. */
  readonly window: number;
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly silence: number;
  readonly clock: Clock;
  readonly report: Report;
}

/** Milliseconds between two sweeps that are no sign of a hang, however short `silence` is. */
const LEAST_HANG = 1000;

export class FrontendLink {
  readonly #options: LinkOptions;
  readonly #host: LinkHost;
  readonly #redial: Redial;
  #dealer: DeviceDealer;
  #outbox: Outbox<FromWorker>;
  /** Undefined: the frontend does not know us. */
  #terms: Terms | undefined;
  #lastHeard = -Infinity;
  #lastSweep: number;
  #nextBeat = 0;
  #isRefused = false;
  #isLeaving = false;
  /** It has said farewell: nothing new comes. */
  #isDone = false;
  #isClosed = false;

  constructor(options: LinkOptions, host: LinkHost) {
    this.#options = options;
    this.#host = host;
    this.#lastSweep = options.clock.now();
    this.#redial = new Redial(options);
    this.#dealer = this.#redial.connect(options.clock.now());
    this.#outbox = this.#newOutbox();
  }

  get isJoined(): boolean {
    return this.#terms !== undefined;
  }

  /** Somebody speaks at its other end: it knows us, or has just asked who we are. */
  get isHeard(): boolean {
    const { clock, silence } = this.#options;
    return this.isJoined || clock.now() - this.#lastHeard <= silence;
  }

  /** A new request may come, or be on its way. */
  get isOpen(): boolean {
    return this.isJoined && !this.#isDone;
  }

  push(envelope: FromWorker): void {
    this.#outbox.push(envelope);
  }

  /** Reads until it is closed. */
  async run(): Promise<void> {
    while (!this.#isClosed) {
      const dealer = this.#dealer;
      for await (const [packed] of dealer) {
        if (this.#isStale()) break; // what waited for us while we hung is void
        this.#received(packed);
      }
      this.#anew('it was silent');
    }
  }

  /** Shows that we are alive; gives up a frontend that was not heard of for too long. */
  sweep(now: number): void {
    const isStale = this.#isStale();
    this.#lastSweep = now;
    if (this.#isClosed) return;
    if (!this.isJoined) {
      if (!this.#isLeaving && this.#redial.isInVain(now)) this.#dealer.close();
      return;
    }
    if (isStale) return this.#dealer.close(); // ends the loop, which begins anew
    if (now < this.#nextBeat) return;
    this.#nextBeat = now + this.#options.heartbeat;
    this.push([kinds.beat]);
  }

  /** We drain: no new requests, please. Answered by farewell. */
  leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.isJoined) this.push([kinds.goodbye]);
  }

  close(): void {
    this.#isClosed = true;
    this.#outbox.flush();
    this.#dealer.closeGently();
  }

  #newOutbox(): Outbox<FromWorker> {
    const dealer = this.#dealer;
    return new Outbox(
      packed => dealer.send(packed),
      cause => {
        if (dealer === this.#dealer && !this.#isClosed) {
          this.#options.report({ type: 'fault', where: 'device', cause });
        }
      },
    );
  }

  /**
   * The frontend was silent, or we were: whoever hangs for half of that time has perhaps been given up,
   * and what waited for us meanwhile may have been answered by others.
   */
  #isStale(): boolean {
    const { clock, silence } = this.#options;
    if (!this.isJoined) return false;
    const now = clock.now();
    const hung = now - this.#lastSweep > Math.max(silence / 2, LEAST_HANG);
    return hung || now - this.#lastHeard > silence;
  }

  #anew(because: string): void {
    if (this.#isClosed) return;
    this.#dealer.close();
    this.#lost(because);
    this.#dealer = this.#redial.connect(this.#options.clock.now());
    this.#outbox = this.#newOutbox();
  }

  #received(packed: Buffer): void {
    this.#lastHeard = this.#options.clock.now();
    this.#redial.heard();
    let envelopes: readonly FromFrontend[];
    try {
      envelopes = decodeFromFrontend(packed);
    } catch (cause) {
      return this.#refuse(cause);
    }
    this.#isRefused = false;
    for (const envelope of envelopes) this.#heard(envelope);
  }

  #heard(envelope: FromFrontend): void {
    switch (envelope[0]) {
      case kinds.stranger:
        this.#lost('it does not know us');
        if (!this.#isLeaving) this.#sayHello();
        return;
      case kinds.welcome:
        return this.#joined({ window: envelope[2], accounts: envelope[3] });
      case kinds.farewell:
        this.#isDone = true;
        if (!this.#isLeaving) this.#left();
        return;
      case kinds.request:
        if (this.#terms !== undefined) this.#host.request(envelope, this.#terms);
        return;
      case kinds.table:
        return this.#host.table(envelope[1]);
      case kinds.beat:
        return;
      default:
        this.#host.said(envelope);
    }
  }

  #sayHello(): void {
    const { name, window, place = nowhere } = this.#options;
    this.push([kinds.hello, name, window, place.host, place.zone]);
  }

  #joined(terms: Terms): void {
    if (this.isJoined) this.#host.lost(); // it began anew with us: what we had is void
    this.#terms = terms;
    this.#isDone = false;
    this.#options.report({ type: 'frontend-joined', frontend: this.#options.address });
    if (this.#isLeaving) this.push([kinds.goodbye]);
    this.#host.joined();
  }

  /** The frontend has stopped; it, or its successor, asks who we are when it is there again. */
  #left(): void {
    this.#terms = undefined;
    this.#redial.left(this.#options.clock.now());
    this.#host.lost();
    this.#options.report({ type: 'frontend-left', frontend: this.#options.address });
  }

  #lost(because: string): void {
    if (this.#terms === undefined && !this.#isLeaving) return;
    const wasJoined = this.isJoined;
    this.#terms = undefined;
    this.#host.lost();
    if (!wasJoined) return;
    this.#options.report({ type: 'frontend-lost', frontend: this.#options.address, because });
  }

  /** Reported once, and answered once: the other side shall be able to say what is wrong as well. */
  #refuse(cause: unknown): void {
    if (!(cause instanceof CutoverError)) throw cause;
    if (this.#isRefused) return;
    this.#isRefused = true;
    const { report, address } = this.#options;
    report({ type: 'peer-refused', peer: address, because: cause.message });
    this.#lost(cause.message);
    this.#sayHello();
  }
}
