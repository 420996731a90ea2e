/**
 * `npm run demo`: two versions of an application, Cutover in front of them, and users who notice
 * nothing when the second takes over from the first. `--keep` leaves it all running.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent, request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
const app = fileURLToPath(new URL('../../examples/demo-app.js', import.meta.url));

const CLIENTS = 20;
/** Milliseconds between two requests of one client: these are people, not a benchmark. */
const THINKING = 20;
/** Milliseconds for which each version is watched. */
const WATCHING = 4_000;
const LINE = 250;

// ── words and colours ──

const isTerminal = process.stdout.isTTY;
const painted = (code: number) => (text: string) =>
  isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text;
const bold = painted(1);
const dim = painted(2);
const red = painted(31);
const green = painted(32);
const blue = painted(34);
const inColour = (version: string, text: string) => (version === '1.0' ? blue : green)(text);

const say = (text = '') => process.stdout.write(`  ${text}\n`);
const step = (text: string) => say(`\n  ${bold('▸')} ${text}`);
const number = (value: number) => value.toLocaleString('en');

// ── processes ──

const children: ChildProcess[] = [];

/** In a group of its own: Ctrl-C is for us, and we end the others in order. */
function start(program: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  children.push(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function endAll(): Promise<void> {
  for (const child of children.toReversed()) await end(child); // Cutover first: it came last
}

interface Server {
  readonly ip: string;
  readonly port: number;
}

/** One server of a version, on a free port. */
async function startServer(version: string): Promise<Server> {
  const [line] = (await once(linesOf(start(app, '0', version)), 'line')) as [string];
  return { ip: '127.0.0.1', port: Number(/\d+$/.exec(line)?.[0]) };
}

const linesOf = (child: ChildProcess) => createInterface({ input: child.stdout! });

/** `cutover up`, and the events that it logs. */
class Cutover {
  readonly process: ChildProcess;
  readonly #events: { readonly event: string; readonly [field: string]: unknown }[] = [];
  #heard: (() => void)[] = [];

  constructor(file: string) {
    this.process = start(cli, 'up', '--config', file);
    this.process.once('exit', () => this.#wake());
    linesOf(this.process).on('line', line => {
      if (line.startsWith('{')) this.#events.push(JSON.parse(line) as { event: string });
      else say(line);
      this.#wake();
    });
  }

  async logged(event: string): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const found = this.#events.find(each => each.event === event);
      if (found !== undefined) return found;
      const { exitCode, signalCode } = this.process;
      if (exitCode !== null || signalCode !== null) throw new Error('cutover up has ended');
      await new Promise<void>(resolve => this.#heard.push(resolve));
    }
  }

  #wake(): void {
    const heard = this.#heard;
    this.#heard = [];
    for (const resolve of heard) resolve();
  }
}

// ── traffic ──

interface Answer {
  readonly version: string;
  readonly port: string;
  readonly took: number;
}

/** What users got: all of it, and what came since somebody looked. */
class Tally {
  readonly byVersion = new Map<string, number>();
  readonly problems: string[] = [];
  slowest = 0;
  #recent: Answer[] = [];

  add(answer: Answer): void {
    this.byVersion.set(answer.version, (this.byVersion.get(answer.version) ?? 0) + 1);
    this.slowest = Math.max(this.slowest, answer.took);
    this.#recent.push(answer);
  }

  takeRecent(): readonly Answer[] {
    const recent = this.#recent;
    this.#recent = [];
    return recent;
  }
}

/** One user: asks, reads, thinks, asks again; every third time with something to say. */
async function user(port: number, tally: Tally, ended: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let count = 0; !ended.aborted; count += 1) {
    const said = count % 3 === 2 ? `remember ${count}` : undefined;
    try {
      tally.add(await asked(agent, port, said));
    } catch (cause) {
      tally.problems.push(cause instanceof Error ? cause.message : String(cause));
    }
    await pause(THINKING * (0.5 + Math.random()));
  }
  agent.destroy();
}

async function asked(agent: Agent, port: number, said: string | undefined): Promise<Answer> {
  const begin = performance.now();
  const outgoing = request({ agent, port, method: said === undefined ? 'GET' : 'POST' });
  outgoing.end(said);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = Buffer.concat((await answer.toArray()) as Buffer[]).toString();
  if (answer.statusCode !== 200) throw new Error(`answered with ${answer.statusCode}`);
  if (said !== undefined && text !== said) throw new Error('answered with something else');
  const [version = '?', , , server = '?'] = String(answer.headers['x-served-by']).split(' ');
  return { version, port: server, took: performance.now() - begin };
}

// ── what is shown ──

