#!/usr/bin/env node
/**
 * An application to try Cutover with: `node examples/demo-app.js PORT VERSION [broken]`. It needs nothing
 * but Node, and knows nothing of Cutover. Port 0: any free one; the first line of output tells which.
 * `broken`: it answers 500 to everything, as a version may that should never have been released.
 *
 *   GET  /          who answered: text, or a page for browsers
 *   GET  /healthz   200 while it is well
 *   GET  /slow      the same as / after two seconds (`?ms=500`: after half a second)
 *   GET  /events    server-sent events, one a second
 *   POST /anything  the body that was sent; PUT as well
 */
import { createServer } from 'node:http';
import { argv, exit } from 'node:process';

const [, , portText = '9101', version = '1.0', fault] = argv;
if (fault !== undefined && fault !== 'broken') {
  console.error(`${fault}: only "broken" can be asked for`);
  exit(2);
}
const colours = ['#2b6cb0', '#2f855a', '#b7791f', '#6b46c1'];

const server = createServer((request, response) => {
  const { port } = server.address();
  const url = new URL(request.url, 'http://demo');
  response.setHeader('X-Served-By', `${version} on port ${port}`);

  if (fault === 'broken') return broken(request, response);
  if (request.method === 'POST' || request.method === 'PUT') return echo(request, response);
  switch (url.pathname) {
    case '/':
      return hello(request, response);
    case '/healthz':
      return plain(response, 'well\n');
    case '/slow':
      return void setTimeout(
        () => hello(request, response),
        Number(url.searchParams.get('ms') ?? 2000),
      );
    case '/events':
      return events(response);
    default:
      response.statusCode = 404;
      return plain(response, `version ${version} has no ${url.pathname}\n`);
  }
});

function hello(request, response) {
  const who = `version ${version} on port ${server.address().port}`;
  if (!request.headers.accept?.includes('text/html')) return plain(response, `Hello from ${who}\n`);
  const colour = colours[Number.parseInt(version, 10) % colours.length];
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(`<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Demo ${version}</title>
<body style="font: 1.2em system-ui; display: grid; place-items: center; min-height: 90vh">
<main style="text-align: center">
  <h1 style="font-size: 6em; margin: 0; color: ${colour}">${version}</h1>
  <p>Hello from ${who}</p>
  <p id="tick"></p>
</main>
<script>
  new EventSource('/events').onmessage = ({ data }) => (tick.textContent = data);
</script>
`);
}

function plain(response, text) {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(text);
}

function broken(request, response) {
  request.resume(); // what was sent is thrown away, so that the connection stays usable
  response.statusCode = 500;
  plain(response, `version ${version} is broken\n`);
}

function echo(request, response) {
  response.setHeader('Content-Type', request.headers['content-type'] ?? 'application/octet-stream');
  request.pipe(response);
}

function events(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const tick = () => response.write(`data: version ${version} at ${new Date().toISOString()}\n\n`);
  tick();
  const timer = setInterval(tick, 1000);
  response.on('close', () => clearInterval(timer));
}

server.on('error', ({ message }) => {
  console.error(message);
  exit(1);
});
server.listen(Number(portText), '127.0.0.1', () => {
  console.log(`version ${version} listens on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
