/**
 * Everything that can go wrong with an exchange, in one table: whose fault it is, what the client
 * gets if nothing better can be done, and whether a container can have seen the request.
 * Match on codes, never on texts. What belongs to normal life (more bytes needed, queue full)
 * is a return value instead.
 */
interface ErrorKind {
  readonly fault: 'client' | 'container' | 'cutover';
  /** The status for the client. */
  readonly status: number;
  /** No container has seen the request: it may be sent again, whatever its method. */
  readonly unseen: boolean;
  /** For people: printed into docs/errors.md. */
  readonly meaning: string;
}

const client = (status: number, meaning: string) =>
  ({ fault: 'client', status, unseen: true, meaning }) as const;

const kinds = {
  ERR_HEAD_MALFORMED: client(400, 'the start line or a field breaks RFC 9112'),
  ERR_BODY_MALFORMED: client(400, 'the chunks of the body break RFC 9112 §7.1'),
  ERR_CODING_UNKNOWN: client(400, 'a transfer coding other than chunked'),
  ERR_PROXY_HEADER: client(400, 'a trusted sender sent no valid PROXY protocol header'),
  ERR_CLIENT_SLOW: client(408, 'head or body did not arrive in time'),
  ERR_BODY_TOO_LARGE: client(413, 'the body is over limits.body'),
  ERR_TARGET_TOO_LONG: client(414, 'the request target is over limits.target'),
  ERR_EXPECTATION: client(417, 'an expectation other than 100-continue'),
  ERR_HEAD_TOO_LARGE: client(431, 'the head is over limits.head or limits.fields'),
  ERR_METHOD_UNSUPPORTED: client(501, 'CONNECT: Cutover is no forward proxy'),
  ERR_PIPELINE_FULL: client(503, 'more pipelined bytes are waiting than limits.pipeline allows'),
  ERR_HTTP_VERSION: client(505, 'an HTTP version other than 1.0 and 1.1'),

  ERR_SERVER_REFUSED: {
    fault: 'container',
    status: 502,
    unseen: true,
    meaning: 'the server refused the connection',
  },
  ERR_SERVER_UNREACHABLE: {
    fault: 'container',
    status: 504,
    unseen: true,
    meaning:
      'the connection to the server was not established within timeouts.connect, or the worker has no descriptor left for it',
  },
  ERR_SERVER_RESET: {
    fault: 'container',
    status: 502,
    unseen: false,
    meaning:
      'the server closed the connection before the head of its answer was complete, or cannot be reached any more',
  },
  ERR_SERVER_SILENT: {
    fault: 'container',
    status: 504,
    unseen: false,
    meaning: 'the server did not answer within timeouts.answer',
  },
  ERR_ANSWER_MALFORMED: {
    fault: 'container',
    status: 502,
    unseen: false,
    meaning: 'the answer breaks RFC 9112',
  },
  ERR_ANSWER_CUT: {
    fault: 'container',
    status: 502,
    unseen: false,
    meaning: 'the answer ended in the middle of its body; the client is cut off as well',
  },

  ERR_NO_WORKER: {
    fault: 'cutover',
    status: 503,
    unseen: true,
    meaning: 'no worker became free within timeouts.queue',
  },
  ERR_QUEUE_FULL: {
    fault: 'cutover',
    status: 503,
    unseen: true,
    meaning: 'limits.queue requests are waiting for a worker already',
  },
  ERR_CONNECTIONS_FULL: {
    fault: 'cutover',
    status: 503,
    unseen: true,
    meaning: 'limits.connections clients are connected already',
  },
  ERR_NO_CONNECTION: {
    fault: 'cutover',
    status: 503,
    unseen: true,
    meaning: 'limits.serverConnections connections to every server are busy',
  },
  ERR_SPOOL: {
    fault: 'cutover',
    status: 503,
    unseen: true,
    meaning: 'the body could not be kept in a temporary file',
  },
  ERR_TUNNEL_FULL: {
    fault: 'cutover',
    status: 503,
    unseen: false,
    meaning: 'a client sent 64 MiB more into a tunnel than its server took; it is cut off',
  },
  ERR_WORKER_LOST: {
    fault: 'cutover',
    status: 502,
    unseen: false,
    meaning: 'the worker died, hung or was cut off with the request in flight',
  },
  ERR_WIRE_VERSION: {
    fault: 'cutover',
    status: 502,
    unseen: false,
    meaning: 'frontend and worker speak different versions of the device protocol',
  },
  ERR_WIRE_MALFORMED: {
    fault: 'cutover',
    status: 502,
    unseen: false,
    meaning: 'what came over the device is no batch of envelopes',
  },
  ERR_INTERNAL: {
    fault: 'cutover',
    status: 502,
    unseen: false,
    meaning: 'a fault of Cutover itself; its log says more',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(kinds, value);

/** The table row of a code. */
export const kindOf = (code: ErrorCode): ErrorKind => kinds[code];

export const errorCodes = Object.keys(kinds).filter(isErrorCode);

export class CutoverError extends Error {
  override readonly name = 'CutoverError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.kind = kinds[code];
  }
}

/** What any thrown value says, for people. */
export const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

/** The code of any thrown value: what we did not throw ourselves is a fault of ours. */
export const codeOf = (cause: unknown): ErrorCode =>
  cause instanceof CutoverError ? cause.code : 'ERR_INTERNAL';

/** The system's name for what went wrong (EAGAIN, ENOENT …), if the system said it. */
export const systemCodeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
