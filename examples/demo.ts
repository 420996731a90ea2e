/**
 * `npm run demo`: Cutover in front of an application, and users who notice nothing while a good version
 * comes, a worker is killed, and a broken version comes and is taken back. `--keep` leaves it all running.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Tally, user, versions, type Version } from './demo-users.js';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
const app = fileURLToPath(new URL('../../examples/demo-app.js', import.meta.url));

const USERS = 40;
/** Milliseconds for which a state of things is watched. */
const WATCHING = 2_000;
/** Milliseconds from line to line. */
const LINE = 400;
/** Milliseconds for anything that is waited for. */
const PATIENCE = 30_000;

// ── words and colours ──

const isTerminal = process.stdout.isTTY;
const painted = (code: number) => (text: string) =>
  isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text;
const [bold, dim, red, green, blue] = [
  painted(1),
  painted(2),
  painted(31),
  painted(32),
  painted(34),
];

/** How a user of each version is drawn. */
const looks: Readonly<Record<Version, { mark: string; paint: (text: string) => string }>> = {
  '1.0': { mark: '░', paint: blue },
  '2.0': { mark: '█', paint: green },
  '3.0': { mark: '▒', paint: red },
};
const inColour = (version: Version, text: string = version) => looks[version].paint(text);

const legend = versions.map(each => inColour(each, `${looks[each].mark} ${each}`)).join(' ');

const say = (text = '') => process.stdout.write(`  ${text}\n`);
const step = (text: string) => say(`\n  ${bold('▸')} ${text}`);
const number = (value: number) => Math.round(value).toLocaleString('en');

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

const linesOf = (child: ChildProcess) => createInterface({ input: child.stdout! });

/** The section `cluster` for two servers of a version, each on a free port. */
async function startCluster(version: Version, ...fault: readonly 'broken'[]) {
  const servers = [0, 0].map(async free => {
    const child = start(app, String(free), version, ...fault);
    const [line] = (await once(linesOf(child), 'line')) as [string];
    return { ip: '127.0.0.1', port: Number(/\d+$/.exec(line)?.[0]) };
  });
  return { version, servers: await Promise.all(servers) };
}

type Logged = Readonly<Record<string, unknown>>;

/** `cutover up`, and the events that it logs. */
class Cutover {
  readonly process: ChildProcess;
  readonly #events: Logged[] = [];
  #heard: (() => void)[] = [];

  constructor(file: string) {
    this.process = start(cli, 'up', '--config', file);
    this.process.once('exit', () => this.#wake());
    linesOf(this.process).on('line', line => {
      if (line.startsWith('{')) this.#events.push(JSON.parse(line) as Logged);
      else say(line);
      this.#wake();
    });
  }

  /** The first event with these fields, as soon as it is there. */
  async logged(fields: Logged): Promise<Logged> {
    const isMeant = (event: Logged) =>
      Object.entries(fields).every(([name, value]) => event[name] === value);
    for (const latest = performance.now() + PATIENCE; performance.now() < latest;) {
      const found = this.#events.find(isMeant);
      if (found !== undefined) return found;
      const { exitCode, signalCode } = this.process;
      if (exitCode !== null || signalCode !== null) throw new Error('cutover up has ended');
      const heard = new Promise<void>(resolve => this.#heard.push(resolve));
      await Promise.race([heard, pause(LINE)]);
    }
    throw new Error(`waited in vain for ${JSON.stringify(fields)}`);
  }

  #wake(): void {
    const heard = this.#heard;
    this.#heard = [];
    for (const resolve of heard) resolve();
  }
}

/** All users, and whoever watches them, until they are asked to leave. */
function visit(port: number, tally: Tally): () => Promise<void> {
  const leaving = new AbortController();
  const users = Array.from({ length: USERS }, (_, at) => user(at, port, tally, leaving.signal));
  const watching = watch(tally, performance.now(), leaving.signal);
  return async () => {
    leaving.abort();
    await Promise.all([...users, watching]);
  };
}

// ── what is shown ──

/** One line: a mark for every user, and how many of them each version serves. */
function shown(seconds: number, { current, problems }: Tally): string {
  const parts = versions.map(version => ({
    version,
    count: current.filter(each => each === version).length,
  }));
  const bars = parts.map(({ version, count }) =>
    inColour(version, looks[version].mark.repeat(count)),
  );
  const counts = parts
    .filter(({ count }) => count > 0)
    .map(({ version, count }) => inColour(version, `${version} ${String(count).padStart(2)}`));
  const lost = problems.length === 0 ? dim('0 lost') : red(`${problems.length} lost`);
  return `${dim(`${seconds.toFixed(1).padStart(4)} s`)}  ${bars.join('')}  ${counts.join('  ')}  ${lost}`;
}

async function watch(tally: Tally, begin: number, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await pause(LINE);
    say(shown((performance.now() - begin) / 1000, tally));
  }
}

function summary({ sent, answered, problems, slowest }: Tally): void {
  const all = Object.values(answered).reduce((sum, each) => sum + each, 0);
  const lost = problems.length === 0 ? green('lost 0') : red(`lost ${number(problems.length)}`);
  say(`\n  ${bold(`requests sent ${number(sent)}, answered ${number(all)}, ${lost}`)}`);
  for (const version of versions) {
    say(`${inColour(version)} answered ${number(answered[version])}`);
  }
  say(`the slowest answer took ${number(slowest)} ms`);
  for (const problem of new Set(problems)) say(red(problem));
}

