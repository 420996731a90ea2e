#!/usr/bin/env node
/**
 * Customers of the shop: `node examples/tutorial/customers.js PORT`. Eight at a time come, put one to four
 * things into their carts, and look at the total, which they know how to add up. Each customer is a new session.
 * With SIGTERM or Ctrl-C they leave, and it is said how many totals were right.
 */
import { Agent, request } from 'node:http';
import { argv } from 'node:process';

const port = Number(argv[2] ?? 8080);
const agent = new Agent({ keepAlive: true });
const cents = { tea: 435, cup: 820, pot: 1999 };
const tally = { right: 0, wrong: 0, failed: 0 };
let isOpen = true;

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => (isOpen = false));

await Promise.all(Array.from({ length: 8 }, customers));
agent.destroy();
console.log(`totals: ${tally.right} right, ${tally.wrong} wrong; failed requests: ${tally.failed}`);
process.exitCode = tally.wrong + tally.failed > 0 ? 1 : 0;

async function customers() {
  while (isOpen) await visit().catch(() => (tally.failed += 1));
}

async function visit() {
  const cookies = new Map();
  const things = Object.keys(cents);
  const wanted = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => {
    return things[Math.floor(Math.random() * things.length)];
  });
  for (const thing of wanted) await ask(cookies, 'POST', thing);
  const { total } = JSON.parse(await ask(cookies, 'GET'));
  const expected = wanted.reduce((sum, thing) => sum + cents[thing], 0);
  tally[total === (expected / 100).toFixed(2) ? 'right' : 'wrong'] += 1;
}

/** As a browser does it: cookies that were set are sent from then on. */
function ask(cookies, method, body = '') {
  return new Promise((resolve, reject) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, 'content-length': body.length };
    const asking = request({ agent, port, host: '127.0.0.1', method, path: '/cart', headers });
    asking.on('error', reject);
    asking.on('response', response => {
      for (const set of response.headers['set-cookie'] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
        cookies.set(name, value);
      }
      let text = '';
      response.on('data', bytes => (text += bytes));
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode < 400 ? resolve(text) : reject(new Error(text)),
      );
    });
    asking.end(body);
  });
}
