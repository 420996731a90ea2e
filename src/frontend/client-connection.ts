/**
 * One client's connection: requests are asked one after the other, answers are written in order. It
 * knows no socket and no timer of its own; the frontend's sweep lets it see what is overdue.
 */
import type { Clock } from '../kernel/clock.js';
import { kindOf, type ErrorCode } from '../kernel/errors.js';
import {
  answerHead,
  chunkEnd,
  chunkHead,
  framingForClient,
  requestIdLine,
} from '../http/fields.js';
import type { AnswerFraming } from '../http/message.js';
import { continueAnswer } from '../http/own-answers.js';
import type { AccessEntry, Begun, Ending } from '../telemetry/access-entry.js';
import { answerField, namesRequest, withoutAnswerField } from '../telemetry/answer-field.js';
import type { Account } from '../wire/account.js';
import { framingAt, type Answer, type Interim, type Part } from '../wire/envelope.js';
import type { RequestEnd } from '../wire/measures.js';
import { AccessNotes, nothingGiven, type Given } from './access-notes.js';
import { ClientWriter, type WriterHost } from './client-writer.js';
import type { Asker, Exchange, WholeRequest } from './exchange.js';
import type { Arrival, Incoming, Manners } from './incoming.js';
import { ourAnswer } from './our-answer.js';

/** All that a connection needs from the frontend. */
export interface ConnectionHost {
  /** Done, or refused at once. Empty bytes close the connection. */
  send(bytes: Buffer): Promise<void>;
  /** Finds a worker for the request; or says why nobody can be asked. */
  ask(request: WholeRequest, asker: Asker): Exchange | ErrorCode;
  /** The answer is complete, or was given up. */
  ended(exchange: Exchange): void;
  /** Nobody waits for the answer any more. */
  cancel(exchange: Exchange): void;
  /** So many bytes of an answer's body have found a place. */
  grant(exchange: Exchange, bytes: number): void;
  refused(code: ErrorCode, because: string, requestId: string | undefined): void;
  /** A request is over; `status`: of its answer, if it got one; `ms`: since it was there. */
  over(end: RequestEnd, status: number | undefined, ms: number): void;
  /** For the access log; undefined: there is none. */
  readonly log?: ((entry: AccessEntry) => void) | undefined;
  /** The connection is closed: forget it. */
  closed(): void;
  /** The frontend drains: connections end with the answer that they wait for. */
  isStopping(): boolean;
}

/** Milliseconds. */
export interface ConnectionLimits {
  readonly idle: number;
  readonly tunnel: number;
  /** Bytes: credit goes back in amounts that are worth an envelope. */
  readonly grant: number;
  /** Answers tell who has answered. */
  readonly tellsWho?: boolean | undefined;
}

interface Asked {
  readonly exchange: Exchange;
  readonly manners: Manners;
  /** How the body goes to the client; undefined: not answered yet. */
  framing: AnswerFraming['kind'] | undefined;
  /** Monotonic milliseconds. */
  readonly askedAt: number;
  /** Of its answer, once that has begun. */
  status: number | undefined;
  /** For the access log. */
  readonly given: Given;
}

/**
 * How long a client that has just come is waited for by a frontend that would like to end: between connecting and
 * asking lie its own scheduler, and the way to us.
 */
const NEWCOMER = 1000;
/**
 * How long a client that we refused may go on sending before the connection closes: closing on what
 * was not read resets it, and the answer could be lost with that (RFC 9112 §9.6).
 */
const LINGER = 1000;
/** Heads and bodies up to this go in one piece; above, copying costs more than a second message. */
const JOIN_BYTES = 16_384;

export class ClientConnection implements Asker, WriterHost {
  readonly #host: ConnectionHost;
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #incoming: Incoming;
  readonly #writer: ClientWriter;
  readonly #notes: AccessNotes;
  #asked: Asked | undefined;
  #phase: 'http' | 'tunnel' | 'lingering' | 'over' = 'http';
  /** Monotonic milliseconds. */
  readonly #cameAt: number;
  /** Monotonic milliseconds: when this phase, or the present silence, began. */
  #since: number;
  #toGrant = 0;
  #isProceeding = false;
  #hasAsked = false;

