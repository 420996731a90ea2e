/** @fastify/http-proxy as its manual sets it up (kept connections by undici): PORT SERVER. */
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [port, server] = process.argv.slice(2).map(Number);
const application = fastify({ bodyLimit: 2 ** 30 });
await application.register(proxy, {
  upstream: `http://127.0.0.1:${server ?? 0}`,
  undici: { connections: 512, pipelining: 1 },
});
await application.listen({ port: port ?? 0, host: '127.0.0.1', backlog: 4096 });
