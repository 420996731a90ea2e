/**
 * The bound STREAM socket: the clients' connections of a frontend. What was measured about it
 * stands in docs/architecture.md, "Facts about the sockets".
 */
import { Stream } from 'zeromq';
import type { StreamFrames } from '../wire/frames.js';
import { systemCodeOf } from '../kernel/errors.js';
import { StartError } from '../kernel/start-error.js';
import { tcpAddress } from './addresses.js';
import { arrivals } from './arrivals.js';

export interface StreamServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly backlog: number;
  /** Milliseconds after which the kernel cuts off a client that takes nothing. */
  readonly writeTimeout: number;
  /** A listening descriptor that somebody else opened; host and port are then for messages only. */
  readonly descriptor: number | undefined;
}

/** Draft options of libzmq 4.3 that the binding has no names for (zmq.h). */
const ZMQ_USE_FD = 89;
const ZMQ_OUT_BATCH_SIZE = 102;

/**
 * How many pieces wait for one client inside libzmq. With pieces of up to 64 KiB a client that does
 * not read holds 512 KiB there, and one that reads fast does not run dry between two attempts.
 */
const PIECES_WAITING = 8;
const OUT_BATCH_BYTES = 65_536;

class ClientsSocket extends Stream {
  /** Requests are small: pieces of 8 KiB (the default) hold less memory for each connection. */
  prepare(descriptor: number | undefined): void {
    this.setInt32Option(ZMQ_OUT_BATCH_SIZE, OUT_BATCH_BYTES);
    if (descriptor !== undefined) this.setInt32Option(ZMQ_USE_FD, descriptor);
  }
}

export interface StreamServer extends AsyncIterable<StreamFrames> {
  /** Where it listens, with the real port. */
  readonly host: string;
  readonly port: number;
  /** Done or refused at once (see sendRefusal); empty bytes close the connection when all is sent. */
  send(routingId: Buffer, bytes: Buffer): Promise<void>;
  /** Cuts all connections; what was sent before still goes out, for so many milliseconds at most. */
  close(linger: number): void;
}

/** Throws StartError: port taken, address not of this machine, not allowed. */
export async function listenForClients(options: StreamServerOptions): Promise<StreamServer> {
  const { host, port, backlog, writeTimeout, descriptor } = options;
  const socket = new ClientsSocket({
    linger: 0, // each connection keeps this one: with the default, for ever what its client left unread
    sendTimeout: 0, // a client that does not read refuses at once instead of stopping everybody
    sendHighWaterMark: PIECES_WAITING,
    receiveHighWaterMark: PIECES_WAITING,
    // TCP_USER_TIMEOUT. We could not do it: a connection whose pipe is full takes no close either.
    tcpMaxRetransmitTimeout: writeTimeout,
    backlog,
    ipv6: host.includes(':'),
  });
  socket.prepare(descriptor);
  try {
    await socket.bind(tcpAddress(host, port === 0 ? '*' : port));
  } catch (cause) {
    socket.close();
    throw cannotListen(host, port, cause);
  }
  return {
    host,
    port: Number(/:(\d+)$/.exec(socket.lastEndpoint ?? '')?.[1] ?? port),
    // Not async: each answer would make two promises more.
    send(routingId, bytes) {
      try {
        return socket.send([routingId, bytes]);
      } catch (cause) {
        // A closed socket throws at once instead of rejecting.
        return Promise.reject(cause instanceof Error ? cause : new Error(String(cause)));
      }
    },
    close(linger) {
      if (socket.closed) return;
      socket.linger = linger;
      socket.close();
    },
    [Symbol.asyncIterator]: () => arrivals<StreamFrames>(socket),
  };
}

function cannotListen(host: string, port: number, cause: unknown): StartError {
  const at = `proxy: cannot listen on ${host}, port ${port}`;
  switch (systemCodeOf(cause)) {
    case 'EADDRINUSE':
      return new StartError(`${at}: the port is taken by another process`, 1, { cause });
    case 'EADDRNOTAVAIL':
    case 'ENODEV':
      return new StartError(`${at}: this machine has no such address`, 1, { cause });
    case 'EACCES':
      return new StartError(
        `${at}: not allowed; ports below 1024 need CAP_NET_BIND_SERVICE or a descriptor handed over`,
        1,
        { cause },
      );
    default:
      return new StartError(`${at}: ${String(cause)}`, 1, { cause });
  }
}
