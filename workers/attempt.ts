/**
 * One try to have a request answered by one server: a connection is lent, the request sent, the answer
 * read. What the answer is worth is for others to say; until they have said so it is held here, so that
 * the client sees nothing of an answer that is not used.
 */
import type { Clock } from '../src/kernel/clock.js';
import { CutoverError } from '../src/kernel/errors.js';
import { AnswerReader } from '../src/http/answer-reader.js';
import type { AnswerFraming, AnswerHead, AnswerLimits } from '../src/http/message.js';
import type { AttemptSpan } from '../src/telemetry/spans.js';
import type { Version } from '../src/versions/version.js';
import { partsOf, plus, type Parts } from './answer-parts.js';
import { idleAllowed } from './containers/keep-alive.js';
import type { Lent, Server } from './containers/server.js';
import type { Outgoing } from './outgoing.js';
import type { Hold } from './rescue/hold.js';
import type { Upload } from './upload.js';

/** Milliseconds. */
export interface AttemptLimits {
  readonly streamTimeout: number;
  readonly tunnelTimeout: number;
  readonly serverIdle: number;
  readonly answer: AnswerLimits;
}

export interface AttemptOptions {
  readonly version: Version;
  readonly server: Server;
  /** 1 for the request as it came, and for both of CONCURRENT's. */
  readonly number: number;
  readonly outgoing: Outgoing;
  /** Over a connection that nobody has used: the one before may have been closing. */
  readonly isFresh: boolean;
  /** Milliseconds that the server may be silent before its answer is decided upon. */
  readonly patience: number;
  /** Monotonic milliseconds: by then it must be decided upon, however much comes. */
  readonly until: number;
  /** Undefined: nobody wants one. */
  readonly span?: AttemptSpan | undefined;
  readonly limits: AttemptLimits;
  readonly clock: Clock;
}

/** An answer up to where it can be decided upon. */
export interface Opened {
  readonly head: AnswerHead;
  readonly framing: AnswerFraming;
  /** 1xx that came before it. */
  readonly interim: readonly AnswerHead[];
  /** What has been read of the body. */
  readonly body: Buffer;
  /** All of it has. */
  readonly end: Parts['end'];
}

export type HoldRule = (head: AnswerHead, framing: AnswerFraming) => Hold;

export const holdNothing: HoldRule = () => ({ bytes: 0, ms: 0 });