  constructor(about: {
    readonly host: ConnectionHost;
    readonly limits: ConnectionLimits;
    readonly clock: Clock;
    /** Makes the reading side, which says through `arrived` that there is something to take. */
    readonly incoming: (arrived: () => void) => Incoming;
  }) {
    this.#host = about.host;
    this.#limits = about.limits;
    this.#clock = about.clock;
    this.#cameAt = about.clock.now();
    this.#since = this.#cameAt;
    this.#writer = new ClientWriter(this, about.clock);
    this.#notes = new AccessNotes(about.host.log, about.clock);
    this.#incoming = about.incoming(() => this.#proceed());
  }

  /** Nothing is asked, nothing has begun to arrive, nothing is left to write. */
  get isIdle(): boolean {
    return this.#asked === undefined && this.#incoming.isIdle && this.#writer.idle;
  }

  /** It speaks another protocol: what follows ends when both sides like. */
  get isTunnel(): boolean {
    return this.#phase === 'tunnel';
  }

  /** It is not idle, or about to ask, because it has only just come. */
  get isBusy(): boolean {
    if (!this.isIdle) return true;
    const isNew = this.#phase === 'http' && !this.#hasAsked;
    return isNew && this.#clock.now() - this.#since < NEWCOMER;
  }

  received(bytes: Buffer): void {
    if (this.#phase === 'http') this.#incoming.push(bytes);
    else if (this.#phase === 'tunnel') this.#tunnelled(bytes);
  }

  /** The client has gone. */
  gone(): void {
    if (this.#phase === 'over') return;
    const wasOpen = this.#phase !== 'lingering';
    this.#phase = 'over';
    this.#writer.abandon();
    if (wasOpen) this.#notes.untaken(this.#incoming.untaken);
    this.#incoming.discard();
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === undefined) return;
    this.#host.cancel(asked.exchange);
    this.#over(asked, 'cancelled');
    this.#noted(asked, asked.framing === 'tunnel' ? 'complete' : 'aborted');
  }

  /** The frontend drains: who waits for nothing goes now. */
  drain(): void {
    if (this.#phase === 'http' && !this.isBusy) this.#close();
  }

  /**
   * The time for draining is over, of tunnels or of everything else: what is not finished is cut off. `cameBy`:
   * monotonic milliseconds; who came later is spared.
   */
  giveUp(what: 'tunnels' | 'requests', cameBy: number): void {
    const isMeant = this.isTunnel === (what === 'tunnels') && this.#cameAt <= cameBy;
    if (isMeant && this.#phase !== 'over' && !this.isIdle) this.#hangUp();
  }

  /** Closes at once: there is no room for another connection. */
  turnAway(): void {
    this.#refuse('ERR_CONNECTIONS_FULL');
  }

  sweep(now: number): void {
    const silent = now - this.#since;
    if (this.#phase === 'http') {
      this.#incoming.sweep(now);
      if (this.isIdle && silent > this.#limits.idle) this.#close();
    } else if (this.#phase === 'tunnel') {
      if (silent > this.#limits.tunnel) this.#hangUp();
    } else if (this.#phase === 'lingering' && silent > LINGER) this.#writer.close();
  }

  // ── what comes from the worker ──

  interim([, , status, reason, fields]: Interim): void {
    if (this.#asked?.manners.version !== '1.1') return; // RFC 9110 §15.2
    const kept = this.#limits.tellsWho === true ? withoutAnswerField(fields) : fields;
    this.#writer.write(Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${kept}\r\n`, 'latin1'));
  }

  answer(envelope: Answer): void {
    const [, , status, reason, , framing, body, more, trailers, account] = envelope;
    const asked = this.#asked;
    if (asked === undefined) return;
    asked.status = status;
    this.#notes.answered(asked.given, status, account);
    const { version: clientVersion } = asked.manners;
    const wanted = framingAt(framing);
    if (wanted === 'tunnel') this.#becomeTunnel();
    asked.framing = framingForClient(wanted === 'open' ? 'chunked' : wanted, clientVersion);
    asked.exchange.answered = true;
    const keepAlive = this.#keepsAlive(asked);
    const fields = this.#fieldsFor(asked, envelope[4], account);
    const head = { status, reason, fields, framing: asked.framing, clientVersion, keepAlive };
    this.#writeBody(asked, answerHead(head), body, more, trailers);
    if (wanted !== 'tunnel') return;
    const early = this.#incoming.intoTunnel();
    if (early === undefined) return this.#hangUp(); // some of it was refused, and is lost
    if (early.length > 0) this.#tunnelled(early);
  }

  part([, , bytes, more, trailers]: Part): void {
    const asked = this.#asked;
    if (asked?.framing === undefined) return;
    if (this.#phase === 'tunnel') this.#since = this.#clock.now();
    this.#writeBody(asked, '', bytes, more, trailers);
  }

  failed(code: ErrorCode, because: string, account: Account | null = null): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    const { headOnly, version, requestId } = asked.manners;
    this.#host.refused(code, because, requestId);
    // Whoever hears from us that something is wrong may keep its connection, if it can.
    const keepAlive = version === '1.1' && this.#keepsAlive(asked);
    const fields = this.#fieldsFor(asked, '', account);
    this.#writer.write(ourAnswer(code, { keepAlive, headOnly }, fields));
    asked.status = kindOf(code).status;
    this.#notes.answeredBy(code, headOnly, asked.given, account);
    this.#answered(asked, keepAlive, 'failed');
  }

  cut(): void {
    if (this.#asked !== undefined) {
      this.#over(this.#asked, 'cut');
      this.#noted(this.#asked, 'cut');
    }
    this.#asked = undefined;
    this.#incoming.discard();
    this.#phase = 'lingering'; // until the close is taken
    this.#writer.cut();
  }

  // ── what comes from the writer ──

  send(bytes: Buffer): Promise<void> {
    return this.#host.send(bytes);
  }

  drained(): void {
    this.#proceed();
  }

  closed(): void {
    this.gone();
    this.#host.closed();
  }

  /** Asks the next request, if there is one and nothing is asked. */
  #proceed(): void {
    if (this.#isProceeding) return; // taking one reads ahead, and may announce the next
    this.#isProceeding = true;
    try {
      while (this.#asked === undefined && this.#phase === 'http' && !this.#writer.isFull) {
        const arrival = this.#incoming.take();
        if (arrival === undefined) break;
        this.#serve(arrival);
      }
    } finally {
      this.#isProceeding = false;
    }
    if (this.#asked !== undefined || !this.#incoming.owesContinue) return;
    this.#incoming.owesContinue = false;
    this.#writer.write(continueAnswer);
  }

  #serve(arrival: Arrival): void {
    this.#hasAsked = true;
    if (arrival.kind === 'refusal') {
      this.#host.refused(arrival.code, arrival.because, arrival.requestId);
      this.#refuse(arrival.code, arrival);
      return;
    }
    const { request, manners } = arrival;
    const askedAt = this.#clock.now();
    const exchange = this.#host.ask(request, this);
    if (typeof exchange === 'string') {
      this.#host.refused(exchange, 'nobody could be asked', manners.requestId);
      const keepAlive = manners.version === '1.1' && manners.keepAlive && !this.#host.isStopping();
      const { headOnly } = manners;
      const fields = idLine(manners.requestId);
      this.#writer.write(ourAnswer(exchange, { keepAlive, headOnly }, fields));
      this.#notes.own(exchange, headOnly, manners.begun);
      request.body.discard();
      this.#host.over('failed', kindOf(exchange).status, 0);
      this.#next(request, keepAlive);
      return;
    }
    const given = nothingGiven();
    this.#asked = { exchange, manners, framing: undefined, askedAt, status: undefined, given };
  }

  #refuse(
    code: ErrorCode,
    about: { requestId?: string | undefined; begun?: Begun | undefined } = {},
  ) {
    const how = { keepAlive: false, headOnly: false };
    this.#writer.write(ourAnswer(code, how, idLine(about.requestId)));
    this.#notes.own(code, false, about.begun);
    this.#linger();
  }

  /** A server that has a name of its own for the request keeps it; who has answered is for us to say. */
  #fieldsFor({ exchange, manners }: Asked, received: string, account: Account | null): string {
    const { requestId } = manners;
    const named =
      requestId === undefined || namesRequest(received)
        ? received
        : received + requestIdLine(requestId);
    if (this.#limits.tellsWho !== true) return named;
    const who =
      account === null ? '' : answerField(account, exchange.answered && exchange.attempts > 1);
    return withoutAnswerField(named) + who;
  }

  #keepsAlive({ manners, framing }: Asked): boolean {
    return manners.keepAlive && framing !== 'close' && !this.#host.isStopping();
  }

  #writeBody(asked: Asked, head: string, body: Uint8Array, more: boolean, trailers: string): void {
    const chunked = asked.framing === 'chunked';
    const before = chunked && body.length > 0 ? `${head}${chunkHead(body.length)}` : head;
    const end = chunked && body.length > 0 ? chunkEnd : '';
    const last = this.#limits.tellsWho === true ? withoutAnswerField(trailers) : trailers;
    const after = chunked && !more ? `${end}0\r\n${last}\r\n` : end;
    const taken = more && body.length > 0 ? () => this.#taken(asked, body.length) : undefined;
    this.#write(before, body, after, taken);
    asked.given.bytes += body.length;
    if (more) return;
    if (asked.framing === 'tunnel') return this.#tunnelEnded(asked);
    this.#answered(asked, this.#keepsAlive(asked));
  }

  #write(before: string, body: Uint8Array, after: string, taken?: () => void): void {
    const size = before.length + body.length + after.length;
    if (size === 0) return;
    if (size <= JOIN_BYTES) {
      const joined = Buffer.allocUnsafe(size);
      joined.write(before, 0, 'latin1');
      joined.set(body, before.length);
      joined.write(after, before.length + body.length, 'latin1');
      this.#writer.write(joined, taken);
      return;
    }
    if (before.length > 0) this.#writer.write(Buffer.from(before, 'latin1'));
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#writer.write(bytes, taken);
    if (after.length > 0) this.#writer.write(Buffer.from(after, 'latin1'));
  }

  #taken(asked: Asked, bytes: number): void {
    if (this.#asked !== asked) return;
    this.#toGrant += bytes;
    if (this.#toGrant < this.#limits.grant) return;
    this.#host.grant(asked.exchange, this.#toGrant);
    this.#toGrant = 0;
  }

  #answered(asked: Asked, keepAlive: boolean, end: RequestEnd = 'answered'): void {
    const { exchange } = asked;
    this.#asked = undefined;
    this.#toGrant = 0;
    this.#host.ended(exchange);
    this.#over(asked, end);
    this.#noted(asked, 'complete');
    this.#next(exchange.request, keepAlive);
  }

  #over({ status, askedAt }: Asked, end: RequestEnd): void {
    this.#host.over(end, status, this.#clock.now() - askedAt);
  }

  /** Goes on behind an answer. */
  #next(answered: WholeRequest, keepAlive: boolean): void {
    this.#since = this.#clock.now();
    if (!keepAlive) return this.#incoming.isIdle ? this.#close() : this.#linger();
    if (answered.upgrade) this.#incoming.resume();
    this.#proceed();
  }

  /** Closes after what was written; nothing that still comes is asked. */
  #close(): void {
    this.#linger();
    this.#writer.close();
  }

  /** Closes a little later. */
  #linger(): void {
    this.#incoming.discard();
    this.#phase = 'lingering';
    this.#since = this.#clock.now();
  }

  // ── tunnel ──

  #becomeTunnel(): void {
    this.#phase = 'tunnel';
    this.#since = this.#clock.now();
  }

  #tunnelled(bytes: Buffer): void {
    this.#since = this.#clock.now();
    const asked = this.#asked;
    if (asked === undefined || asked.exchange.tunnel(bytes)) return;
    this.#host.refused('ERR_TUNNEL_FULL', 'its server does not keep up', asked.manners.requestId);
    this.#hangUp();
  }

  #hangUp(): void {
    if (this.#asked !== undefined) this.#host.cancel(this.#asked.exchange);
    this.cut();
  }

  #tunnelEnded(asked: Asked): void {
    this.#asked = undefined;
    this.#host.ended(asked.exchange);
    this.#over(asked, 'answered');
    this.#writer.close();
    this.#noted(asked, 'complete');
  }

  #noted({ manners, given, exchange }: Asked, ending: Ending): void {
    this.#notes.ended(manners.begun, given, ending, exchange.attempts);
  }
}

const idLine = (requestId: string | undefined) =>
  requestId === undefined ? '' : requestIdLine(requestId);
