/**
 * Asks servers, and versions, for the answer to one request until one of them may be given to the client.
 * What became of each attempt is observed here if it was not used; of the others it is known later.
 */
import type { Clock } from '../src/kernel/clock.js';
import { CutoverError, type ErrorCode } from '../src/kernel/errors.js';
import type { ExchangeId, VersionId } from '../src/kernel/ids.js';
import { answerFields } from '../src/http/fields.js';
import type { AnswerHead } from '../src/http/message.js';
import { isSafeToRepeat } from '../src/http/methods.js';
import type { Pair } from '../src/verdict/pair.js';
import type { Version } from '../src/versions/version.js';
import type { ExchangeSpan } from '../src/telemetry/spans.js';
import { kinds, type FromWorker, type Interim } from '../src/wire/envelope.js';
import type { Observation } from '../src/wire/observation.js';
import { Attempt, holdNothing, type AttemptLimits, type HoldRule, type Opened } from './attempt.js';
import type { Server } from './containers/server.js';
import type { Fleet, Picked } from './fleet.js';
import type { Blame, Observed } from './observation/withheld.js';
import type { Outgoing } from './outgoing.js';
import { heldForRescue } from './rescue/hold.js';
import { isCharged, nextAttempt, type Failure } from './rescue/next-attempt.js';
import type { RetryBudget } from './rescue/budget.js';

/** Milliseconds and bytes. */
export interface AskingLimits extends AttemptLimits {
  readonly answerTimeout: number;
  /** A server that is silent for so long may have been cut off from us. */
  readonly connectTimeout: number;
  /** For the version that users move to, where somebody else can be asked. */
  readonly rescuePatience: number;
  /** Of an answer of that version, kept until it is whole. */
  readonly hold: number;
  readonly honoursIdempotencyKeys: boolean;
  /** Bytes that the frontend sends without credit. */
  readonly window: number;
}

export interface AskingHost {
  readonly limits: AskingLimits;
  readonly clock: Clock;
  readonly fleet: Pick<Fleet, 'pick' | 'pickOf' | 'behind' | 'left' | 'succeeded' | 'failed'>;
  readonly budget: RetryBudget;
  /** To the frontend that asked. */
  readonly push: (envelope: FromWorker) => void;
  /** `blame`: whose failure it is, if it is one. */
  observed(observed: Observed, blame: Blame | undefined): void;
  refused(server: Server, cause: CutoverError): void;
  /** Of ours, on the way to an answer that nobody waits for. */
  fault(cause: unknown): void;
}

/** An answer that the client may have, and the attempt that brought it. */
export interface Accepted {
  readonly attempt: Attempt;
  readonly opened: Opened;
}

/** What became of an attempt. */
export interface Result {
  readonly outcome: Observation['outcome'];
  readonly code?: ErrorCode | undefined;
  readonly status?: number | undefined;
  readonly bytes?: number | undefined;
  /** Of an answer that differed: made only if somebody keeps it. */
  readonly pair?: (() => Pair) | undefined;
}

/** What is to be known of an answer before it is used; `interim`: 1xx go to the client at once. */
export interface Wanted {
  readonly rule: HoldRule;
  readonly interim: ((head: AnswerHead) => void) | undefined;
}

interface StartOptions {
  readonly number: number;
  /** Milliseconds. */
  readonly patience?: number;
  readonly isFresh?: boolean;
}

export class Asking {
  readonly outgoing: Outgoing;
  readonly #host: AskingHost;
  readonly #id: ExchangeId;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** One, or two that are compared: a Set for each request would be dearer. */
  #live: readonly Attempt[] = [];
  readonly #span: Pick<ExchangeSpan, 'attempt'> | undefined;
  #last: Attempt | undefined;
  #attempts = 0;
  #isOver = false;

  /** `span`: of the whole request; undefined: nobody wants any. */
  constructor(id: ExchangeId, outgoing: Outgoing, host: AskingHost, span?: ExchangeSpan) {
    this.#id = id;
    this.outgoing = outgoing;
    this.#host = host;
    this.#span = span;
    this.startedAt = host.clock.now();
    host.budget.request(this.startedAt);
  }