// ── the play ──

interface Scene {
  readonly cutover: Cutover;
  /** Of the versions, by REST. */
  readonly api: string;
  readonly tally: Tally;
  readonly ended: { readonly signal: AbortSignal };
}

/** Says the same to control that an operator would say with curl. */
async function told({ ended }: Scene, call: string, body?: string): Promise<unknown> {
  say(dim(`curl -X ${call}${body === undefined ? '' : ` -d '${body}'`}`));
  const [method = '', url = ''] = call.split(' ');
  const answer = await fetch(url, { method, ...(body !== undefined && { body }), ...ended });
  if (answer.status !== 202) throw new Error(await answer.text());
  return answer.json();
}

/** Adds a version, and tells its id. */
async function put(scene: Scene, cluster: Readonly<Record<string, unknown>>): Promise<string> {
  const answer = await told(scene, `PUT ${scene.api}`, JSON.stringify({ cluster }));
  return (answer as { readonly id: string }).id;
}

async function addGoodVersion(scene: Scene): Promise<void> {
  const { cutover, api, tally, ended } = scene;
  const cluster = await startCluster('2.0');
  step(`${inColour('2.0')} is added with one PUT; new users go to it little by little (GRADUAL)`);
  const upgradeTransition = { mode: 'GRADUAL', duration: '5s' };
  const id = await put(scene, { ...cluster, upgradeTransition });
  await pause(WATCHING, undefined, ended);

  const { pid } = await cutover.logged({ event: 'role-started', role: 'worker-1' });
  step(`in the middle of it a worker is killed: kill -9 ${Number(pid)}`);
  process.kill(Number(pid), 'SIGKILL');
  const latest = performance.now() + PATIENCE;
  while (tally.current.some(version => version !== '2.0')) {
    if (performance.now() > latest) throw new Error('waited in vain for all users to reach 2.0');
    await pause(LINE, undefined, ended);
  }

  step(`everybody is served by ${inColour('2.0')}; the operator is content (promote)`);
  await told(scene, `POST ${api}/${id}/promote`);
  await cutover.logged({ event: 'version-changed', id, what: 'promoted' });
  await pause(WATCHING / 2, undefined, ended);
}

async function addBrokenVersion(scene: Scene): Promise<string> {
  const { cutover, api, tally, ended } = scene;
  const cluster = await startCluster('3.0', 'broken');
  step(
    `${inColour('3.0')} is added for everybody at once (INSTANT), and answers 500 to everything`,
  );
  const [begin, before] = [performance.now(), tally.sent];
  const id = await put(scene, { ...cluster, upgradeTransition: { mode: 'INSTANT' } });
  await cutover.logged({ event: 'version-changed', id, what: 'demoted' });
  const [took, requests] = [performance.now() - begin, tally.sent - before];
  step(`${inColour('3.0')} is taken back; what it failed, ${inColour('2.0')} has answered`);
  await pause(WATCHING, undefined, ended);
  const why = (await (await fetch(`${api}/${id}/why`, ended)).json()) as Logged;
  return [
    `3.0 was taken back after ${number(requests)} requests and ${number(took)} ms`,
    `why: version 3.0 is ${String(why['verdict'])}: ${String(why['because'])}`,
  ].join('\n  ');
}

async function play(folder: string, ended: Scene['ended'], keep: boolean): Promise<void> {
  const file = join(folder, 'cutover.json');
  step(`cutover up, in front of version ${inColour('1.0')}: a frontend, two workers, and control`);
  const config = {
    proxy: { ip: '127.0.0.1', port: 0 },
    configService: { ip: '127.0.0.1', port: 0 },
    cluster: await startCluster('1.0'),
    registry: { file: join(folder, 'registry.json') },
    session: { timeout: 1 }, // seconds: these users do not linger
    // On a laptop that has other things to do, all versions are slow at times.
    monitor: { slower: 20 },
  };
  await writeFile(file, JSON.stringify(config, undefined, 2));
  const cutover = new Cutover(file);
  const { address: control } = await cutover.logged({ event: 'control-listening' });
  const { address } = await cutover.logged({ event: 'supervisor-ready' });
  const url = `http://${String(address)}/`;
  say(`users come to ${bold(url)}, operators to ${bold(`http://${String(control)}/`)}`);

  step(`${USERS} users; every mark is one of them, and tells the version that serves: ${legend}`);
  const tally = new Tally();
  const api = `http://${String(control)}/configuration/cluster`;
  const scene: Scene = { cutover, api, tally, ended };
  const leave = visit(Number(new URL(url).port), tally);
  let verdict = '';
  try {
    await pause(WATCHING, undefined, ended);
    await addGoodVersion(scene);
    verdict = await addBrokenVersion(scene);
  } finally {
    await leave();
  }
  summary(tally);
  say(verdict);
  if (tally.problems.length > 0) process.exitCode = 1;
  if (!keep) return;
  say(`\n  Still running; Ctrl-C ends it. Try:\n\n    curl -i ${url}\n    curl ${api}`);
  say(`  node dist/src/cli.js status -c ${file}\n    curl -N ${url}events`);
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
