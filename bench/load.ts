/**
 * How many requests a second, and what each costs: `npm run bench`. A container answers 100 bytes, directly
 * and through `cutover up` with one frontend and one worker, in turns, for several rounds; medians. The load
 * comes from wrk where it is installed, otherwise from Node, which is itself the bottleneck then. CPU time is
 * the operating system's, of all frontends and workers together.
 */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CONNECTIONS = 64;
const SECONDS = 4;
const ROUNDS = 3;
const TICKS_A_SECOND = 100; // USER_HZ, the same on every Linux
const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
const hasWrk = spawnSync('wrk', ['-v']).error === undefined;

interface Round {
  /** Requests a second. */
  readonly rate: number;
  readonly requests: number;
}

async function container(): Promise<Server> {
  const body = 'x'.repeat(100);
  const server = createServer((_, answer) => void answer.end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

/** Starts `cutover up` and yields the port for clients. */
async function up(folder: string, server: number): Promise<{ child: ChildProcess; port: number }> {
  const file = join(folder, 'cutover.json');
  const servers = [{ ip: '127.0.0.1', port: server }];
  await writeFile(
    file,
    JSON.stringify({ proxy: { port: 0 }, registry: { kind: 'none' }, cluster: { servers } }),
  );
  const child = spawn(process.execPath, [cli, 'up', '-c', file, '--workers', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, address = '' } = JSON.parse(line) as { event?: string; address?: string };
    if (event !== 'supervisor-ready') continue;
    child.stdout.resume();
    return { child, port: Number(address.split(':').at(-1)) };
  }
  throw new Error('cutover up ended before it was ready');
}

async function checked(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  const body = await answer.text();
  if (answer.status !== 200 || body !== 'x'.repeat(100)) throw new Error(`wrong answer: ${body}`);
}

async function byWrk(port: number): Promise<Round> {
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, `http://127.0.0.1:${port}/`];
  const { stdout } = await promisify(execFile)('wrk', options);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return { requests, rate: Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1]) };
}

async function byNode(port: number): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const began = performance.now();
  let requests = 0;
  const client = async () => {
    while (performance.now() - began < SECONDS * 1000) {
      const [answer] = (await once(get({ port, agent }), 'response')) as [NodeJS.ReadableStream];
      answer.resume();
      await once(answer, 'end');
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  agent.destroy();
  return { requests, rate: requests / ((performance.now() - began) / 1000) };
}

/** CPU seconds that the children of a process have used. */
async function cpuOfChildren(pid: number): Promise<number> {
  let ticks = 0;
  for (const each of await readdir('/proc')) {
    if (!/^\d+$/.test(each)) continue;
    const stat = await readFile(`/proc/${each}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[1]) === pid) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_A_SECOND;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
  const server = await container();
  const { child, port } = await up(folder, portOf(server));
  const load = hasWrk ? byWrk : byNode;
  const rates = { direct: [] as number[], cutover: [] as number[] };
  const costs: number[] = [];
  try {
    await checked(port);
    await load(port); // warm
    for (let round = 0; round < ROUNDS; round++) {
      rates.direct.push((await load(portOf(server))).rate);
      const before = await cpuOfChildren(child.pid ?? 0);
      const { rate, requests } = await load(port);
      costs.push((((await cpuOfChildren(child.pid ?? 0)) - before) / requests) * 1e6);
      rates.cutover.push(rate);
    }
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    server.close();
    await rm(folder, { recursive: true });
  }
  console.log(
    `load by ${hasWrk ? 'wrk' : 'Node'}, ${CONNECTIONS} connections, medians of ${ROUNDS}`,
  );
  console.log(`direct    ${median(rates.direct).toFixed(0)} requests/s`);
  console.log(`cutover   ${median(rates.cutover).toFixed(0)} requests/s`);
  console.log(
    `          ${median(costs).toFixed(0)} CPU µs a request, frontend and worker together`,
  );
}

await main();
