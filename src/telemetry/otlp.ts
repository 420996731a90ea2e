/**
 * Spans for OpenTelemetry: one of each request in its worker, and one below it of each attempt. Imported only
 * where they are wanted. What is not sampled costs one look at its traceparent.
 */
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type IdGenerator,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { within } from '../kernel/within.js';
import type { Account } from '../wire/account.js';
import { HexPool } from './hex-pool.js';
import type { AttemptAbout, AttemptSpan, ExchangeSpan, SpanResult, Tracing } from './spans.js';
import {
  hasParentSpan,
  parsedTraceparent,
  traceparentOf,
  type TraceParent,
} from './traceparent.js';

type Otlp = NonNullable<Config['telemetry']['otlp']>;

export interface TracingSurroundings {
  /** The worker's. */
  readonly name: string;
  readonly clock: Clock;
  readonly report: Report;
}

/** Milliseconds for a batch of spans to be sent, repetitions included. */
const SEND_TIMEOUT = 3000;
/** … for those that still wait at the end. */
const LAST_SPANS = 3500;
/** Between two words about spans that get lost. */
const TELL = 60_000;
/** Batches on their way: at the end all that waits is sent at once. */
const MOST_SENDINGS = 8;
const LONGEST_ATTRIBUTE = 1024;
/** Of `ExportResultCode`, which no package of ours exports. */
const SUCCESS = 0;

export function startTracing(otlp: Otlp, surroundings: TracingSurroundings): Tracing {
  const ids = new Ids();
  const { endpoint: url } = otlp;
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: SEND_TIMEOUT,
    concurrencyLimit: MOST_SENDINGS,
  });
  const { name, clock } = surroundings;
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    resource: resourceFromAttributes({
      'service.name': 'cutover',
      'service.instance.id': name,
    }),
    spanLimits: { attributeValueLengthLimit: LONGEST_ATTRIBUTE },
    // Bounded: 2,048 spans wait for 5 s at most, unless OTEL_BSP_* says otherwise; what comes beyond is dropped.
    spanProcessors: [new BatchSpanProcessor(telling(exporter, url, surroundings))],
  });
  const tracer = provider.getTracer('cutover');
  const sampler = new TraceIdRatioBasedSampler(otlp.share);
  const isSampled = (traceId: string) =>
    sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED;
  return {
    begun(method, head) {
      const parent = parentIn(head);
      if (parent !== undefined && hasParentSpan(parent)) {
        return parent.isSampled
          ? new OneExchange(tracer, contextOf(parent), method, head)
          : undefined;
      }
      const traceId = parent?.traceId ?? ids.newTraceId();
      if (!isSampled(traceId)) return undefined;
      ids.next = traceId;
      return new OneExchange(tracer, ROOT_CONTEXT, method, head);
    },
    async close() {
      const closed = provider.shutdown().catch(() => undefined); // it has been told
      await within(closed, LAST_SPANS, clock);
    },
  };
}

/** So that a trace which begins here has the id that the frontend has given it. */
class Ids implements IdGenerator {
  readonly #pool = new HexPool();
  next = '';

  newTraceId(): string {
    return this.#pool.take(32);
  }

  generateTraceId(): string {
    return this.next;
  }

  generateSpanId(): string {
    return this.#pool.take(16);
  }
}

