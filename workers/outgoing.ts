/**
 * A client's request on its way to containers: what is sent to each of them, and the part of its body that
 * comes later. Where that was sent already and another server is to be asked, the frontend, which keeps the
 * whole body, sends the request again.
 */
import { isSafeToRepeat } from '../src/http/methods.js';
import { kinds, type FromWorker, type Request } from '../src/wire/envelope.js';
import { routeOf } from '../src/wire/observation.js';
import { Upload } from './upload.js';

const REQUEST_ID = /\r\nx-request-id: ([\w.~-]{1,128})\r\n/i;
const TRACEPARENT = /\r\ntraceparent: [^\r]*(?=\r\n)/i;
const VIA = /\r\nVia: [^\r]*\r\n\r\n$/;

/** A frontend that gives requests no names leaves no place for it. */
function tracedHead(head: string, traceparent: string): string {
  const line = `\r\ntraceparent: ${traceparent}`;
  return TRACEPARENT.test(head)
    ? head.replace(TRACEPARENT, line)
    : head.replace(VIA, last => `${line}${last}`);
}

export interface OutgoingHost {
  readonly limits: {
    /** Bytes that the frontend sends without credit. */
    readonly window: number;
    /** Requests with an Idempotency-Key are safe to repeat. */
    readonly honoursIdempotencyKeys: boolean;
  };
  /** To the frontend that asked. */
  readonly push: (envelope: FromWorker) => void;
}

export class Outgoing {
  readonly method: string;
  readonly target: string;
  readonly route: string;
  /** The client asks for another protocol. */
  readonly upgrade: boolean;
  readonly #host: OutgoingHost;
  /** As the containers get it. */
  readonly #head: string;
  #request: Request;
  /** Undefined: all of it is here. */
  #upload: Upload | undefined;
  /** Somebody waits for the request to begin anew: until then parts are of the old upload. */
  #restarted: (() => void) | undefined;
  #hasEnded = false;

  /** `head`: of the request, without our cookie. */
  constructor(request: Request, head: string, host: OutgoingHost) {
    const [, , method, , upgrade] = request;
    this.#host = host;
    this.#request = request;
    this.#head = head;
    this.method = method;
    this.upgrade = upgrade;
    this.target = head.slice(method.length + 1, head.indexOf(' ', method.length + 1));
    this.route = routeOf(method, this.target);
    this.#upload = this.#newUpload();
  }

  /** It is all here, and the connection stays HTTP: it can be sent to two versions at a time. */
  get isWhole(): boolean {
    return !this.#request[6] && !this.upgrade;
  }

  get hasIdempotencyKey(): boolean {
    return /\r\nidempotency-key:[ \t]*[^ \t\r\n]/i.test(this.#head);
  }

  /** Sent twice it does what it does once. */
  get isRepeatable(): boolean {
    if (isSafeToRepeat(this.method)) return true;
    return this.#host.limits.honoursIdempotencyKeys && this.hasIdempotencyKey;
  }

  /** What the frontend calls it; undefined: it has no name. */
  get requestId(): string | undefined {
    return REQUEST_ID.exec(this.#head)?.[1];
  }

  /** Head and small body in one piece: one system call, one packet. `traceparent`: instead of the frontend's. */
  bytesFor(traceparent?: string): Buffer {
    const [, , , , , body] = this.#request;
    const head = traceparent === undefined ? this.#head : tracedHead(this.#head, traceparent);
    const bytes = Buffer.allocUnsafe(head.length + body.length);
    bytes.write(head, 0, 'latin1');
    bytes.set(body, head.length);
    return bytes;
  }

  /** The rest of the body, or what a client sends into a tunnel; undefined: there is none. */
  get upload(): Upload | undefined {
    return this.#upload;
  }

  /** A part of the body that came later has been taken: the request cannot be sent again from here. */
  get isPartlySent(): boolean {
    return this.#upload?.hasBegun ?? false;
  }

  part(bytes: Uint8Array, more: boolean): void {
    if (this.#restarted !== undefined) return; // of an upload that is void
    // A request that may become a tunnel has no last part: the client's end is a cancel.
    this.#upload?.push(bytes, more || this.upgrade);
  }

  /** Settles when it can be sent from its beginning again, or when it has ended. */
  async again(): Promise<void> {
    if (this.#hasEnded) return; // nobody would send it
    this.#upload?.end(); // it gives no credit any more: that would count for the new one
    const restarted = new Promise<void>(resolve => (this.#restarted = resolve));
    this.#host.push([kinds.again, this.#request[1]]);
    await restarted;
  }

  /** The frontend sends it again. False: nobody has asked for it. */
  restart(request: Request): boolean {
    if (this.#restarted === undefined) return false;
    this.#request = request;
    this.#upload = this.#newUpload();
    this.#restarted();
    this.#restarted = undefined;
    return true;
  }

  /** Nothing more is wanted of the client. */
  end(): void {
    this.#hasEnded = true;
    this.#upload?.end();
    this.#restarted?.();
  }

  #newUpload(): Upload | undefined {
    if (this.isWhole) return undefined;
    const { limits, push } = this.#host;
    const [, id, , , , , more] = this.#request;
    return new Upload({
      more: more || this.upgrade,
      grantFrom: Math.min(32_768, Math.ceil(limits.window / 2)),
      grant: bytes => push([kinds.credit, id, bytes]),
    });
  }
}
