/**
 * One connection to a container: a connected STREAM socket of its own. A shared socket would be a
 * quarter cheaper, but libzmq reconnects by itself and would deliver what was meant for the dead
 * connection to the next one. Here goodbye or cancel closes the socket, and nothing is delivered
 * later; and not receiving on it slows the container down.
 */
import { lookup } from 'node:dns/promises';
import { connect as connectTo, isIP } from 'node:net';
import { Stream } from 'zeromq';
import type { Clock } from '../kernel/clock.js';
import { CutoverError } from '../kernel/errors.js';
import type { StreamFrames } from '../wire/frames.js';
import { tcpAddress } from './addresses.js';
import { prepareContext } from './context.js';
import { patiently } from './patience.js';

/** Draft options of libzmq 4.3 that the binding has no names for (zmq.h). */
const ZMQ_IN_BATCH_SIZE = 101;
const ZMQ_OUT_BATCH_SIZE = 102;
const BATCH_BYTES = 65_536;
const PIECES_WAITING = 8;

const nothing = Buffer.alloc(0);

class ContainerSocket extends Stream {
  useLargePieces(): void {
    this.setInt32Option(ZMQ_IN_BATCH_SIZE, BATCH_BYTES);
    this.setInt32Option(ZMQ_OUT_BATCH_SIZE, BATCH_BYTES);
  }
}

export interface StreamConnection {
  /** Resolves when libzmq has taken the bytes; a container that does not read makes it wait. */
  send(bytes: Buffer): Promise<void>;
  /** The next piece; an empty one: the container has closed, or we have. One call at a time. */
  receive(): Promise<Buffer>;
  /** At once; nothing that was not sent yet is sent later. */
  close(): void;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly clock: Clock;
}

/**
 * Milliseconds after which we ask why the connection is not there yet. libzmq itself would tell it to
 * an observer only, and an observer is dangerous: once nobody reads it, the socket's next event blocks
 * libzmq's I/O thread, and with it every socket of the process, for ever.
 */
const PROBE_AFTER = 5;

/** Throws ERR_SERVER_REFUSED or ERR_SERVER_UNREACHABLE: in either case nothing was sent. */
export async function connect(options: ConnectOptions): Promise<StreamConnection> {
  const { host, port, timeout, clock } = options;
  prepareContext();
  const ip = isIP(host) === 0 ? await resolved(host) : host;
  const socket = new ContainerSocket({
    linger: 0,
    sendTimeout: 0,
    sendHighWaterMark: PIECES_WAITING,
    receiveHighWaterMark: PIECES_WAITING,
    ipv6: ip.includes(':'),
  });
  socket.useLargePieces();
  socket.connect(tcpAddress(ip, port));
  const hello = socket.receive() as unknown as Promise<StreamFrames>;
  const ended = new AbortController();
  try {
    const [id] = await Promise.race([hello, failure({ ...options, ip }, ended.signal)]);
    return new Connection(socket, id, clock);
  } catch (cause) {
    hello.catch(() => undefined); // closing ends the pending receive
    socket.close();
    if (cause instanceof CutoverError) throw cause;
    throw new CutoverError('ERR_SERVER_UNREACHABLE', `${host}:${port}, ${timeout} ms`, { cause });
  } finally {
    ended.abort();
  }
}

/** Rejects when the server refuses, or after the time-out; never resolves. */
function failure(
  { ip, port, timeout, clock }: ConnectOptions & { readonly ip: string },
  ended: AbortSignal,
): Promise<never> {
  return new Promise((_, reject) => {
    const refused = (cause: Error) =>
      reject(
        new CutoverError('ERR_SERVER_REFUSED', `${ip}:${port} refused the connection`, { cause }),
      );
    const late = () =>
      reject(new CutoverError('ERR_SERVER_UNREACHABLE', `${ip}:${port} is silent (${timeout} ms)`));
    const cancelLate = clock.after(timeout, late);
    const cancelProbe = clock.after(PROBE_AFTER, () => {
      const probe = connectTo({ host: ip, port });
      probe.once('connect', () => probe.destroy()); // it listens: its answer to us is on its way
      probe.once('error', refused);
      ended.addEventListener('abort', () => probe.destroy());
    });
    ended.addEventListener('abort', () => {
      cancelLate();
      cancelProbe();
    });
  });
}

async function resolved(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new CutoverError('ERR_SERVER_REFUSED', `${host} has no address`, { cause });
  }
}

class Connection implements StreamConnection {
  readonly #socket: ContainerSocket;
  readonly #id: Buffer;
  readonly #clock: Clock;
  #closed = false;

  constructor(socket: ContainerSocket, id: Buffer, clock: Clock) {
    this.#socket = socket;
    this.#id = id;
    this.#clock = clock;
  }

  async send(bytes: Buffer): Promise<void> {
    const taken = await patiently(
      () => this.#socket.send([this.#id, bytes]),
      this.#clock,
      () => this.#closed,
    );
    if (!taken) throw new CutoverError('ERR_SERVER_RESET', 'the server closed the connection');
  }

  async receive(): Promise<Buffer> {
    if (this.#closed) return nothing;
    try {
      const [, bytes] = (await this.#socket.receive()) as unknown as StreamFrames;
      return bytes;
    } catch {
      return nothing; // closing ends a pending receive; whatever else ends it ends the connection
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
