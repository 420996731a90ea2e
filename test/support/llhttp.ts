/**
 * A second reader to compare ours with: llhttp as Node runs it in its own servers and clients, strict. It is
 * called as `node:http` calls it, only without a socket, so that thousands of inputs take a second.
 */
import { createRequire } from 'node:module';
import { METHODS } from 'node:http';

/** What `_http_common` tells of the parser; Node publishes no types of it. */
interface Parser {
  [callback: number]: (...told: never[]) => unknown;
  initialize(type: number, resource: object, mostHead: number, lenience: number): void;
  execute(bytes: Buffer): number | ParseError;
  finish(): ParseError | undefined;
  close(): void;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

interface ParseError extends Error {
  readonly code: string;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as {
  readonly HTTPParser: ParserClass;
};

/** What a head says, in the same words for both readers. */
export interface ReadMessage {
  /** Method and target, or the status as text and the reason. */
  readonly start: readonly [string, string];
  readonly version: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  body: string;
  isComplete: boolean;
  /** Nothing behind it is HTTP, or nothing may follow. */
  readonly isLast: boolean;
}

export interface Read {
  readonly messages: readonly ReadMessage[];
  /** The code of the refusal. */
  readonly refused: string | undefined;
}

/** Of heads: 16 KiB. */
const DEFAULT_SIZE = 0;
const SKIP_BODY = 1;
const STRICT = 0;
/** Every leniency that it knows: bare LF, both framings, white space … */
const LENIENT = 0xffff;

type HeadersComplete = (
  major: number,
  minor: number,
  headers: readonly string[] | undefined,
  method: number | undefined,
  url: string | undefined,
  status: number | undefined,
  reason: string | undefined,
  upgrade: boolean,
  keepAlive: boolean,
) => number;

class Reading {
  readonly messages: ReadMessage[] = [];
  readonly #parser = new HTTPParser();
  /** Above 32 fields llhttp hands them out in parts; and so it does with trailers. */
  #early: string[] = [];
  #earlyTarget = '';

  constructor(type: number, toHead: boolean, lenience = STRICT) {
    const parser = this.#parser;
    parser.initialize(type, {}, DEFAULT_SIZE, lenience);
    parser[HTTPParser.kOnHeaders] = (fields: readonly string[], target: string) => {
      this.#early.push(...fields);
      this.#earlyTarget += target;
    };
    const begun: HeadersComplete = (
      major,
      minor,
      headers,
      method,
      url,
      status,
      reason,
      ...more
    ) => {
      const [upgrade, keepAlive] = more;
      const listed = [...this.#early, ...(headers ?? [])];
      this.messages.push({
        start:
          type === HTTPParser.REQUEST
            ? [methodAt(method), url ?? this.#earlyTarget]
            : [String(status), reason ?? ''],
        version: `${major}.${minor}`,
        fields: pairs(listed),
        body: '',
        isComplete: false,
        isLast: upgrade || !keepAlive,
      });
      this.#early = [];
      this.#earlyTarget = '';
      return toHead || isBodiless(status) ? SKIP_BODY : 0;
    };
    parser[HTTPParser.kOnHeadersComplete] = begun;
    parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
      const last = this.messages.at(-1);
      if (last !== undefined) last.body += bytes.toString('latin1');
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      const last = this.messages.at(-1);
      if (last !== undefined) last.isComplete = true;
      this.#early = []; // trailers, and the target once more
      this.#earlyTarget = '';
    };
  }

  read(bytes: Buffer, ends: boolean): Read {
    const result = this.#parser.execute(bytes);
    const failure = result instanceof Error ? result : ends ? this.#parser.finish() : undefined;
    this.#parser.close();
    return { messages: this.messages, refused: failure?.code };
  }
}

/** As Node's own client tells llhttp of 1xx and 304: no field gives them a body (RFC 9112 §6.3). 101 is an upgrade. */
const isBodiless = (status: number | undefined): boolean =>
  status !== undefined && ((status < 200 && status !== 101) || status === 304);

const pairs = (listed: readonly string[]) =>
  Array.from(
    { length: listed.length / 2 },
    (_, at) => [listed[2 * at] ?? '', listed[2 * at + 1] ?? ''] as const,
  );

/** The methods that llhttp knows, by their numbers in it: asked of itself. */
const methods: ReadonlyMap<number, string> = new Map(
  METHODS.map(method => {
    const parser = new HTTPParser();
    parser.initialize(HTTPParser.REQUEST, {}, DEFAULT_SIZE, STRICT);
    let number = -1;
    const told: HeadersComplete = (...[, , , code]) => {
      number = code ?? -1;
      return 0;
    };
    parser[HTTPParser.kOnHeadersComplete] = told;
    parser.execute(Buffer.from(`${method} ${method === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\n\r\n`));
    parser.close();
    return [number, method];
  }),
);

const methodAt = (code: number | undefined): string => methods.get(code ?? -1) ?? '';

export const knowsMethod = (method: string): boolean => METHODS.includes(method);

export const llhttpRequests = (bytes: Buffer, { lenient = false } = {}): Read =>
  new Reading(HTTPParser.REQUEST, false, lenient ? LENIENT : STRICT).read(bytes, false);

export const llhttpAnswers = (
  bytes: Buffer,
  { toHead = false, ends = false }: { readonly toHead?: boolean; readonly ends?: boolean } = {},
): Read => new Reading(HTTPParser.RESPONSE, toHead).read(bytes, ends);
