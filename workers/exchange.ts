/**
 * The life of one request in a worker: decide which version serves it, pick a server, send, read the
 * answer's head, and pass everything on as the client takes it. Nothing is sent to the frontend before
 * the head has been accepted, so that until then another server can be tried.
 */
import { CutoverError, codeOf, messageOf, type ErrorCode } from '../src/kernel/errors.js';
import type { ExchangeId } from '../src/kernel/ids.js';
import { AnswerReader } from '../src/http/answer-reader.js';
import { answerFields, trailerLines } from '../src/http/fields.js';
import type { AnswerFraming, AnswerHead, AnswerLimits, AnswerPart } from '../src/http/message.js';
import { isSafeToRepeat } from '../src/http/methods.js';
import {
  framingIndex,
  kinds,
  type FromWorker,
  type Request,
  type WireFraming,
} from '../src/wire/envelope.js';
import { idleAllowed } from './containers/keep-alive.js';
import type { Lent, Server } from './containers/server.js';
import { Download } from './download.js';
import { nextAttempt } from './next-attempt.js';
import { Upload } from './upload.js';

/** Milliseconds and bytes. */
export interface ExchangeLimits {
  readonly answerTimeout: number;
  readonly streamTimeout: number;
  readonly tunnelTimeout: number;
  readonly serverIdle: number;
  readonly answer: AnswerLimits;
  /** Bytes that the frontend sends without credit. */
  readonly window: number;
}

/** All that an exchange needs from its worker. */
export interface ExchangeHost {
  readonly limits: ExchangeLimits;
  now(): number;
  /** To the frontend that asked. */
  push(envelope: FromWorker): void;
  /** A server that was not tried; undefined: none is left. */
  pick(tried: ReadonlyMap<Server, CutoverError>): Server | undefined;
  refused(server: Server, cause: CutoverError): void;
  failed(about: {
    method: string;
    server: Server | undefined;
    code: ErrorCode;
    because: string;
  }): void;
}

const wireFraming: Readonly<Record<AnswerFraming['kind'], WireFraming>> = {
  none: 'none',
  length: 'length',
  chunked: 'open',
  close: 'open',
  tunnel: 'tunnel',
};
/** Its Upgrade field names what is required: RFC 9110 §15.5.22. */
const UPGRADE_REQUIRED = 426;
const nothing = Buffer.alloc(0);

export class Exchange {
  readonly id: ExchangeId;
  readonly #host: ExchangeHost;
  readonly #request: Request;
  readonly #upload: Upload;
  readonly #download: Download;
  #lent: Lent | undefined;
  #isCancelled = false;
  #isAnswered = false;
  #isTunnel = false;
  /** All of the request has left. */
  #isSent = false;
  /** A part of the body that came later has been sent: the request cannot be sent again from here. */
  #isPartlySent = false;
  /** Why we closed the connection ourselves. */
  #closedBecause: CutoverError | undefined;
  /** Monotonic milliseconds: since when we wait for the server; undefined: it is not its turn. */
  #waitingSince: number | undefined;