  /** Nobody waits for an answer any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The attempt that began last. */
  get last(): Attempt | undefined {
    return this.#last;
  }

  /** Made one after another for one answer. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The first answer that the client may have, of this version or of one behind it. */
  async accepted(first: VersionId, wanted?: Wanted, without?: Server): Promise<Accepted> {
    let tried = without === undefined ? nobody : new Set([without]);
    let from = first;
    let seen = 0;
    let isFresh = false;
    let last: CutoverError | undefined;
    /** An error that was to be rescued, and is better than no answer. */
    let spare: Accepted | undefined;
    for (let number = 1; !this.#isOver; number++) {
      const { isRepeatable } = this.outgoing;
      const picked = this.#host.fleet.pick(from, tried, { isRepeatable, isFirst: number === 1 });
      if (picked === undefined && spare !== undefined) return spare;
      if (picked === undefined) throw last ?? noConnection();
      this.#attempts = number;
      const attempt = this.#started(picked, { number, isFresh });
      const { rule, interim } = wanted ?? this.#usual(picked);
      let opened: Opened | CutoverError;
      // Not by `#openedOnce`: every request passes here, and a promise less is worth a few lines.
      try {
        opened = await attempt.open(rule, interim);
      } catch (cause) {
        opened = this.#failureIn(cause, attempt);
      }
      const failure = failureOf(opened);
      if (failure === undefined) {
        this.#unused(spare);
        return { attempt, opened: this.#mustBe(opened, attempt) };
      }
      const mayBeStale = failure === 'reset' && attempt.mayBeStale;
      if (failure !== 'unseen') seen += 1;
      const next = this.#next(failure, picked, { tried, seen, mayBeStale });
      if (opened instanceof CutoverError) {
        this.#failed(attempt, opened);
        last = opened;
        if (failure === 'unseen') this.#host.refused(picked.server, opened);
        if (next === 'fail' && spare !== undefined) return spare;
        if (next === 'fail') throw opened;
      } else {
        this.#unused(spare);
        if (next === 'pass-on') return { attempt, opened };
        // Two attempts must not share an upload.
        if (this.outgoing.isWhole) spare = { attempt, opened };
        else this.#failed(attempt, opened);
      }
      isFresh = next === 'again';
      if (!isFresh) tried = new Set([...tried, picked.server]);
      if (next === 'other-version') {
        from = this.#host.fleet.behind(picked.version)[0]?.id ?? from;
      }
      if (this.outgoing.isPartlySent) await this.outgoing.again();
    }
    throw nobodyWaits();
  }

  /** What one version says, and no other; undefined: it has no server left. Never rejects. */
  async once(
    version: Version,
    wanted: Wanted,
    about: { readonly number: number; readonly patience: number; readonly without?: Server },
  ): Promise<Once | undefined> {
    const tried = { has: (server: Server) => server === about.without };
    const picked = this.#host.fleet.pickOf(version, tried);
    if (picked === undefined || this.#isOver) return undefined;
    const attempt = this.#started(picked, about);
    try {
      return { attempt, opened: await this.#openedOnce(attempt, wanted) };
    } catch (cause) {
      this.#host.fault(cause);
      return undefined;
    }
  }

  /** The answer has ended, one way or the other. */
  observe(attempt: Attempt, result: Result): void {
    const { fleet } = this.#host;
    this.#drop(attempt);
    attempt.span?.end({ status: result.status, code: result.code });
    attempt.end();
    if (this.#isOver && result.outcome === 'failed') return; // nobody waited: it says nothing
    const answered = result.code === undefined ? result.status : undefined;
    const blame = result.outcome === 'failed' ? fleet.failed(attempt, answered) : undefined;
    if (blame === undefined) fleet.succeeded(attempt);
    this.#tell(attempt, result, blame);
  }

  #tell(attempt: Attempt, result: Result, blame: Blame | undefined): void {
    const { clock } = this.#host;
    const { route, method, target } = this.outgoing;
    const observation: Observation = {
      version: attempt.version.id,
      server: attempt.server.name,
      route,
      outcome: result.outcome,
      code: result.code,
      status: result.status,
      delay: attempt.delay ?? clock.now() - attempt.startedAt,
      bytes: result.bytes,
      attempt: attempt.number,
    };
    const observed = { observation, method, target, at: clock.wall(), pair: result.pair };
    this.#host.observed(observed, blame);
  }

  sweep(now: number): void {
    const { connectTimeout } = this.#host.limits;
    for (const attempt of this.#live) {
      attempt.sweep(now);
      if (attempt.undecided(now) > connectTimeout) void this.#doubt(attempt);
    }
  }

  /**
   * The machine of a server that hangs, or takes its time, answers. That of one that was cut off does not: the
   * request is not waited for there, if it can be sent elsewhere; if it cannot, the server is known by it.
   */
  async #doubt(attempt: Attempt): Promise<void> {
    const { fleet, clock, limits } = this.#host;
    const { server, version } = attempt;
    const others = fleet.left(version, { has: each => each === server });
    if (others + fleet.behind(version).length === 0) return;
    const isReachable = await server.isReachable();
    const { isRepeatable, upgrade } = this.outgoing;
    if (!isRepeatable || upgrade) return;
    // Something may have come meanwhile.
    const isWaiting =
      this.#live.includes(attempt) && attempt.undecided(clock.now()) > limits.connectTimeout;
    if (isReachable || !isWaiting) return;
    attempt.giveUp(new CutoverError('ERR_SERVER_RESET', `there is no way to ${server.name}`));
  }

  /** Nobody waits for an answer any more. */
  cancel(): void {
    for (const attempt of this.#live) this.#abandoned(attempt);
    this.#isOver = true;
    for (const attempt of this.#live) attempt.end();
    this.#live = [];
    this.outgoing.end();
  }

  /** `patience`: for all of it; without it as long as this request has. */
  #started(
    { version, server, isMoving }: Picked,
    { number, patience, isFresh = false }: StartOptions,
  ): Attempt {
    const { limits, clock } = this.#host;
    const about = { version: version.number, server: server.name, number };
    const attempt = new Attempt({
      version,
      server,
      number,
      outgoing: this.outgoing,
      isFresh,
      patience: patience ?? this.#patience(isMoving),
      until: patience === undefined ? Infinity : clock.now() + patience,
      span: this.#span?.attempt(about),
      limits,
      clock,
    });
    this.#last = attempt;
    this.#live = [...this.#live, attempt];
    return attempt;
  }

  #drop(attempt: Attempt): void {
    this.#live = this.#live.filter(each => each !== attempt);
  }

  /** Of the version that users move to so much is left that another can be asked. */
  #patience(isMoving: boolean): number {
    const { answerTimeout, rescuePatience } = this.#host.limits;
    const left = Math.max(0, answerTimeout - (this.#host.clock.now() - this.startedAt));
    return isMoving && this.outgoing.isRepeatable ? Math.min(rescuePatience, left / 2) : left;
  }

  async #openedOnce(attempt: Attempt, { rule, interim }: Wanted): Promise<Opened | CutoverError> {
    try {
      return await attempt.open(rule, interim);
    } catch (cause) {
      return this.#failureIn(cause, attempt);
    }
  }

  /** Throws what is no failure of a server. */
  #failureIn(cause: unknown, attempt: Attempt): CutoverError {
    if (cause instanceof CutoverError) return cause;
    this.#drop(attempt);
    attempt.end();
    throw cause;
  }

  #usual({ isMoving }: Picked): Wanted {
    const interim = (head: AnswerHead) => this.#passInterim(head);
    if (!isMoving || this.outgoing.upgrade || !this.outgoing.isRepeatable) {
      return { rule: holdNothing, interim };
    }
    const { hold: most, rescuePatience: patience } = this.#host.limits;
    const terms = { most, patience };
    return { rule: (head, framing) => heldForRescue(head, framing, terms), interim: undefined };
  }

