/** `cutover up` during a soak: its processes by their roles, and what it logs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EVERY, FOLDER } from './probe.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const probe = new URL('./probe.js', import.meta.url).href;

/** Milliseconds for whatever it is asked to do. */
export const PATIENCE = 60_000;

interface Line {
  readonly event: string;
  readonly role?: string;
  readonly pid?: number;
  readonly address?: string;
  readonly restartIn?: number;
  readonly signal?: string | null;
  readonly exitCode?: number | null;
  readonly because?: string;
}

export interface Where {
  /** Everything of this run: its home for temporary files as well. */
  readonly folder: string;
  readonly config: unknown;
  /** Milliseconds between two looks. */
  readonly look: number;
}

export class RunningCutover {
  /** Processes by the names of their roles, now. */
  readonly pids = new Map<string, number>();
  /** What must not happen and did. */
  readonly wrong: string[] = [];
  readonly #child: ChildProcess;
  readonly #file: string;
  readonly #ended: Promise<unknown>;
  readonly #heard = new EventEmitter().setMaxListeners(0);
  readonly #killed = new Set<number>();
  readonly #addresses = new Map<string, string>();
  #isStopping = false;

  private constructor({ folder, look }: Where, file: string) {
    this.#file = file;
    this.#child = spawn(process.execPath, [cli, 'up', '-c', file], {
      detached: true, // Ctrl-C is meant for us: it would end with us what we want to end in order
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: `--import=${probe}`,
        [FOLDER]: folder,
        [EVERY]: String(look),
        TMPDIR: folder,
        XDG_RUNTIME_DIR: folder,
        XDG_STATE_HOME: folder,
      },
    });
    const { pid, stdout, stderr } = this.#child;
    if (pid === undefined || stdout === null || stderr === null) throw new Error('no process');
    this.pids.set('supervisor', pid);
    this.#ended = once(this.#child, 'close').then(() => {
      if (!this.#isStopping) this.wrong.push('cutover up ended by itself');
      this.#heard.emit('end');
    });
    createInterface({ input: stdout }).on('line', text => this.#said(text));
    createInterface({ input: stderr }).on('line', text => this.wrong.push(`it said: ${text}`));
    // However we end, nothing of it stays behind.
    process.once('exit', () => this.#signal(-pid, 'SIGKILL'));
  }

  /** Ready to serve. */
  static async start(where: Where): Promise<RunningCutover> {
    const file = join(where.folder, 'cutover.json');
    await writeFile(file, JSON.stringify(where.config));
    const running = new RunningCutover(where, file);
    await running.next('supervisor-ready');
    return running;
  }

  /** Where clients connect. */
  get port(): number {
    return Number(this.#addresses.get('supervisor-ready')?.split(':').at(-1));
  }

  /** Where operators ask: another address after control was restarted. */
  get control(): string {
    return `http://${this.#addresses.get('control-listening') ?? ''}`;
  }

  /** Settles at the next such line; rejects if that takes too long, or if it ends. */
  async next(event: string, role?: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE);
    const settled = new AbortController();
    const ended = once(this.#heard, 'end', { signal: settled.signal }).then(() => {
      throw new Error(`cutover up ended, without ${event}`);
    });
    const heard = async () => {
      for (;;) {
        const [line] = (await once(this.#heard, event, { signal })) as [Line];
        if (role === undefined || line.role === role) return;
      }
    };
    try {
      await Promise.race([heard(), ended]);
    } catch (cause) {
      if (signal.aborted) throw new Error(`no ${event} within ${PATIENCE / 1000} s`, { cause });
      throw cause;
    } finally {
      settled.abort();
      ended.catch(() => undefined);
    }
  }

  /** Ends a role at once; settles when its successor is ready. */
  async kill(role: string): Promise<void> {
    const pid = this.pids.get(role);
    if (pid === undefined) throw new Error(`there is no ${role}`);
    this.#killed.add(pid);
    const back = this.next('role-ready', role);
    this.#signal(pid, 'SIGKILL');
    await back;
  }

  /** Settles when another configuration counts. */
  async reload(config: unknown): Promise<void> {
    await writeFile(`${this.#file}.new`, JSON.stringify(config));
    await rename(`${this.#file}.new`, this.#file);
    const reloaded = this.next('supervisor-reloaded');
    this.#child.kill('SIGHUP');
    await reloaded;
  }

  /** Lets it drain. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.wrong.push(`it did not end within ${PATIENCE / 1000} s`);
      this.#child.kill('SIGKILL');
    }, PATIENCE);
    await this.#ended;
    clearTimeout(timer);
    if (this.#child.exitCode !== 0)
      this.wrong.push(`it ended with ${String(this.#child.exitCode)}`);
  }

  #signal(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch {
      // it has ended already
    }
  }

  #said(text: string): void {
    const line = lineOf(text);
    if (line === undefined) this.wrong.push(`it said: ${text}`);
    else this.#heed(line);
  }

  #heed(line: Line): void {
    const { event, role = '', pid = 0, address } = line;
    if (address !== undefined) this.#addresses.set(event, address);
    if (event === 'role-started') this.pids.set(role, pid);
    if (event === 'role-ended') this.#roleEnded(line, role, pid);
    if (event === 'fault' || event === 'reload-refused') this.wrong.push(JSON.stringify(line));
    this.#heard.emit(event, line);
  }

  #roleEnded(line: Line, role: string, pid: number): void {
    if (this.pids.get(role) === pid) this.pids.delete(role);
    const isMeant = line.restartIn === undefined || this.#killed.delete(pid);
    if (!isMeant)
      this.wrong.push(`${role} ended by itself: ${String(line.signal ?? line.exitCode)}`);
  }
}

function lineOf(text: string): Line | undefined {
  if (!text.startsWith('{"')) return undefined;
  return JSON.parse(text) as Line;
}
