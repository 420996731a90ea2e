import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CutoverEvent } from '../../src/kernel/events.js';
import { commandOf, descendantsOf } from './process-facts.js';
import type { ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';
import { within } from './within.js';

/** dist/test/support → dist/src. */
export const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

type EventType = CutoverEvent['type'];
type EventOf<Type> = Extract<CutoverEvent, { readonly type: Type }>;

/** One line of a log, as src/log.ts writes it. */
export interface LogLine {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What stands before the arguments of Cutover; its CLI under this Node if nothing is said. */
  readonly command?: readonly [string, ...string[]];
  /** Standard input, output, error; and descriptors to be handed over from 3 on. */
  readonly stdio?: StdioOptions;
}

/** Process groups that live: if the test run itself is ended, they must not outlive it. */
const groups = new Set<number>();
process.once('exit', () => groups.forEach(pid => kill(-pid)));

/** A process, or with a minus its group. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}

/** A running `cutover …`, with everything that it logs. */
export class CutoverProcess {
  readonly lines: LogLine[] = [];
  /** What it writes that is no log line: on standard output, and on standard error. */
  output = '';
  errors = '';
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #logged = new EventEmitter().setMaxListeners(0);

  constructor(stage: Stage, args: readonly string[], options: StartOptions = {}) {
    const [command, ...before] = options.command ?? [process.execPath, cli];
    this.#child = spawn(command, [...before, ...args], {
      env: { ...process.env, ...options.env },
      stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
      detached: true, // a process group of its own, so that nothing of it can survive the test
    });
    this.pid = this.#child.pid ?? Number.NaN;
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#logged.emit('line');
      return { code: code as number | null, signal: signal as NodeJS.Signals | null };
    });
    this.#read();
    groups.add(this.pid);
    stage.atEnd(() => this.#end());
  }

  /** The first line of this event, or the first after `since` lines, as soon as it is there. */
  logged<Type extends EventType>(
    event: Type,
    { since = 0, ms = 15_000, where = () => true }: LoggedOptions<Type> = {},
  ): Promise<LogLine & EventOf<Type>> {
    const isMeant = (line: LogLine): line is LogLine & EventOf<Type> =>
      line.event === event && where(line as LogLine & EventOf<Type>);
    return this.#awaited(event, ms, () => this.lines.slice(since).find(isMeant));
  }

  /** Waits for a line of its output that is no log line, and has this in it. */
  async printed(text: string, ms = 15_000): Promise<void> {
    await this.#awaited(text, ms, () => this.output.includes(text) || undefined);
  }

  /** All lines of this event so far. */
  all<Type extends EventType>(event: Type): readonly (LogLine & EventOf<Type>)[] {
    return this.lines.filter(each => each.event === event) as never;
  }

  /** Of `up`: the processes that it has now for roles of this kind, the oldest first. */
  pidsOf(kind: 'frontend' | 'worker'): readonly number[] {
    const ended = new Set(this.all('role-ended').map(({ pid }) => pid));
    return this.all('role-started')
      .filter(({ role, pid }) => role.startsWith(kind) && !ended.has(pid))
      .map(({ pid }) => pid);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Asks it to drain, and waits until it has ended. */
  async stop(ms = 15_000): Promise<Exit> {
    this.signal('SIGTERM');
    return this.ended(ms);
  }

  async ended(ms = 15_000): Promise<Exit> {
    return within(ms, `process ${this.pid} ends`, this.exited);
  }

  #read(): void {
    const { stdout, stderr } = this.#child;
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', text => this.#line(text));
    }
    stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  #line(text: string): void {
    const line = logLine(text);
    if (line === undefined) this.output += `${text}\n`;
    else this.lines.push(line);
    this.#logged.emit('line');
  }

  /** What `find` finds after some line; or an error with all that was said instead. */
  async #awaited<Found>(what: string, ms: number, find: () => Found | undefined): Promise<Found> {
    const look = async () => {
      for (let ended = false; ;) {
        const found = find();
        if (found !== undefined) return found;
        if (ended) throw new Error(`ended without ${what}`);
        const exit = this.exited.then(() => true);
        ended = await Promise.race([exit, once(this.#logged, 'line').then(() => false)]);
      }
    };
    try {
      return await within(ms, what, look());
    } catch (cause) {
      throw new Error(`${String(cause)}\n${this.#said()}`, { cause });
    }
  }

  #said(): string {
    const lines = this.lines.slice(-20).map(each => JSON.stringify(each));
    return [...lines, this.output, this.errors].join('\n');
  }

  /** Whatever is left of it: the process, its group, and children that left the group. */
  async #end(): Promise<void> {
    const roles = this.all('role-started').map(({ pid }) => pid);
    const strays = [...(await descendantsOf(this.pid)), ...(await asyncFilter(roles, isCutover))];
    kill(-this.pid);
    groups.delete(this.pid);
    strays.forEach(kill);
    await this.exited;
  }
}

