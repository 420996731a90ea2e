/** A version of the application: two servers within the soak, which can be restarted, and can go bad. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { content } from '../programs/content.js';

export interface Address {
  readonly ip: string;
  readonly port: number;
}

/** Bytes of `GET /large`. */
export const LARGE = 200_000;

/** What is answered to a small request: every version says the same, or CONCURRENT would find a difference. */
export const greeting = (id: string) => `hello, ${id}`;

/** In which field a version tells its name. */
export const VERSION_FIELD = 'x-version';

const SERVERS = 2;
/** Not where anybody's outgoing connections begin: a server that is restarted must find its port free. */
const LOOPBACK = `127.${1 + (process.pid % 250)}.${(process.pid >> 8) % 250}.9`;
const large = content(LARGE);

export class Application {
  readonly version: string;
  readonly addresses: readonly Address[];
  /** Requests that it has answered well. */
  answered = 0;
  /** It answers 500 to everything. */
  isBad = false;
  readonly #servers: Server[] = [];

  private constructor(version: string, ports: readonly number[]) {
    this.version = version;
    this.addresses = ports.map(port => ({ ip: LOOPBACK, port }));
  }

  static async start(version: string): Promise<Application> {
    const servers = Array.from({ length: SERVERS }, () => createServer());
    const ports = await Promise.all(servers.map(server => listening(server, 0)));
    const application = new Application(version, ports);
    for (const server of servers) application.#serveWith(server);
    return application;
  }

  /** One server breaks its connections, refuses new ones, and is there again. */
  async restart(index: number): Promise<void> {
    const [server] = this.#servers.splice(index, 1);
    const port = this.addresses[index]?.port;
    if (server === undefined || port === undefined) return;
    await closed(server);
    const next = createServer();
    await listening(next, port);
    this.#serveWith(next, index);
  }

  /** All servers break their connections, and refuse new ones from now on. */
  async crash(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(closed));
  }

  #serveWith(server: Server, index = this.#servers.length): void {
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#answer(request, response),
    );
    this.#servers.splice(index, 0, server);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader(VERSION_FIELD, this.version);
    request.on('error', () => response.destroy()); // whoever sent it has gone
    if (this.isBad) {
      request.resume();
      response.writeHead(500).end('broken');
      return;
    }
    response.once('finish', () => (this.answered += 1));
    if (request.method === 'PUT') takeUpload(request, response);
    else if (request.url === '/large') response.end(large);
    else response.end(greeting(String(request.headers['x-id'])));
  }
}

function takeUpload(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (piece: Buffer) => (bytes += piece.length));
  request.on('end', () => response.end(String(bytes)));
}

async function listening(server: Server, port: number): Promise<number> {
  server.keepAliveTimeout = 600_000; // ms: no connection shall be closed under a worker's request
  server.listen({ port, host: LOOPBACK, backlog: 4096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  const gone = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await gone;
}
