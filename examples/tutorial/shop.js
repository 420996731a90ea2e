#!/usr/bin/env node
/**
 * A small shop, to be upgraded in docs/tutorial.md: `node examples/tutorial/shop.js PORT VERSION`. It needs
 * nothing but Node, and knows nothing of Cutover. Versions 1.0, 2.0 and 2.1 differ in total-VERSION.js.
 *
 *   GET  /       what there is, and what it costs
 *   POST /cart   puts the thing that the body names into the cart
 *   GET  /cart   the cart and its total, as JSON
 *
 * The cart is in a cookie: all versions of the shop can read it, so customers can move between them.
 */
import { createServer } from 'node:http';
import { argv, exit } from 'node:process';

const [, , portText = '9101', version = '1.0'] = argv;
const { total } = await import(`./total-${version}.js`).catch(() => {
  console.error(`there is no version ${version} of the shop`);
  exit(2);
});

/** In euros. */
const prices = { tea: 4.35, cup: 8.2, pot: 19.99 };

const server = createServer((request, response) => {
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      return answer(response, 200, { prices });
    case 'GET /cart':
      return showCart(request, response);
    case 'POST /cart':
      return void addToCart(request, response);
    default:
      return answer(response, 404, { error: 'there is no such page' });
  }
});

function showCart(request, response) {
  const cart = cartOf(request);
  answer(response, 200, { cart, total: total(cart.map(thing => prices[thing])) });
}

async function addToCart(request, response) {
  let thing = '';
  for await (const bytes of request) thing += bytes;
  if (!Object.hasOwn(prices, thing)) return answer(response, 400, { error: `no ${thing} here` });
  const cart = [...cartOf(request), thing];
  response.setHeader('Set-Cookie', `cart=${cart.join('.')}; Path=/; HttpOnly; SameSite=Lax`);
  answer(response, 201, { cart });
}

function cartOf({ headers: { cookie = '' } }) {
  const [, things = ''] = /(?:^|; )cart=([a-z.]*)/.exec(cookie) ?? [];
  return things.split('.').filter(thing => Object.hasOwn(prices, thing));
}

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

server.on('error', ({ message }) => {
  console.error(message);
  exit(1);
});
server.listen(Number(portText), '127.0.0.1', () => {
  console.log(`shop ${version} listens on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
