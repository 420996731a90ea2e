/**
 * What one client sends: pieces in, whole requests out, in order. Reads ahead by a few requests only;
 * what a client pipelines beyond that waits as it came, up to a bound, because a STREAM socket cannot
 * stop reading one client.
 */
import { codeOf, messageOf, type ErrorCode } from '../kernel/errors.js';
import { asksUpgrade, expectsContinue, keepsAlive, requestForServer } from '../http/fields.js';
import type { Field, HttpVersion, RequestFraming, RequestHead } from '../http/message.js';
import { isSafeToRepeat } from '../http/methods.js';
import type { ProxyHeader, ProxyReader } from '../http/proxy-protocol.js';
import type { RequestReader } from '../http/request-reader.js';
import type { Begun } from '../telemetry/access-entry.js';
import type { IdMaker, RequestIds } from '../telemetry/request-ids.js';
import type { Body } from './body.js';
import type { WholeRequest } from './exchange.js';
import type { BodyCollector } from './spool.js';

/** What a connection must remember of a request to answer it. */
export interface Manners {
  readonly version: HttpVersion;
  /** The client wants the connection kept. */
  readonly keepAlive: boolean;
  readonly headOnly: boolean;
  /** What it is called; undefined: requests have no ids of ours. */
  readonly requestId?: string | undefined;
  /** For the access log; undefined: there is none. */
  readonly begun?: Begun | undefined;
}

export type Arrival =
  | { readonly kind: 'request'; readonly request: WholeRequest; readonly manners: Manners }
  /** What follows cannot be understood, or is not wanted: the last arrival of a connection. */
  | {
      readonly kind: 'refusal';
      readonly code: ErrorCode;
      readonly because: string;
      readonly requestId?: string | undefined;
      readonly begun?: Begun | undefined;
    };

/** Milliseconds and bytes. */
export interface IncomingLimits {
  readonly headTimeout: number;
  readonly bodyTimeout: number;
  readonly pipeline: number;
  readonly forwarded: 'replace' | 'append';
  /** Protocols to which a connection may switch, in lower case. */
  readonly upgrades: readonly string[];
}

export interface IncomingHost {
  now(): number;
  collector(): BodyCollector;
  /** What a request is called; undefined: requests have no ids of ours. */
  readonly ids?: Pick<IdMaker, 'of' | 'requestId'> | undefined;
  /** Milliseconds since 1970; undefined: there is no access log that wants to know. */
  readonly wall?: (() => number) | undefined;
  /** A request, or a refusal, can be taken. */
  arrived(): void;
}

/** Requests that are read ahead of the one being answered. */
const AHEAD = 16;
/** The slowest body that is waited for: bytes that are worth one more second. */
const BYTES_A_SECOND = 1024;

/** Of what could not be read there is no more than a name. */
interface KnownIds {
  readonly requestId: string | undefined;
  readonly traceId?: string | undefined;
}

interface Unfinished {
  readonly head: RequestHead;
  readonly framing: RequestFraming;
  readonly collector: BodyCollector;
  readonly since: number;
  readonly ids: RequestIds | undefined;
  readonly begun: Begun | undefined;
}

export class Incoming {
  readonly #reader: RequestReader;
  readonly #limits: IncomingLimits;
  readonly #host: IncomingHost;
  /** There until the PROXY header of a trusted sender has arrived. */
  #proxyReader: ProxyReader | undefined;
  /** Some of the PROXY header is here. */
  #hasBegun = false;
  #sender: Pick<ProxyHeader, 'source' | 'secure'> = { source: undefined, secure: false };
  readonly #queue: Arrival[] = [];
  #unfinished: Unfinished | undefined;
  #headSince: number | undefined;
  /** No parsing: a body is on its way to the disk, a tunnel may begin, or all is over. */
  #isHeld = false;
  #isOver = false;
  /** A client waits for 100 before it sends its body. */
  owesContinue = false;