/** One line: a mark for some of the answers, in order, and how many came from which server. */
function shown(seconds: number, recent: readonly Answer[], problems: number): string {
  const every = Math.max(1, Math.ceil(recent.length / 40));
  const marks = recent.filter((_, index) => index % every === 0);
  const strip = marks.map(({ version }) => inColour(version, version.charAt(0))).join('');
  const gap = ' '.repeat(Math.max(0, 40 - marks.length));
  const servers = new Map<string, number>();
  for (const { version, port } of recent) {
    const key = `${version} ${port}`;
    servers.set(key, (servers.get(key) ?? 0) + 1);
  }
  const counts = [...servers].toSorted().map(([key, count]) => {
    const [version = '', port = ''] = key.split(' ');
    return inColour(version, `${version}@${port} ${String(count).padStart(3)}`);
  });
  const lost = problems === 0 ? dim('0 lost') : red(`${problems} lost`);
  return `${dim(`${seconds.toFixed(1).padStart(4)} s`)}  ${strip}${gap}  ${counts.join('  ')}  ${lost}`;
}

async function watch(tally: Tally, begin: number, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await pause(LINE);
    const seconds = (performance.now() - begin) / 1000;
    say(shown(seconds, tally.takeRecent(), tally.problems.length));
  }
}

function summary(tally: Tally): void {
  say();
  for (const [version, count] of tally.byVersion) {
    say(inColour(version, `${bold(version)}  answered ${number(count)} requests`));
  }
  const { length } = tally.problems;
  const lost = length === 0 ? green('nothing was lost') : red(`${length} requests were lost`);
  say(`${bold(lost)}; the slowest answer took ${Math.round(tally.slowest)} ms`);
  for (const problem of new Set(tally.problems)) say(red(problem));
}

/** All users, and whoever watches them, until they are asked to leave. */
function visit(port: number, tally: Tally): () => Promise<void> {
  const leaving = new AbortController();
  const users = Array.from({ length: CLIENTS }, () => user(port, tally, leaving.signal));
  const watching = watch(tally, performance.now(), leaving.signal);
  return async () => {
    leaving.abort();
    await Promise.all([...users, watching]);
  };
}

// ── the play ──

async function play(
  folder: string,
  ended: { readonly signal: AbortSignal },
  keep: boolean,
): Promise<void> {
  const file = join(folder, 'config.json');
  const write = async (version: string, servers: readonly Server[]) => {
    const config = {
      proxy: { ip: '127.0.0.1', port: 0 },
      cluster: { servers, version },
      registry: { kind: 'none' },
      workers: { count: 2 },
    };
    await writeFile(`${file}.new`, JSON.stringify(config, undefined, 2));
    await rename(`${file}.new`, file); // whoever reads it sees the old one or the new one
  };

  step('two versions of an application, two servers each');
  const [old, fresh] = await Promise.all(
    ['1.0', '2.0'].map(async version => {
      const servers = await Promise.all([startServer(version), startServer(version)]);
      const ports = servers.map(({ port }) => port).join(' and ');
      say(`${inColour(version, `version ${version}`)} on ports ${ports}`);
      return servers;
    }),
  );

  step('cutover up: a frontend and two workers, in front of version 1.0');
  await write('1.0', old!);
  const cutover = new Cutover(file);
  const { address } = await cutover.logged('supervisor-ready');
  const url = `http://${String(address)}/`;
  say(`users come to ${bold(url)}`);

  step(`${CLIENTS} users at work; every mark is an answer, and says which version gave it`);
  const tally = new Tally();
  const leave = visit(Number(new URL(url).port), tally);
  try {
    await pause(WATCHING, undefined, ended);
    step('version 2.0 takes over: the configuration is rewritten, cutover up gets SIGHUP');
    await write('2.0', fresh!);
    cutover.process.kill('SIGHUP');
    await cutover.logged('supervisor-reloaded');
    await pause(WATCHING, undefined, ended);
  } finally {
    await leave();
  }
  summary(tally);
  if (tally.problems.length > 0) process.exitCode = 1;
  if (!keep) return;
  say(`\n  Still running; Ctrl-C ends it. Try:\n\n    curl -i ${url}\n    curl -N ${url}events`);
  await once(ended.signal, 'abort');
}

async function main(keep: boolean): Promise<void> {
  const ended = new AbortController();
  const interrupt = () => {
    if (ended.signal.aborted) process.exit(130); // asked twice
    ended.abort();
    void endAll();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  process.once('exit', () => children.forEach(child => child.kill('SIGKILL')));
  const folder = await mkdtemp(join(tmpdir(), 'cutover-demo-'));
  try {
    await play(folder, ended, keep);
  } catch (cause) {
    if (!ended.signal.aborted) throw cause;
    process.exitCode = 130;
  } finally {
    await endAll();
    await rm(folder, { recursive: true, force: true });
  }
}

await main(process.argv.includes('--keep'));
