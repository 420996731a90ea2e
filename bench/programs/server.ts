/**
 * The server behind every contender, for what nginx cannot do or where it is missing: PORT.
 * `GET /N` answers N bytes; `POST` answers how many bytes came, `POST /digest` their digest.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { content } from './content.js';

const bodies = new Map<number, Buffer>();

function bodyOf(bytes: number): Buffer {
  const body = bodies.get(bytes) ?? content(bytes);
  bodies.set(bytes, body);
  return body;
}

function take(request: IncomingMessage, answer: ServerResponse): void {
  const digest = request.url === '/digest' ? createHash('sha256') : undefined;
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    digest?.update(piece);
  });
  request.on('end', () => answer.end(digest?.digest('hex') ?? String(bytes)));
}

const server = createServer((request, answer) => {
  if (request.method === 'POST') take(request, answer);
  else answer.end(bodyOf(Number(request.url?.slice(1))));
});
server.keepAliveTimeout = 600_000; // ms: no contender shall find a connection closed under it
server.listen(Number(process.argv[2]), '127.0.0.1', 4096);
