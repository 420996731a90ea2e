import { createServer, type Server } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** The thread that opens a listening socket, says so, and stands still: it accepts nothing. */

export interface Opening {
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
  readonly standstill: SharedArrayBuffer;
}

export type Opened =
  | { readonly fd: number; readonly port: number }
  | { readonly code: string; readonly message: string };

const { host, port, backlog, standstill } = workerData as Opening;
const tell = (opened: Opened) => parentPort?.postMessage(opened);

const server = createServer();
server.once('error', ({ code = 'unknown', message }: NodeJS.ErrnoException) => {
  tell({ code, message });
});
server.listen({ host, port, backlog }, () => {
  tell({ fd: descriptorOf(server), port: portOf(server) });
  Atomics.wait(new Int32Array(standstill), 0, 0); // for good: terminate() ends the thread
});

/** Node has no public way to a server's descriptor; this one is as old as cluster (node:cluster uses it). */
const descriptorOf = (listening: Server) =>
  (listening as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;

function portOf(listening: Server): number {
  const address = listening.address();
  if (typeof address === 'object' && address !== null) return address.port;
  throw new TypeError('a TCP server has an address with a port');
}
