import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { descendantsOf, isAlive } from './process-facts.js';
import type { Stage } from './stage.js';
import { TerminalScreen } from './terminal.js';
import { eventually, within } from './within.js';

const run = promisify(execFile);

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A command on a real pseudo terminal, which script(1) of util-linux opens, and what a person would see on it.
 * Bytes in which the terminal obeys something that we do not know are a fault of the test.
 */
export class PseudoTerminal {
  readonly #child: ReturnType<typeof spawn>;
  readonly #heard = new EventEmitter().setMaxListeners(0);
  #screen: TerminalScreen;
  /** Everything that was written, as it came. */
  bytes = '';
  readonly exited: Promise<number | null>;

  constructor(stage: Stage, command: string, { columns, rows, env }: TerminalOptions) {
    this.#screen = new TerminalScreen({ columns, rows });
    const sized = `stty rows ${rows} cols ${columns} -echo; ${command}`;
    // Its exit code is that of the command (-e), and nothing is recorded.
    this.#child = spawn('script', ['-qefc', sized, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/bash', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.exited = once(this.#child, 'close').then(([code]) => code as number | null);
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.bytes += text;
      this.#screen.write(text);
      this.#heard.emit('more');
    });
    stage.atEnd(() => this.#end());
  }

  get screen(): TerminalScreen {
    return this.#screen;
  }

  /** Types, as on a keyboard. */
  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Waits until what is seen is as `holds` wants it. */
  async shows(
    what: string,
    holds: (screen: TerminalScreen) => boolean,
    ms = 20_000,
  ): Promise<void> {
    const look = async () => {
      while (!holds(this.#screen)) await once(this.#heard, 'more');
    };
    try {
      await within(ms, what, look());
    } catch (cause) {
      throw new Error(`${String(cause)}; the terminal shows:\n${this.#screen.text}`, { cause });
    }
  }

  /** All processes that run on it. */
  processes(): Promise<readonly number[]> {
    return descendantsOf(this.#child.pid!);
  }

  /** Whoever has the terminal is told by the system (SIGWINCH). */
  async resize(size: { readonly columns: number; readonly rows: number }): Promise<void> {
    const [first = 0] = await this.processes();
    const device = await readlink(`/proc/${first}/fd/0`);
    this.#screen = new TerminalScreen(size);
    // As if nothing had been seen before, but that the view has the terminal.
    this.#screen.write('\u001b[?1049h\u001b[?25l\u001b[?7l');
    await run('stty', ['-F', device, 'rows', `${size.rows}`, 'cols', `${size.columns}`]);
  }

  async ended(ms = 20_000): Promise<number | null> {
    return within(ms, 'the command ends', this.exited);
  }

  async #end(): Promise<void> {
    const left = await this.processes();
    this.#child.kill('SIGKILL');
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended already
      }
    }
    await this.exited;
    await eventually('nothing is left on the terminal', async () =>
      (await Promise.all(left.map(isAlive))).every(alive => !alive),
    );
  }
}
