/**
 * What Cutover itself says to clients, as bytes. None of it comes from the request: what is echoed can
 * be made to lie.
 */
const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export interface OwnAnswer {
  readonly status: number;
  /** For people; never anything that the client sent. */
  readonly text: string;
  /** The connection stays open. */
  readonly keepAlive: boolean;
  /** The request was a HEAD: the length is told, the text is not (RFC 9110 §9.3.2). */
  readonly headOnly: boolean;
  /** Seconds, for 503. */
  readonly retryAfter?: number | undefined;
  /** Further field lines, each with its CRLF. */
  readonly fields?: string | undefined;
}

/** The body of what we say. */
export const ownBody = ({ text }: Pick<OwnAnswer, 'text'>): string => `${text}\n`;

export function ownAnswer(answer: OwnAnswer): Buffer {
  const { status, keepAlive, headOnly, retryAfter, fields = '' } = answer;
  const body = ownBody(answer);
  const head = [
    `HTTP/1.1 ${status} ${reasons[status] ?? ''}`, // the space stays, RFC 9112 §4
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfter === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfter)}`]),
    ...(keepAlive ? [] : ['Connection: close']),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n${fields}\r\n${headOnly ? '' : body}`);
}

/** Says that the body may come (RFC 9110 §15.2.1). To HTTP/1.1 clients only. */
export const continueAnswer: Buffer = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
