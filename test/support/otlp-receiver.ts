/** A collector of spans: takes OTLP as JSON over HTTP, and keeps what it got. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpContainer } from './containers.js';
import type { Stage } from './stage.js';
import { eventually } from './within.js';

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly boolValue?: boolean;
}

interface Attribute {
  readonly key: string;
  readonly value: Value;
}

interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}

export interface Span extends Omit<RawSpan, 'attributes' | 'kind'> {
  readonly kind: 'server' | 'client' | 'other';
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
}

interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

export class OtlpReceiver {
  readonly spans: Span[] = [];
  /** Of those who sent. */
  readonly services = new Set<unknown>();
  readonly endpoint: string;

  private constructor(port: number, received: { take: (body: Body) => void }) {
    this.endpoint = `http://127.0.0.1:${port}/v1/traces`;
    received.take = body => this.#take(body);
  }

  static async start(stage: Stage): Promise<OtlpReceiver> {
    const received: { take: (body: Body) => void } = { take: () => undefined };
    const { port } = await httpContainer(
      stage,
      (request, response) =>
        void bodyOf(request).then(body => {
          received.take(body);
          answer(response);
        }),
    );
    return new OtlpReceiver(port, received);
  }

  /** The spans of a trace, once so many of them are here. */
  async trace(traceId: string, count: number): Promise<readonly Span[]> {
    const ofTrace = () => this.spans.filter(each => each.traceId === traceId);
    await eventually(`${count} spans of ${traceId}`, () => ofTrace().length >= count);
    return ofTrace();
  }

  #take({ resourceSpans }: Body): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      this.services.add(valuesOf(resource.attributes)['service.name']);
      for (const { spans } of scopeSpans) this.spans.push(...spans.map(shown));
    }
  }
}

const KINDS: Readonly<Record<number, Span['kind']>> = { 2: 'server', 3: 'client' };
const ERROR = 2;

const shown = (span: RawSpan): Span => ({
  ...span,
  kind: KINDS[span.kind] ?? 'other',
  attributes: valuesOf(span.attributes),
  isError: span.status.code === ERROR,
});

const valuesOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));

const plain = ({ stringValue, intValue, boolValue }: Value) =>
  stringValue ?? boolValue ?? Number(intValue);

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString()) as Body;
}

const answer = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