export class Attempt {
  readonly version: Version;
  readonly server: Server;
  readonly number: number;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly span: AttemptSpan | undefined;
  /** Milliseconds from the start to the whole head. */
  delay: number | undefined;
  readonly #options: AttemptOptions;
  readonly #upload: Upload | undefined;
  readonly #reader: AnswerReader;
  #lent: Lent | undefined;
  #pending: Promise<Parts> | undefined;
  #head: AnswerHead | undefined;
  #framing: AnswerFraming['kind'] | undefined;
  #isHeld = true;
  #isSent = false;
  #isOver = false;
  /** Why we closed the connection ourselves. */
  #closedBecause: CutoverError | undefined;
  /** Monotonic milliseconds: since when we wait for the server; undefined: it is not its turn. */
  #waitingSince: number | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.version = options.version;
    this.server = options.server;
    this.number = options.number;
    this.span = options.span;
    this.#upload = options.outgoing.upload;
    this.startedAt = options.clock.now();
    this.#reader = new AnswerReader(options.limits.answer);
  }

  /** Of the answer; undefined: its head has not come. */
  get status(): number | undefined {
    return this.#head?.status;
  }

  /** Milliseconds for which the server, which has all of the request, is silent. */
  silence(now: number): number {
    return this.#isSent && this.#waitingSince !== undefined ? now - this.#waitingSince : 0;
  }

  /** Milliseconds for which nothing has come that could be decided upon; 0: it is decided. */
  undecided(now: number): number {
    return this.#isHeld && this.#waitingSince !== undefined ? now - this.#waitingSince : 0;
  }

  /** The connection was used before, and not a byte came: perhaps it was closing when we used it. */
  get mayBeStale(): boolean {
    return this.#reader.untouched && (this.#lent?.isUsed ?? false);
  }

  /** Throws where no answer comes. `interim`: told at once of 1xx, which are kept otherwise. */
  async open(rule: HoldRule, interim?: (head: AnswerHead) => void): Promise<Opened> {
    const lent = this.server.lend(this.#options.isFresh);
    this.#begin(lent instanceof Promise ? await lent : lent); // as a rule one is there at once
    let parts = toldOf(await this.#next(), interim);
    while (parts.head === undefined) parts = toldOf(plus(parts, await this.#next()), interim);
    const { head, framing } = parts.head;
    if (parts.end === undefined) parts = await this.#held(parts, rule(head, framing));
    this.#isHeld = false;
    return { head, framing, interim: parts.interim, body: parts.body, end: parts.end };
  }

  /** The next parts. */
  read(): Promise<Parts> {
    const pending = this.#pending ?? this.#next();
    this.#pending = undefined;
    return pending;
  }

  /** Gives up a server that is silent for too long. */
  sweep(now: number): void {
    if (this.#waitingSince === undefined || this.#lent === undefined) return;
    const { patience, until, limits } = this.#options;
    const passing = this.#framing === 'tunnel' ? limits.tunnelTimeout : limits.streamTimeout;
    const allowed = this.#isHeld ? patience : passing;
    const isLate = this.#isHeld && now > until;
    if (now - this.#waitingSince <= allowed && !isLate) return;
    this.giveUp(new CutoverError('ERR_SERVER_SILENT', `silent for ${allowed} ms`));
  }

  /** Whoever waits for the answer gets this instead. */
  giveUp(because: CutoverError): void {
    this.#closedBecause = because;
    this.#lent?.stream.close();
  }

  /** It is over; the connection is kept if nothing of this exchange can still come on it. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.span?.end({ status: this.status, code: 'aborted' }); // unless somebody has said how
    this.#waitingSince = undefined;
    this.#upload?.endAttempt();
    const lent = this.#lent;
    if (lent === undefined) return;
    const isReusable = this.#head !== undefined && this.#isSent && this.#reader.reusable;
    const idle =
      isReusable && this.#head !== undefined
        ? idleAllowed(this.#head, this.#options.limits.serverIdle)
        : undefined;
    this.server.giveBack(lent, idle);
  }

  #begin(lent: Lent): void {
    const { server, outgoing } = this.#options;
    if (this.#isOver) {
      server.giveBack(lent, undefined);
      throw new CutoverError('ERR_SERVER_RESET', 'nobody waits for the answer any more');
    }
    this.#lent = lent;
    this.#reader.expect(outgoing.method, { upgrade: outgoing.upgrade });
    const sent = lent.stream.send(outgoing.bytesFor(this.span?.traceparent));
    const upload = this.#upload;
    // What goes in one piece is taken at once; an answer may be read before we hear of that.
    this.#isSent = upload === undefined;
    const allSent = upload === undefined ? sent : this.#sendRest(sent, lent, upload);
    // A server that closes while we send has perhaps answered before: what it said says more.
    allSent.catch(ignored);
  }

  async #held(begun: Parts, { bytes, ms }: Hold): Promise<Parts> {
    const { clock } = this.#options;
    const until = clock.now() + ms;
    let parts = begun;
    while (parts.end === undefined && parts.body.length < bytes) {
      const more = await this.#readUntil(until);
      if (more === undefined) break;
      parts = plus(parts, more);
    }
    return parts;
  }

  /** Undefined: nothing came by then; it is not lost. */
  async #readUntil(until: number): Promise<Parts | undefined> {
    const { clock } = this.#options;
    const left = until - clock.now();
    if (left <= 0) return undefined;
    if (left === Infinity) return this.read();
    this.#pending ??= this.#next();
    const pending = this.#pending;
    const late = await new Promise<boolean>(resolve => {
      const cancel = clock.after(left, () => resolve(true));
      const inTime = () => {
        cancel();
        resolve(false);
      };
      pending.then(inTime, inTime);
    });
    return late ? undefined : this.read();
  }

  /** All that can be read now: a small answer is whole at once. */
  async #next(): Promise<Parts> {
    const lent = this.#lent;
    if (lent === undefined) throw new TypeError('there is no connection to read from');
    this.#waitingSince = this.#options.clock.now();
    const bytes = await lent.receive();
    this.#waitingSince = undefined;
    if (bytes.length === 0 && this.#closedBecause !== undefined) throw this.#closedBecause;
    if (bytes.length > 0) this.#reader.push(bytes);
    else this.#reader.closed();
    const parts = partsOf(this.#reader);
    if (parts.head !== undefined) {
      this.#head = parts.head.head;
      this.#framing = parts.head.framing.kind;
      this.delay = this.#options.clock.now() - this.startedAt;
    }
    return parts;
  }

  async #sendRest(begun: Promise<void>, lent: Lent, upload: Upload): Promise<void> {
    await begun;
    while (!this.#isOver) {
      const bytes = await upload.next();
      if (bytes === undefined) break;
      await lent.stream.send(bytes);
      upload.sent(bytes.length);
      // A server that takes something is not silent.
      if (this.#waitingSince !== undefined) this.#waitingSince = this.#options.clock.now();
    }
    if (!this.#isOver) this.#isSent = true;
  }
}

const ignored = () => undefined;

/** Who wants to know of 1xx at once is told; else they are kept. */
function toldOf(parts: Parts, interim: ((head: AnswerHead) => void) | undefined): Parts {
  if (interim === undefined || parts.interim.length === 0) return parts;
  parts.interim.forEach(interim);
  return { ...parts, interim: [] };
}
