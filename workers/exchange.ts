/**
 * The life of one request in a worker: it is admitted, asked for until an answer may be given, and that
 * answer is passed on as the client takes it. Nothing is sent to the frontend before, so that until then
 * another server, or another version, can be tried.
 */
import type { UpgradeTransition } from '../src/config/cluster.js';
import { codeOf, messageOf, type ErrorCode } from '../src/kernel/errors.js';
import type { ExchangeId } from '../src/kernel/ids.js';
import { answerFields, trailerLines, valuesOf } from '../src/http/fields.js';
import type { AnswerFraming, AnswerHead } from '../src/http/message.js';
import { isSafe } from '../src/http/methods.js';
import type { ExchangeSpan, Tracing } from '../src/telemetry/spans.js';
import type { Account } from '../src/wire/account.js';
import { framingIndex, kinds, type Request, type WireFraming } from '../src/wire/envelope.js';
import { accountOf } from './account.js';
import type { Admitted } from './admissions.js';
import type { Parts } from './answer-parts.js';
import { Asking, interimEnvelope, type Accepted, type AskingHost } from './asking.js';
import { Comparing, outcomeOf, type ComparingHost } from './comparing.js';
import type { Server } from './containers/server.js';
import { Download } from './download.js';
import type { Served } from './observation/counts.js';
import type { Terms } from './frontend-link.js';
import { Outgoing } from './outgoing.js';
import { isEventStream } from './rescue/hold.js';
import { withoutOurs } from './sessions/request-cookie.js';