  constructor(request: Request, window: number, host: ExchangeHost) {
    const [, id, , , , , more] = request;
    this.id = id;
    this.#host = host;
    this.#request = request;
    this.#download = new Download(window);
    this.#upload = new Upload({
      more: more || request[4],
      grantFrom: Math.min(32_768, Math.ceil(host.limits.window / 2)),
      grant: bytes => host.push([kinds.credit, id, bytes]),
    });
  }

  /** Settles when nothing more will be said of it. Never rejects. */
  async run(): Promise<void> {
    let server: Server | undefined;
    const tried = new Map<Server, CutoverError>();
    try {
      for (let seen = 0; !this.#isCancelled;) {
        server = this.#host.pick(tried) ?? this.#noneLeft(tried);
        const verdict = await this.#attempt(server, tried, seen);
        if (verdict === 'done') return;
        if (verdict === 'seen') seen += 1;
      }
    } catch (cause) {
      this.#fail(server, cause);
    } finally {
      this.#upload.end();
      this.#download.end();
    }
  }

  part(bytes: Uint8Array, more: boolean): void {
    // A request that may become a tunnel has no last part: the client's end is a cancel.
    this.#upload.push(bytes, more || this.#request[4]);
  }

  granted(bytes: number): void {
    this.#download.granted(bytes);
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    this.#isCancelled = true;
    this.#upload.end();
    this.#download.end();
    this.#lent?.stream.close();
  }

  /** Gives up a server that is silent for too long. */
  sweep(now: number): void {
    if (this.#waitingSince === undefined) return;
    const { answerTimeout, streamTimeout, tunnelTimeout } = this.#host.limits;
    const answered = this.#isTunnel ? tunnelTimeout : streamTimeout;
    const allowed = this.#isAnswered ? answered : answerTimeout;
    if (now - this.#waitingSince <= allowed) return;
    this.#closedBecause = new CutoverError('ERR_SERVER_SILENT', `silent for ${allowed} ms`);
    this.#lent?.stream.close();
  }

  #noneLeft(tried: ReadonlyMap<Server, CutoverError>): never {
    throw (
      [...tried.values()].at(-1) ??
      new CutoverError('ERR_NO_CONNECTION', 'all connections to all servers are busy')
    );
  }

  /** `unseen`, `seen`: it failed, and another may be made. Throws when none may. */
  async #attempt(
    server: Server,
    tried: Map<Server, CutoverError>,
    seen: number,
  ): Promise<'done' | 'unseen' | 'seen'> {
    let lent: Lent | undefined;
    const reader = new AnswerReader(this.#host.limits.answer);
    try {
      lent = await server.lend();
      this.#lent = lent;
      if (this.#isCancelled) return this.#giveBack(server, lent, undefined);
      const idle = await this.#over(lent, reader);
      return this.#giveBack(server, lent, idle);
    } catch (thrown) {
      const cause = this.#closedBecause ?? thrown;
      if (lent !== undefined) this.#giveBack(server, lent, undefined);
      if (this.#isAnswered || this.#isCancelled || !(cause instanceof CutoverError)) throw cause;
      const next = nextAttempt({
        unseen: cause.kind.unseen,
        safeToRepeat: isSafeToRepeat(this.#request[2]),
        isReset: cause.code === 'ERR_SERVER_RESET' && reader.untouched,
        wasUsed: lent?.isUsed ?? false,
        isWhole: !this.#isPartlySent,
        seen: seen + 1,
      });
      if (next === 'fail') throw cause;
      if (cause.kind.unseen) this.#host.refused(server, cause);
      if (next === 'elsewhere') tried.set(server, cause);
      return cause.kind.unseen ? 'unseen' : 'seen';
    }
  }

  #giveBack(server: Server, lent: Lent, idle: number | undefined): 'done' {
    this.#lent = undefined;
    this.#upload.endAttempt();
    this.#waitingSince = undefined;
    server.giveBack(lent, this.#isCancelled ? undefined : idle);
    return 'done';
  }

  /** Sends the request and passes on the answer; returns how long the connection may be kept. */
  async #over(lent: Lent, reader: AnswerReader): Promise<number | undefined> {
    reader.expect(this.#request[2], { upgrade: this.#request[4] });
    // What goes in one piece is taken at once; an answer may be read before we hear of that.
    this.#isSent = !this.#request[6] && !this.#request[4];
    // A server that closes while we send has perhaps answered before: what it said says more.
    this.#send(lent).catch(() => undefined);
    let accepted: AnswerHead | undefined;
    for (;;) {
      await this.#download.pressure;
      const bytes = await this.#receive(lent);
      if (bytes.length > 0) reader.push(bytes);
      else reader.closed();
      const parts = partsOf(reader);
      this.#passOn(parts);
      accepted ??= parts.head?.head;
      if (parts.end !== undefined) break;
    }
    if (accepted === undefined || !reader.reusable || !this.#isSent) return undefined;
    return idleAllowed(accepted, this.#host.limits.serverIdle);
  }

  async #receive(lent: Lent): Promise<Buffer> {
    this.#waitingSince = this.#host.now();
    const bytes = await lent.receive();
    this.#waitingSince = undefined;
    if (bytes.length === 0 && this.#closedBecause !== undefined) throw this.#closedBecause;
    return bytes;
  }

  async #send(lent: Lent): Promise<void> {
    const [, , , head, , body] = this.#request;
    await lent.stream.send(joined(head, body));
    while (this.#lent === lent) {
      const bytes = await this.#upload.next();
      if (bytes === undefined) break;
      this.#isPartlySent = true;
      await lent.stream.send(bytes);
      this.#upload.sent(bytes.length);
      // A server that takes something is not silent.
      if (this.#waitingSince !== undefined) this.#waitingSince = this.#host.now();
    }
    if (this.#lent === lent) this.#isSent = true;
  }

  #passOn({ interim, head, body, end }: Parts): void {
    if (this.#isCancelled) return; // its id may be another exchange's by now
    for (const each of interim) this.#passInterim(each);
    const trailers = end === undefined ? '' : trailerLines(end.trailers);
    const more = end === undefined;
    if (body.length > 0) this.#download.sent(body.length);
    if (head !== undefined) return this.#answer(head, body, more, trailers);
    if (!this.#isAnswered || (body.length === 0 && more)) return;
    this.#host.push([kinds.part, this.id, body, more, trailers]);
  }

  #answer(
    { head, framing }: Extract<AnswerPart, { kind: 'head' }>,
    body: Buffer,
    more: boolean,
    trailers: string,
  ): void {
    this.#isAnswered = true;
    this.#isTunnel = framing.kind === 'tunnel';
    const { status, reason } = head;
    const fields = answerFields(head, this.#isTunnel || status === UPGRADE_REQUIRED);
    const index = framingIndex(wireFraming[framing.kind]);
    this.#host.push([kinds.answer, this.id, status, reason, fields, index, body, more, trailers]);
  }

  /** 100 ends here: the frontend has said it itself, before the body came. */
  #passInterim(head: AnswerHead): void {
    if (head.status === 100) return;
    const fields = answerFields(head, false);
    this.#host.push([kinds.interim, this.id, head.status, head.reason, fields]);
  }

  #fail(server: Server | undefined, cause: unknown): void {
    if (this.#isCancelled) return;
    const code = codeOf(cause);
    const because = messageOf(cause);
    this.#host.push([kinds.failure, this.id, code, because]);
    this.#host.failed({ method: this.#request[2], server, code, because });
  }
}

interface Parts {
  readonly interim: readonly AnswerHead[];
  readonly head: Extract<AnswerPart, { kind: 'head' }> | undefined;
  readonly body: Buffer;
  readonly end: Extract<AnswerPart, { kind: 'end' }> | undefined;
}

/** All that can be read now: a small answer is whole at once, and travels in one envelope. */
function partsOf(reader: AnswerReader): Parts {
  const interim: AnswerHead[] = [];
  const bodies: Buffer[] = [];
  let head: Parts['head'];
  let end: Parts['end'];
  for (let part = reader.next(); part !== undefined; part = reader.next()) {
    if (part.kind === 'body') bodies.push(part.bytes);
    else if (part.kind === 'head') head = part;
    else if (part.kind === 'interim') interim.push(part.head);
    else {
      end = part;
      break;
    }
  }
  return { interim, head, body: whole(bodies), end };
}

function whole(pieces: readonly Buffer[]): Buffer {
  const [first, second] = pieces;
  if (first === undefined) return nothing;
  return second === undefined ? first : Buffer.concat(pieces);
}

/** Head and small body in one piece: one system call, one packet. */
function joined(head: string, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 0, 'latin1');
  bytes.set(body, head.length);
  return bytes;
}
