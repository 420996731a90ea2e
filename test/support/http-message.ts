/**
 * A second opinion on HTTP/1.1: reads whole messages, knows nothing of src/http, repairs nothing.
 * It reads from the beginning each time, so it is for small messages only.
 */
export interface Message {
  readonly startLine: string;
  /** In their order, spelling and number. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** All of it as it was on the wire. */
  readonly raw: string;
}

export interface Circumstances {
  /** The peer has ended the connection: this is where a close-delimited body ends. */
  readonly ended: boolean;
  /** The message is an answer to HEAD. */
  readonly toHead?: boolean;
}

const blankLine = Buffer.from('\r\n\r\n');

/** The first message of `bytes` and how long it is, or undefined while it is incomplete. */
export function firstMessage(
  bytes: Buffer,
  circumstances: Circumstances,
): { readonly message: Message; readonly length: number } | undefined {
  const headEnd = bytes.indexOf(blankLine);
  if (headEnd < 0) return undefined;
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const fields = lines.map(field);
  const rest = bytes.subarray(headEnd + blankLine.length);
  const body = bodyOf(rest, startLine, fields, circumstances);
  if (body === undefined) return undefined;

  const length = headEnd + blankLine.length + body.length;
  return {
    message: {
      startLine,
      fields,
      body: body.content,
      trailers: body.trailers,
      raw: bytes.toString('latin1', 0, length),
    },
    length,
  };
}

/** The status of an answer. */
export const statusOf = ({ startLine }: Message): number =>
  Number(/^HTTP\/1\.[01] (\d{3})/.exec(startLine)?.[1] ?? Number.NaN);

/** All values of a field, in order, whatever its spelling. */
export const valuesOf = ({ fields }: Pick<Message, 'fields'>, name: string): readonly string[] =>
  fields.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

interface Body {
  readonly content: Buffer;
  readonly trailers: Message['trailers'];
  /** On the wire. */
  readonly length: number;
}

function bodyOf(
  rest: Buffer,
  startLine: string,
  fields: Message['fields'],
  { ended, toHead = false }: Circumstances,
): Body | undefined {
  const isAnswer = startLine.startsWith('HTTP/');
  const none = { content: Buffer.alloc(0), trailers: [], length: 0 };
  if (isAnswer && (toHead || /^HTTP\/1\.[01] (1\d\d|204|304)/.test(startLine))) return none;
  if (valuesOf({ fields }, 'transfer-encoding').includes('chunked')) return chunkedBody(rest);

  const [length] = valuesOf({ fields }, 'content-length');
  if (length === undefined) {
    if (!isAnswer) return none;
    return ended ? { ...none, content: rest, length: rest.length } : undefined;
  }
  const bytes = Number(length);
  if (rest.length < bytes) return undefined;
  return { ...none, content: rest.subarray(0, bytes), length: bytes };
}

function chunkedBody(rest: Buffer): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size))
      throw new Error(`no chunk size: ${rest.toString('latin1', at, lineEnd)}`);
    at = lineEnd + 2;
    if (size === 0) return withTrailers(rest, at, Buffer.concat(chunks));
    if (rest.length < at + size + 2) return undefined;
    chunks.push(rest.subarray(at, at + size));
    at += size + 2;
  }
}

function withTrailers(rest: Buffer, at: number, content: Buffer): Body | undefined {
  const trailers: Message['trailers'][number][] = [];
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const line = rest.toString('latin1', at, lineEnd);
    at = lineEnd + 2;
    if (line === '') return { content, trailers, length: at };
    trailers.push(field(line));
  }
}

function field(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
