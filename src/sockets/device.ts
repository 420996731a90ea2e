/** Both ends of the device: the frontend's ROUTER and the worker's DEALERs. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Dealer, Router } from 'zeromq';
import type { Report } from '../kernel/events.js';
import { systemCodeOf } from '../kernel/errors.js';
import { StartError } from '../kernel/start-error.js';
import type { KeyPair, PublicKey } from '../security/key-pair.js';
import type { Credentials } from '../security/keyring.js';
import { Strangers } from '../security/strangers.js';
import { MOST_MESSAGE_BYTES } from '../wire/batch.js';
import type { DealerFrames, RouterFrames } from '../wire/frames.js';
import { mayBeIPv6 } from './addresses.js';
import { arrivals } from './arrivals.js';
import { prepareContext } from './context.js';
import { doorkeeper, type Doorkeeper, type TurnedAway } from './doorkeeper.js';
import { liesOutside } from './outside-memory.js';
import { probe } from './probe.js';

/** Draft option of libzmq 4.3 (zmq.h): announce that peers come (1) and go (2). */
const ZMQ_ROUTER_NOTIFY = 97;
const COMING_AND_GOING = 3;

// What waits inside libzmq is bounded by credit and by limits.outstanding, not by a count of
// messages: a refused send in the middle of an exchange could only be answered by ending it.
const UNCOUNTED = 0;

const PROBE_PATIENCE = 1000;

/**
 * Who was cut off is given up by its silence (device.silence), but libzmq keeps its connection, and would for
 * ever: nothing more is sent over it. So the kernel asks now and then whether the other machine is still there, and
 * ends a connection of which nothing was heard for 15 s.
 */
const connectionOfTheLiving = {
  tcpKeepalive: 1,
  tcpKeepaliveIdle: 5, // seconds, as the next one
  tcpKeepaliveInterval: 5,
  tcpKeepaliveCount: 2,
  tcpMaxRetransmitTimeout: 15_000,
} as const;

/**
 * Milliseconds; then it is tried anew. TCP by itself asks again after 1, 2, 4 and 8 s: so late it would come back
 * after a partition.
 */
const CONNECT_TIMEOUT = 3000;

class WorkersSocket extends Router {
  announceWorkers(): void {
    this.setInt32Option(ZMQ_ROUTER_NOTIFY, COMING_AND_GOING);
  }
}

export interface DeviceRouter extends AsyncIterable<RouterFrames> {
  readonly address: string;
  /** Done, or refused at once (see sendRefusal): 'gone' when the worker is not connected. */
  send(routingId: Buffer, packed: Buffer): Promise<void>;
  close(): void;
}

/** Who may connect to a device, and where it is told that somebody was turned away. */
export interface Guard {
  readonly credentials: Credentials;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly report: Report;
}

/**
 * Without a guard whoever reaches the address is let in; for `ipc://` the folder is guard enough.
 * Throws StartError: path not writable, address taken, not of this machine.
 */
export async function bindDevice(address: string, guard?: Guard): Promise<DeviceRouter> {
  prepareContext();
  const path = address.startsWith('ipc://') ? address.slice('ipc://'.length) : undefined;
  if (path !== undefined) await clearPath(path);
  const keeper =
    guard !== undefined && path === undefined ? await keeperOf(guard, address) : undefined;
  const socket = new WorkersSocket({
    ...keeper?.guarded,
    mandatory: true,
    sendTimeout: 0,
    sendHighWaterMark: UNCOUNTED,
    receiveHighWaterMark: UNCOUNTED,
    maxMessageSize: MOST_MESSAGE_BYTES,
    linger: 200,
    ...connectionOfTheLiving,
    ipv6: mayBeIPv6(address),
  });
  socket.announceWorkers();
  try {
    await socket.bind(address);
  } catch (cause) {
    socket.close();
    keeper?.close();
    throw cannotBind(address, cause);
  }
  return {
    address: socket.lastEndpoint ?? address,
    async send(routingId, packed) {
      liesOutside(packed);
      await socket.send([routingId, packed]);
    },
    close() {
      if (socket.closed) return;
      socket.close();
      keeper?.close();
      // libzmq leaves the path behind, and still answers at it for a moment.
      if (path !== undefined) rmSync(path, { force: true });
    },
    [Symbol.asyncIterator]: () => arrivals<RouterFrames>(socket),
  };
}

