/** What HTTP/1.1 messages are to us. Pure data; RFC 9110 and RFC 9112 name the parts. */

/** One field line as it was received: spelling and order are kept. Latin-1, value trimmed. */
export type Field = readonly [name: string, value: string];

export type HttpVersion = '1.0' | '1.1';

export interface RequestHead {
  readonly method: string;
  /** As received: origin-form, absolute-form or `*`. */
  readonly target: string;
  readonly version: HttpVersion;
  readonly fields: readonly Field[];
}

export interface AnswerHead {
  readonly version: HttpVersion;
  /** 100 to 599. */
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
}

/** How the body of a request ends. RFC 9112 §6.3. */
export type RequestFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' };

/** How the body of an answer ends. `tunnel`: after 101 the connection speaks another protocol. */
export type AnswerFraming =
  RequestFraming | { readonly kind: 'close' } | { readonly kind: 'tunnel' };

export type RequestPart =
  | { readonly kind: 'head'; readonly head: RequestHead; readonly framing: RequestFraming }
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly trailers: readonly Field[] };

export type AnswerPart =
  /** A 1xx before the final answer, 101 excluded. */
  | { readonly kind: 'interim'; readonly head: AnswerHead }
  | { readonly kind: 'head'; readonly head: AnswerHead; readonly framing: AnswerFraming }
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly trailers: readonly Field[] };

export interface RequestLimits {
  /** Bytes of start line and fields together, and of trailers. */
  readonly head: number;
  /** Bytes of the request target. */
  readonly target: number;
  /** Field lines of a head, and of trailers. */
  readonly fields: number;
  /** Bytes of a body, without chunk framing. */
  readonly body: number;
}

export type AnswerLimits = Pick<RequestLimits, 'head' | 'fields'>;