  constructor(
    reader: RequestReader,
    limits: IncomingLimits,
    host: IncomingHost,
    proxyReader: ProxyReader | undefined,
  ) {
    this.#reader = reader;
    this.#limits = limits;
    this.#host = host;
    this.#proxyReader = proxyReader;
    if (proxyReader !== undefined) this.#headSince = host.now();
  }

  /** Nothing of a next request is here. */
  get isIdle(): boolean {
    return (
      this.#queue.length === 0 && !this.#isHeld && !this.#hasBegun && this.#reader.phase === 'idle'
    );
  }

  /** Requests whose heads are here, and that nobody has taken yet; empty where there is no access log. */
  get untaken(): readonly Begun[] {
    const read = this.#queue.map(each =>
      each.kind === 'request' ? each.manners.begun : each.begun,
    );
    return [...read, this.#unfinished?.begun].filter(each => each !== undefined);
  }

  push(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      const rest = this.#proxyReader === undefined ? bytes : this.#readSender(bytes);
      if (rest === undefined) return;
      this.#reader.push(rest);
    } catch (cause) {
      return this.#failed(cause);
    }
    this.#advance();
  }

  /** The next request or refusal; what comes behind it is read meanwhile. */
  take(): Arrival | undefined {
    const arrival = this.#queue.shift();
    if (arrival !== undefined && !this.#isOver) this.#advance();
    return arrival;
  }

  /** The connection stays HTTP: go on behind the request that asked for another protocol. */
  resume(): void {
    this.#isHeld = false;
    this.#advance();
  }

  /** The connection becomes a tunnel: takes what was not read; undefined: that is not all. */
  intoTunnel(): Buffer | undefined {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    return this.#reader.rest();
  }

  /** Nothing more is wanted; frees what is held. */
  discard(): void {
    this.#isOver = true;
    this.#unfinished?.collector.discard();
    this.#unfinished = undefined;
    for (const arrival of this.#queue.splice(0)) {
      if (arrival.kind === 'request') arrival.request.body.discard();
    }
  }

  /** Ends a request that dawdles (slowloris). */
  sweep(now: number): void {
    if (this.#isOver || this.#isHeld) return;
    const { headTimeout, bodyTimeout } = this.#limits;
    if (this.#unfinished !== undefined) {
      const { since, collector } = this.#unfinished;
      const allowed = bodyTimeout + (collector.size / BYTES_A_SECOND) * 1000;
      if (now - since > allowed) this.#refuse('ERR_CLIENT_SLOW', 'the body came too slowly');
    } else if (this.#headSince !== undefined && now - this.#headSince > headTimeout) {
      this.#refuse('ERR_CLIENT_SLOW', 'the head came too slowly');
    }
  }

  /** What follows the PROXY header, once that is complete. */
  #readSender(bytes: Buffer): Buffer | undefined {
    this.#hasBegun = true;
    this.#proxyReader?.push(bytes);
    const header = this.#proxyReader?.next();
    if (header === undefined) return undefined;
    this.#sender = header;
    this.#proxyReader = undefined;
    this.#hasBegun = false;
    this.#headSince = undefined;
    return header.rest;
  }

  #advance(): void {
    try {
      while (!this.#isHeld && !this.#isOver && this.#queue.length < AHEAD) {
        if (!this.#readPart()) break;
      }
    } catch (cause) {
      return this.#failed(cause);
    }
    if (this.#isOver) return;
    if (this.owesContinue) this.#host.arrived();
    const { phase, waiting } = this.#reader;
    if (waiting > this.#limits.pipeline && (this.#isHeld || this.#queue.length >= AHEAD)) {
      return this.#refuse('ERR_PIPELINE_FULL', 'too much was pipelined');
    }
    if (phase !== 'head' || this.#queue.length >= AHEAD) this.#headSince = undefined;
    else this.#headSince ??= this.#host.now();
  }

  /** False: more bytes are needed. */
  #readPart(): boolean {
    const part = this.#reader.next();
    switch (part?.kind) {
      case undefined:
        return false;
      case 'head':
        this.#begin(part.head, part.framing);
        return true;
      case 'body':
        this.owesContinue = false; // it did not wait
        this.#collect(part.bytes);
        return true;
      case 'end':
        this.#end(part.trailers);
        return true;
    }
  }

  #begin(head: RequestHead, framing: RequestFraming): void {
    const collector = this.#host.collector();
    const since = this.#host.now();
    const ids = this.#host.ids?.of(head);
    const begun = this.#begun(head, ids, since);
    this.#unfinished = { head, framing, collector, since, ids, begun };
    this.#headSince = undefined;
    if (framing.kind === 'none' || !expectsContinue(head)) return;
    this.owesContinue = !(framing.kind === 'length' && framing.bytes === 0);
  }

  #collect(bytes: Buffer): void {
    const collector = this.#unfinished?.collector;
    collector?.add(bytes);
    if (collector?.failure !== undefined) throw collector.failure; // the rest need not come
  }

  #end(trailers: readonly Field[]): void {
    const unfinished = this.#unfinished;
    if (unfinished === undefined) return;
    this.#unfinished = undefined;
    this.owesContinue = false;
    const body = unfinished.collector.end();
    if (!(body instanceof Promise)) return this.#complete(unfinished, body, trailers);
    this.#isHeld = true;
    body.then(
      kept => {
        if (this.#isOver) return kept.discard();
        this.#isHeld = false;
        this.#complete(unfinished, kept, trailers);
        this.#advance();
      },
      (cause: unknown) => this.#failed(cause),
    );
  }

  #begun(head: RequestHead | undefined, ids: KnownIds | undefined, at: number) {
    const wall = this.#host.wall?.();
    if (wall === undefined) return undefined;
    const { requestId, traceId } = ids ?? {};
    return { head, client: this.#sender.source, requestId, traceId, wall, at };
  }

  #complete(unfinished: Unfinished, body: Body, trailers: readonly Field[]): void {
    const { head, framing, ids, begun } = unfinished;
    const { forwarded, upgrades } = this.#limits;
    const { source, secure } = this.#sender;
    const upgrade = asksUpgrade(head, upgrades);
    const text = requestForServer(head, {
      framing: outgoing(framing, body, trailers),
      client: source,
      scheme: secure ? 'https' : 'http',
      forwarded,
      upgrade,
      ids,
    });
    this.#isHeld = upgrade !== undefined; // what follows may not be HTTP
    this.#queue.push({
      kind: 'request',
      request: {
        method: head.method,
        head: text,
        body,
        trailers,
        upgrade: upgrade !== undefined,
        safeToRepeat: isSafeToRepeat(head.method),
      },
      manners: {
        version: head.version,
        keepAlive: keepsAlive(head),
        headOnly: head.method === 'HEAD',
        requestId: ids?.requestId,
        begun,
      },
    });
    this.#host.arrived();
  }

  #failed(cause: unknown): void {
    this.#refuse(codeOf(cause), messageOf(cause));
  }

  #refuse(code: ErrorCode, because: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.owesContinue = false;
    const unfinished = this.#unfinished;
    unfinished?.collector.discard();
    this.#unfinished = undefined;
    // One that cannot be read is answered as well, and can be asked about.
    const requestId = unfinished?.ids?.requestId ?? this.#host.ids?.requestId();
    const begun = unfinished?.begun ?? this.#begun(undefined, { requestId }, this.#host.now());
    this.#queue.push({ kind: 'refusal', code, because, requestId, begun });
    this.#host.arrived();
  }
}

/** A body that has arrived whole has a length; only trailers still need chunks. */
function outgoing(framing: RequestFraming, body: Body, trailers: readonly Field[]): RequestFraming {
  if (framing.kind === 'none') return framing;
  return trailers.length > 0 ? { kind: 'chunked' } : { kind: 'length', bytes: body.size };
}