/** Whether this is still one of ours: the system gives pids to others when they are free. */
const isCutover = async (pid: number) =>
  (await commandOf(pid).catch(() => '')).includes(join(cli, '../..'));

async function asyncFilter<Item>(
  items: readonly Item[],
  holds: (item: Item) => Promise<boolean>,
): Promise<readonly Item[]> {
  const kept = await Promise.all(items.map(holds));
  return items.filter((_, index) => kept[index]);
}

interface LoggedOptions<Type> {
  /** How many lines to leave out. */
  readonly since?: number;
  readonly ms?: number;
  readonly where?: (line: LogLine & EventOf<Type>) => boolean;
}

function logLine(text: string): LogLine | undefined {
  if (!text.startsWith('{"')) return undefined;
  const line = objectIn(text);
  return typeof line['event'] === 'string' ? { ...line, event: line['event'] } : undefined;
}

/** Empty: something else, or what another program wrote stands before it on its line. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** A config file as users write it; only what a test speaks of must be given. */
export type Sections = Readonly<Record<string, unknown>>;

/** The least that a config needs, with ports that the system chooses. */
export const configFor = (
  servers: readonly ServerAddress[],
  sections: Sections = {},
): Sections => ({
  proxy: { ip: '127.0.0.1', port: 0 },
  configService: { ip: '127.0.0.1', port: 0 },
  registry: { kind: 'none' }, // of control only some tests speak
  cluster: { servers, version: '1.0' },
  ...sections,
});

/** A folder with a config file, which is also where its processes keep their temporary files. */
export interface Home {
  readonly folder: string;
  readonly file: string;
  /** Replaces the file whole. */
  write(config: unknown): Promise<void>;
  readonly env: Readonly<Record<string, string>>;
}

export async function homeFor(stage: Stage, config: unknown): Promise<Home> {
  const folder = await stage.folder();
  const file = join(folder, 'config.json');
  const home: Home = {
    folder,
    file,
    env: { TMPDIR: folder, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder },
    async write(value) {
      await writeFile(`${file}.new`, typeof value === 'string' ? value : JSON.stringify(value));
      await rename(`${file}.new`, file);
    },
  };
  await home.write(config);
  return home;
}

export interface Running {
  readonly cutover: CutoverProcess;
  readonly home: Home;
  /** Where clients connect. */
  readonly port: number;
}

/** Starts `cutover up` and waits until all of its roles are ready. */
export async function up(
  stage: Stage,
  config: Sections,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<Running> {
  const home = await homeFor(stage, config);
  const env = { ...home.env, ...options.env };
  const cutover = new CutoverProcess(stage, ['up', '-c', home.file, ...args], { ...options, env });
  const { address } = await cutover.logged('supervisor-ready');
  for (const { role } of cutover.all('role-started')) {
    await cutover.logged('role-ready', { where: ready => ready.role === role });
  }
  return { cutover, home, port: portOf(address) };
}

/** Starts `cutover frontend` and waits until it listens. */
export async function frontend(stage: Stage, home: Home, ...args: string[]): Promise<Running> {
  const cutover = new CutoverProcess(stage, ['frontend', '-c', home.file, ...args], home);
  const { address } = await cutover.logged('frontend-listening');
  return { cutover, home, port: portOf(address) };
}

/** Starts `cutover worker` and waits until it is ready. */
export async function worker(stage: Stage, home: Home, ...args: string[]): Promise<CutoverProcess> {
  const cutover = new CutoverProcess(stage, ['worker', '-c', home.file, ...args], home);
  await cutover.logged('worker-ready');
  return cutover;
}

export const portOf = (address: string): number => Number(/:(\d+)\/?$/.exec(address)?.[1]);
