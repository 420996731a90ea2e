/** http-proxy-3 as its manual sets it up, with kept connections: PORT SERVER. */
import { Agent } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [port, server] = process.argv.slice(2).map(Number);
const proxy = createProxyServer({
  target: `http://127.0.0.1:${server ?? 0}`,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (_error, _request, answer) => answer.destroy());
proxy.listen(port ?? 0, '127.0.0.1');