function keeperOf({ credentials, now, report }: Guard, link: string): Promise<Doorkeeper> {
  const strangers = new Strangers();
  const turnedAway = ({ key = 'none', from = 'unknown' }: TurnedAway) => {
    const telling = strangers.refused(key, now());
    if (telling !== undefined) report({ type: 'key-refused', link, key, from, ...telling });
  };
  const failed = (cause: unknown) => report({ type: 'fault', where: 'doorkeeper', cause });
  return doorkeeper({ ...credentials, turnedAway, failed });
}

/**
 * libzmq removes whatever stands at an ipc path before it binds, also the socket of a frontend
 * that is alive. So we ask first, and remove only what nobody answers at.
 */
async function clearPath(path: string): Promise<void> {
  if ((await probe({ path }, PROBE_PATIENCE)) === 'listens') {
    throw new StartError(`device: ipc://${path} is taken by another frontend that is running`);
  }
  await rm(path, { force: true }).catch((cause: unknown) => {
    throw cannotBind(`ipc://${path}`, cause);
  });
}

function cannotBind(address: string, cause: unknown): StartError {
  const at = `device: cannot bind ${address}`;
  switch (systemCodeOf(cause)) {
    case 'EADDRINUSE':
      return new StartError(`${at}: it is taken by another process`, 1, { cause });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StartError(`${at}: the folder is not writable`, 1, { cause });
    case 'ENOENT':
    case 'ENOTDIR':
      return new StartError(`${at}: there is no such folder`, 1, { cause });
    case 'EADDRNOTAVAIL':
    case 'ENODEV':
      return new StartError(`${at}: this machine has no such address`, 1, { cause });
    default:
      return new StartError(`${at}: ${String(cause)}`, 1, { cause });
  }
}

export interface DeviceDealer extends AsyncIterable<DealerFrames> {
  send(packed: Buffer): Promise<void>;
  /** Drops what was not delivered. */
  close(): void;
  /** Closes after what was sent has gone out, or after half a second. */
  closeGently(): void;
}

/** What we show to who listens, and the one key that we take for theirs. */
export interface Showing {
  readonly own: KeyPair;
  readonly server: PublicKey;
}

/** Connects lazily: the frontend may come later, or come back. Over `ipc://` no keys are shown. */
export function connectDevice(address: string, showing?: Showing): DeviceDealer {
  prepareContext();
  const socket = new Dealer({
    ...(showing !== undefined && address.startsWith('tcp://') && shown(showing)),
    sendTimeout: 0,
    sendHighWaterMark: UNCOUNTED,
    receiveHighWaterMark: UNCOUNTED,
    maxMessageSize: MOST_MESSAGE_BYTES,
    linger: 0,
    reconnectInterval: 50,
    reconnectMaxInterval: 1000,
    connectTimeout: CONNECT_TIMEOUT,
    ...connectionOfTheLiving,
    ipv6: mayBeIPv6(address),
  });
  socket.connect(address);
  return {
    async send(packed) {
      liesOutside(packed);
      await socket.send(packed);
    },
    close: () => socket.close(),
    closeGently() {
      if (!socket.closed) socket.linger = 500;
      socket.close();
    },
    [Symbol.asyncIterator]: () => arrivals<DealerFrames>(socket),
  };
}

const shown = ({ own, server }: Showing) => ({
  curvePublicKey: own.publicKey,
  curveSecretKey: own.secretKey,
  curveServerKey: server,
});