/** Says when nothing arrives, and not again for each batch. */
function telling(
  exporter: SpanExporter,
  endpoint: string,
  { clock, report }: TracingSurroundings,
): SpanExporter {
  let toldAt = -Infinity;
  return {
    export(spans, done) {
      exporter.export(spans, result => {
        const code: number = result.code;
        if (code === SUCCESS) toldAt = -Infinity;
        else if (clock.now() - toldAt >= TELL) {
          toldAt = clock.now();
          const because = messageOf(result.error ?? 'no answer');
          report({ type: 'spans-lost', endpoint, because });
        }
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

const TRACEPARENT = '\r\ntraceparent: ';

/** Frontends write it, at the end of the head, as everything that they write themselves. */
function parentIn(head: string): TraceParent | undefined {
  const at = head.lastIndexOf(TRACEPARENT);
  if (at < 0) return undefined;
  const begin = at + TRACEPARENT.length;
  return parsedTraceparent(head.slice(begin, head.indexOf('\r\n', begin)));
}

const contextOf = ({ traceId, parentId, isSampled }: TraceParent): Context =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: parentId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });

class OneExchange implements ExchangeSpan {
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  readonly #method: string;
  readonly #path: string;

  constructor(tracer: Tracer, parent: Context, method: string, head: string) {
    this.#tracer = tracer;
    this.#method = method;
    this.#path = pathIn(method, head);
    const attributes = { ...methodAttributes(method), ...requestAttributes(this.#path, head) };
    this.#span = tracer.startSpan(spanName(method), { kind: SpanKind.SERVER, attributes }, parent);
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#span);
  }

  attempt({ version, server, number }: AttemptAbout): AttemptSpan {
    const span = this.#tracer.startSpan(
      spanName(this.#method),
      {
        kind: SpanKind.CLIENT,
        attributes: {
          ...methodAttributes(this.#method),
          ...serverAttributes(server),
          'url.full': `http://${server}${this.#path}`,
          ...(number > 1 ? { 'http.request.resend_count': number - 1 } : {}),
          'cutover.version': version,
        },
      },
      this.#context,
    );
    const { traceId, spanId } = span.spanContext();
    let isOver = false;
    return {
      traceparent: traceparentOf({ traceId, parentId: spanId, isSampled: true }),
      end(result) {
        if (isOver) return;
        isOver = true;
        ended(span, result, 400); // of the caller's span also 4xx are errors
      },
    };
  }

  end(result: SpanResult, account: Account): void {
    if (!this.#span.isRecording()) return; // it has ended
    const [version, strategy, , attempts, isRescued, compared] = account;
    this.#span.setAttributes({
      ...(version === '' ? {} : { 'cutover.version': version }),
      ...(strategy === '' ? {} : { 'cutover.strategy': strategy }),
      ...(compared === '' ? {} : { 'cutover.compared': compared }),
      'cutover.attempts': attempts,
      'cutover.rescued': isRescued,
    });
    ended(this.#span, result, 500);
  }
}

/** Semantic conventions for HTTP spans, status: from `errorsFrom` on an answer is an error. */
function ended(span: Span, { status, code }: SpanResult, errorsFrom: number): void {
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  const isError = status !== undefined && status >= errorsFrom;
  const fault = code ?? (isError ? String(status) : undefined);
  if (fault !== undefined) {
    span.setAttribute('error.type', fault);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** Those of RFC 9110 and PATCH: a client may call a method what it likes, and names of spans are few. */
const KNOWN: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

const spanName = (method: string) => (KNOWN.has(method) ? method : 'HTTP');

const methodAttributes = (method: string): Attributes =>
  KNOWN.has(method)
    ? { 'http.request.method': method }
    : { 'http.request.method': '_OTHER', 'http.request.method_original': method };

const HOST = /\r\nhost: (\[[^\]\r]*\]|[^:\r]+)(?::(\d+))?\r\n/i;
const AGENT = /\r\nuser-agent: ([^\r]*)\r\n/i;

/** No query, and nothing that might be a secret. */
function requestAttributes(path: string, head: string): Attributes {
  const [, host, port] = HOST.exec(head) ?? [];
  const [, agent] = AGENT.exec(head) ?? [];
  const isSecure = head.includes('\r\nX-Forwarded-Proto: https\r\n');
  return {
    'url.path': path,
    'url.scheme': isSecure ? 'https' : 'http',
    ...(host === undefined ? {} : { 'server.address': host }),
    ...(port === undefined ? {} : { 'server.port': Number(port) }),
    ...(agent === undefined ? {} : { 'user_agent.original': agent }),
  };
}

function serverAttributes(server: string): Attributes {
  const colon = server.lastIndexOf(':');
  return {
    'server.address': server.slice(0, colon),
    'server.port': Number(server.slice(colon + 1)),
  };
}

function pathIn(method: string, head: string): string {
  const begin = method.length + 1;
  return head.slice(begin, head.indexOf(' ', begin)).replace(/[?#].*$/s, '');
}