  #passInterim(head: AnswerHead): void {
    if (head.status === 100) return; // the frontend has said it itself, before the body came
    if (!this.#isOver) this.#host.push(interimEnvelope(this.#id, head));
  }

  #next(
    failure: Failure,
    { version, server, isMoving }: Picked,
    about: {
      readonly tried: ReadonlySet<Server>;
      readonly seen: number;
      readonly mayBeStale: boolean;
    },
  ) {
    if (this.#isOver) return 'fail';
    const { fleet, budget, clock, limits } = this.#host;
    const { method, hasIdempotencyKey, upgrade } = this.outgoing;
    const now = clock.now();
    const next = nextAttempt({
      failure,
      safeToRepeat: isSafeToRepeat(method),
      hasIdempotencyKey,
      honoursIdempotencyKeys: limits.honoursIdempotencyKeys,
      isWhole: !upgrade,
      wasUsed: about.mayBeStale,
      seen: about.seen,
      ofMovingVersion: isMoving,
      serversLeft: fleet.left(version, {
        has: each => each === server || about.tried.has(each),
      }),
      versionsLeft: fleet.behind(version).length,
      budgetAllows: budget.allows(now),
      timeLeft: limits.answerTimeout - (now - this.startedAt),
    });
    if (isCharged(failure, next, isMoving)) budget.spend(now);
    return next;
  }

  /**
   * A client that gave up after half of what a hung server is waited for has most likely given up because
   * of it: or a version that hangs would not be found where no client is as patient as we are. Its server
   * is not left out for it: some requests wait by design, on every version.
   */
  #abandoned(attempt: Attempt): void {
    const { clock, limits } = this.#host;
    const waited = attempt.silence(clock.now());
    if (this.#isOver || attempt.status !== undefined || waited < limits.rescuePatience / 2) return;
    this.#tell(attempt, { outcome: 'failed', code: 'ERR_SERVER_SILENT' }, 'version');
  }

  #unused(spare: Accepted | undefined): void {
    if (spare !== undefined) this.#failed(spare.attempt, spare.opened);
  }

  #failed(attempt: Attempt, opened: Opened | CutoverError): void {
    const result: Result =
      opened instanceof CutoverError
        ? { outcome: 'failed', code: opened.code, status: attempt.status }
        : { outcome: 'failed', status: opened.head.status };
    this.observe(attempt, result);
  }

  /** What is no failure of a server is an answer, or a fault of ours. */
  #mustBe(opened: Opened | CutoverError, attempt: Attempt): Opened {
    if (!(opened instanceof CutoverError)) return opened;
    this.#drop(attempt);
    attempt.end();
    throw opened;
  }
}

export interface Once {
  readonly attempt: Attempt;
  readonly opened: Opened | CutoverError;
}

export const interimEnvelope = (id: ExchangeId, head: AnswerHead): Interim => [
  kinds.interim,
  id,
  head.status,
  head.reason,
  answerFields(head, false),
];

const nobody: ReadonlySet<Server> = new Set();

const nobodyWaits = () =>
  new CutoverError('ERR_SERVER_RESET', 'nobody waits for the answer any more');

const noConnection = () =>
  new CutoverError('ERR_NO_CONNECTION', 'all connections to all servers are busy');

/** Undefined: an answer that is none of our business, or a fault of ours. */
function failureOf(opened: Opened | CutoverError): Failure | undefined {
  if (!(opened instanceof CutoverError)) return opened.head.status >= 500 ? 'status5xx' : undefined;
  if (opened.kind.unseen) return 'unseen';
  return failures[opened.code];
}

const failures: Readonly<Partial<Record<ErrorCode, Failure>>> = {
  ERR_SERVER_RESET: 'reset',
  ERR_ANSWER_CUT: 'reset',
  ERR_SERVER_SILENT: 'silent',
  ERR_ANSWER_MALFORMED: 'malformed',
};
