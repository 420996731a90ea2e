/** A server within the benchmark, which knows when each request reached it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOOPBACK } from '../system/free-port.js';

export interface NamedServer {
  readonly port: number;
  /** What it answers to the next requests; 503 while `undefined`. */
  answer: string | undefined;
  /** Refuses connections from now on, and breaks those that there are. */
  crash(): void;
}

export async function namedServer(
  answer: string,
  onRequest: (request: IncomingMessage) => void,
): Promise<NamedServer> {
  const server = createServer((request, response: ServerResponse) => {
    onRequest(request);
    if (named.answer === undefined) response.writeHead(503);
    response.end(named.answer ?? 'broken');
  });
  server.keepAliveTimeout = 600_000; // ms
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const crash = () => {
    server.close();
    server.closeAllConnections();
  };
  const { port } = server.address() as AddressInfo;
  const named: NamedServer = { port, answer, crash };
  return named;
}
