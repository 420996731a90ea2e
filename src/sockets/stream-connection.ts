/**
 * One connection to a container: a connected STREAM socket of its own. A shared socket would be a
 * quarter cheaper, but libzmq reconnects by itself and would deliver what was meant for the dead
 * connection to the next one. Here goodbye or cancel closes the socket, and nothing is delivered
 * later; and not receiving on it slows the container down.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Stream } from 'zeromq';
import type { Cancel, Clock } from '../kernel/clock.js';
import { CutoverError, messageOf, systemCodeOf } from '../kernel/errors.js';
import { within } from '../kernel/within.js';
import type { StreamFrames } from '../wire/frames.js';
import { tcpAddress } from './addresses.js';
import { prepareContext } from './context.js';
import { liesOutside } from './outside-memory.js';
import { patiently } from './patience.js';
import { probe } from './probe.js';
import { sendRefusal } from './socket-errors.js';

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
const PROBE_AFTER = 20;
const PROBE_TIMEOUT = 1000;

/** Throws ERR_SERVER_REFUSED or ERR_SERVER_UNREACHABLE: in either case nothing was sent. */
export async function connect(options: ConnectOptions): Promise<StreamConnection> {
  const { host, port, timeout, clock } = options;
  prepareContext();
  const deadline = clock.now() + timeout;
  if (isIP(host) !== 0) return connectTo(host, deadline, options);
  let failure = new CutoverError('ERR_SERVER_REFUSED', `${host} has no address`);
  for (const ip of await before(deadline, options, addressesOf(host))) {
    try {
      return await connectTo(ip, deadline, options);
    } catch (cause) {
      if (!(cause instanceof CutoverError) || clock.now() >= deadline) throw cause;
      failure = cause; // localhost may be two addresses, of which one is listened on
    }
  }
  throw new CutoverError(failure.code, `${host}:${port}: ${failure.message}`, { cause: failure });
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (cause) {
    throw new CutoverError('ERR_SERVER_REFUSED', `${host} has no address`, { cause });
  }
}

async function connectTo(
  ip: string,
  deadline: number,
  options: ConnectOptions,
): Promise<StreamConnection> {
  const { port, clock } = options;
  const socket = openSocket(ip);
  socket.connect(tcpAddress(ip, port));
  const hello = socket.receive() as unknown as Promise<StreamFrames>;
  let cancelProbe: Cancel | undefined;
  const refused = new Promise<never>((_, reject) => {
    cancelProbe = clock.after(PROBE_AFTER, () => void sharedProbe(ip, port).catch(reject));
  });
  try {
    const [id] = await before(deadline, options, Promise.race([hello, refused]));
    return new Connection(socket, id, clock);
  } catch (cause) {
    hello.catch(() => undefined); // closing ends the pending receive
    socket.close();
    throw cause;
  } finally {
    cancelProbe?.();
  }
}

/** Without descriptors there is no way to any server from here; from another worker there may be. */
function openSocket(ip: string): ContainerSocket {
  try {
    const socket = new ContainerSocket({
      linger: 0,
      sendTimeout: 0,
      sendHighWaterMark: PIECES_WAITING,
      receiveHighWaterMark: PIECES_WAITING,
      ipv6: ip.includes(':'),
    });
    socket.useLargePieces();
    return socket;
  } catch (cause) {
    const because = `no socket can be opened: ${messageOf(cause)}`;
    throw new CutoverError('ERR_SERVER_UNREACHABLE', because, { cause });
  }
}

/** What `promise` gives, if it does so before the deadline; otherwise ERR_SERVER_UNREACHABLE. */
async function before<Value>(
  deadline: number,
  { host, port, timeout, clock }: ConnectOptions,
  promise: Promise<Value>,
): Promise<Value> {
  const found = await within(promise, Math.max(0, deadline - clock.now()), clock);
  if (found !== 'late') return found;
  throw new CutoverError('ERR_SERVER_UNREACHABLE', `${host}:${port} is silent (${timeout} ms)`);
}

const probes = new Map<string, Promise<void>>();

/** Rejects if the server refuses; one at a time for each server, however many wait for it. */
function sharedProbe(ip: string, port: number): Promise<void> {
  const name = tcpAddress(ip, port);
  const running = probes.get(name) ?? probed(ip, port).finally(() => probes.delete(name));
  probes.set(name, running);
  return running;
}

/** What an error of the probe says of the server; undefined: nothing. */
function failureOf(cause: Error, server: string): CutoverError | undefined {
  switch (systemCodeOf(cause)) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return new CutoverError('ERR_SERVER_REFUSED', `${server} refused the connection`, { cause });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return new CutoverError('ERR_SERVER_UNREACHABLE', `there is no way to ${server}`, { cause });
    default:
      return undefined; // our own trouble, such as too few descriptors
  }
}

/** Resolves if it listens, or is silent: what we wait for may still come. */
async function probed(ip: string, port: number): Promise<void> {
  const answer = await probe({ host: ip, port }, PROBE_TIMEOUT);
  const failure = answer instanceof Error ? failureOf(answer, `${ip}:${port}`) : undefined;
  if (failure !== undefined) throw failure;
}

/**
 * Whether there is a way to the server's machine: it need not listen, but it answers. Asked by a plain connection,
 * for `timeout` milliseconds. Where nobody knows, there is one. Never rejects.
 */
export async function isReachable(
  { host, port }: Pick<ConnectOptions, 'host' | 'port'>,
  timeout: number,
): Promise<boolean> {
  const ips = isIP(host) !== 0 ? [host] : await addressesOf(host).catch(() => []);
  const answers = await Promise.all(ips.map(ip => probe({ host: ip, port }, timeout)));
  return answers.length === 0 || answers.some(isFromThere);
}

function isFromThere(answer: Awaited<ReturnType<typeof probe>>): boolean {
  if (!(answer instanceof Error)) return answer === 'listens';
  return failureOf(answer, '')?.code !== 'ERR_SERVER_UNREACHABLE';
}

function bytesOf(frames: Buffer[]): Buffer {
  const [, bytes] = frames as readonly Buffer[] as StreamFrames;
  liesOutside(bytes);
  return bytes;
}

/** Closing ends a pending receive; whatever else ends it ends the connection. */
const atEnd = () => nothing;
const noMore = Promise.resolve(nothing);

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

  // Every request passes here, and through `receive`: neither is async, which would cost two promises more.

  send(bytes: Buffer): Promise<void> {
    try {
      // As a rule it is taken at once.
      return this.#socket
        .send([this.#id, bytes])
        .catch((cause: unknown) => this.#refused(cause, bytes));
    } catch (cause) {
      return this.#refused(cause, bytes); // a closed socket throws at once instead of rejecting
    }
  }

  async #refused(cause: unknown, bytes: Buffer): Promise<void> {
    if (sendRefusal(cause) === 'full' && (await this.#sendLater(bytes))) return;
    throw new CutoverError('ERR_SERVER_RESET', 'the server closed the connection', { cause });
  }

  #sendLater(bytes: Buffer): Promise<boolean> {
    return patiently(
      () => this.#socket.send([this.#id, bytes]),
      this.#clock,
      () => this.#closed,
    );
  }

  receive(): Promise<Buffer> {
    if (this.#closed) return noMore;
    try {
      return this.#socket.receive().then(bytesOf, atEnd);
    } catch {
      return noMore;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }
}