/** All that an exchange needs from its worker. */
export interface ExchangeHost extends AskingHost, ComparingHost {
  /** Undefined: nobody wants spans. */
  readonly tracing?: Pick<Tracing, 'begun'> | undefined;
  admit(head: string): Admitted;
  /** What became of it, once nobody waits any more. */
  served(served: Served): void;
  failed(about: {
    method: string;
    server: Server | undefined;
    code: ErrorCode;
    because: string;
    /** What the frontend calls the request; undefined: it has no name. */
    requestId: string | undefined;
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
/**
 * A shared cache may keep it, with its fields (RFC 9111 §3): one client's session would become that of all
 * who get it from there. The next answer that is the client's own sets the cookie.
 */
const SHARED = /\b(?:public|s-maxage)\b/i;
const isShared = (head: AnswerHead) =>
  valuesOf(head, 'cache-control').some(each => SHARED.test(each));

export class Exchange {
  readonly id: ExchangeId;
  readonly #host: ExchangeHost;
  readonly #admitted: Admitted;
  readonly #outgoing: Outgoing;
  readonly #asking: Asking;
  readonly #download: Download;
  readonly #terms: Terms;
  /** Undefined: its trace is not sampled. */
  readonly #span: ExchangeSpan | undefined;
  #isCancelled = false;
  /** What serves the client, once it is known. */
  #accepted: Accepted | undefined;
  #comparing: Comparing | undefined;

  constructor(request: Request, terms: Terms, host: ExchangeHost) {
    const [, id, method, head] = request;
    this.id = id;
    this.#host = host;
    this.#terms = terms;
    this.#download = new Download(terms.window);
    this.#admitted = host.admit(head);
    this.#outgoing = new Outgoing(request, this.#admitted.head, host);
    this.#span = host.tracing?.begun(method, head);
    this.#asking = new Asking(id, this.#outgoing, host, this.#span);
  }

  /** Its answer was 101: what follows ends when both sides like. */
  get isTunnel(): boolean {
    return this.#accepted?.opened.framing.kind === 'tunnel';
  }

  /** Settles when nothing more will be said or learned of it. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#passOn(await this.#acceptable());
      this.#over(undefined);
    } catch (cause) {
      this.#fail(codeOf(cause), messageOf(cause));
      this.#over(cause);
    } finally {
      this.#endSpan(undefined);
      this.#outgoing.end();
      this.#download.end();
    }
    if (this.#comparing !== undefined) await this.#comparing.rest;
  }

  part(bytes: Uint8Array, more: boolean): void {
    this.#outgoing.part(bytes, more);
  }

  granted(bytes: number): void {
    this.#download.granted(bytes);
  }

  /** The same request, given again. True: because this exchange has asked for it. */
  restart(request: Request): boolean {
    return this.#outgoing.restart(request);
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    this.#isCancelled = true;
    this.#download.end();
    this.#asking.cancel();
  }

  /** The frontend is told that there will be no more. */
  giveUp(code: ErrorCode, because: string): void {
    this.#host.push([kinds.failure, this.id, code, because, this.#account]);
    this.cancel();
  }

  /** Gives up servers that are silent for too long. */
  sweep(now: number): void {
    this.#asking.sweep(now);
  }

  /** The answer that the client may have. */
  #acceptable(): Promise<Accepted> {
    const { decision } = this.#admitted;
    if (decision.kind === 'both' && this.#goesToBoth(decision.newer.transition)) {
      this.#comparing = new Comparing(this.#asking, this.#host);
      return this.#comparing.answer(decision);
    }
    const { id } = decision.kind === 'one' ? decision.version : decision.older;
    return this.#asking.accepted(id);
  }

  #goesToBoth(transition: UpgradeTransition): boolean {
    const { method } = this.#outgoing;
    const named = transition.mode === 'CONCURRENT' ? transition.methods : undefined;
    return (isSafe(method) || named?.includes(method) === true) && this.#outgoing.isWhole;
  }

  async #passOn(accepted: Accepted): Promise<void> {
    const { attempt, opened } = accepted;
    const { head, framing } = opened;
    this.#accepted = accepted;
    let bytes: number | undefined = opened.body.length;
    let code: ErrorCode | undefined;
    try {
      if (this.#isCancelled) return;
      this.#answer(accepted);
      // Of what may have no end nothing more is to be known.
      if (opened.end === undefined && (framing.kind === 'tunnel' || isEventStream(head))) {
        bytes = undefined;
      }
      let { end } = opened;
      while (end === undefined) {
        await this.#download.pressure;
        const parts = await attempt.read();
        if (bytes !== undefined) bytes += parts.body.length;
        this.#part(parts);
        end = parts.end;
      }
    } catch (cause) {
      code = codeOf(cause);
      throw cause;
    } finally {
      const outcome = code === undefined ? outcomeOf(head) : 'failed';
      const size = this.#isCancelled || code !== undefined ? undefined : bytes;
      this.#asking.observe(attempt, { outcome, code, status: head.status, bytes: size });
    }
  }

  #answer({ opened }: Accepted): void {
    const { head, framing, interim, body, end } = opened;
    for (const each of interim) {
      if (each.status !== 100) this.#host.push(interimEnvelope(this.id, each));
    }
    const { status, reason } = head;
    const keepUpgrade = framing.kind === 'tunnel' || status === UPGRADE_REQUIRED;
    const fields = this.#fieldsFor(head, answerFields(head, keepUpgrade));
    const index = framingIndex(wireFraming[framing.kind]);
    const trailers = end === undefined ? '' : trailerLines(end.trailers);
    const more = end === undefined;
    if (body.length > 0) this.#download.sent(body.length);
    const account = this.#account;
    this.#host.push([
      kinds.answer,
      this.id,
      status,
      reason,
      fields,
      index,
      body,
      more,
      trailers,
      account,
    ]);
  }

  /** Containers cannot set our cookie. Fields are looked up, because patterns would search all of `received`. */
  #fieldsFor(head: AnswerHead, received: string): string {
    const setsCookie = valuesOf(head, 'set-cookie').length > 0;
    const fields = setsCookie ? withoutOurs(received) : received;
    const { cookie } = this.#admitted;
    return cookie === '' || isShared(head) ? fields : fields + cookie;
  }

  #part({ body, end }: Parts): void {
    if (this.#isCancelled || (body.length === 0 && end === undefined)) return;
    const trailers = end === undefined ? '' : trailerLines(end.trailers);
    if (body.length > 0) this.#download.sent(body.length);
    this.#host.push([kinds.part, this.id, body, end === undefined, trailers]);
  }

  /** `cause`: why there is no answer, or no more of it. */
  #over(cause: unknown): void {
    const { decision } = this.#admitted;
    const attempt = this.#accepted?.attempt;
    const decided = decision.kind === 'one' ? decision.version : decision.older;
    const { id } = attempt?.version ?? decided;
    this.#host.served({
      version: id,
      end: this.#endBy(cause, attempt?.number ?? 1),
      status: attempt?.status,
      ms: this.#host.clock.now() - this.#asking.startedAt,
    });
  }

  #endBy(cause: unknown, number: number): Served['end'] {
    if (this.#isCancelled) return 'cancelled';
    if (cause !== undefined) return this.#accepted === undefined ? 'failed' : 'cut';
    return number > 1 ? 'rescued' : 'answered';
  }

  /** For the frontend, if it has asked. */
  get #account(): Account | null {
    return this.#terms.accounts ? this.#told() : null;
  }

  #told(): Account {
    const compared = this.#comparing?.result;
    return accountOf(this.#admitted, this.#asking, { accepted: this.#accepted?.attempt, compared });
  }

  #endSpan(code: ErrorCode | undefined): void {
    if (this.#span === undefined) return;
    const status = this.#accepted?.opened.head.status;
    this.#span.end({ status, code: this.#isCancelled ? 'aborted' : code }, this.#told());
  }

  #fail(code: ErrorCode, because: string): void {
    if (this.#isCancelled) return;
    this.#endSpan(code);
    this.#host.push([kinds.failure, this.id, code, because, this.#account]);
    const server = this.#accepted?.attempt.server ?? this.#asking.last?.server;
    const { method, requestId } = this.#outgoing;
    this.#host.failed({ method, server, code, because, requestId });
  }
}
