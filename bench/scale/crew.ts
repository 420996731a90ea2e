/** All simulated workers: several in each of several processes. */
import { fork, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { together } from './lags.js';
import type { CrewPlan, FromCrew, Looked, ToCrew } from './messages.js';

const program = fileURLToPath(new URL('./crew-main.js', import.meta.url));

const PATIENCE = 60_000; // ms

/** However the bench ends, nothing of it stays behind. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface CrewOptions {
  readonly address: string;
  readonly key: string | undefined;
  readonly workers: number;
  readonly processes: number;
}

export class Crew {
  readonly size: number;
  readonly #children: readonly ChildProcess[];
  readonly #heard = new EventEmitter().setMaxListeners(0);
  /** By edition: of each process, when its last worker had taken it. */
  readonly #taken = new Map<number, number[]>();
  #isEnding = false;

  constructor({ address, key, workers, processes }: CrewOptions) {
    this.size = workers;
    const count = Math.min(processes, workers);
    this.#children = Array.from({ length: count }, (_, at) => {
      const own = Math.floor((workers * (at + 1)) / count) - Math.floor((workers * at) / count);
      return this.#start({ address, key, name: `crew-${at + 1}`, workers: own });
    });
  }

  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  /** When the last of all workers had taken the table of this edition, by the clock that all share. */
  async taken(edition: number): Promise<number> {
    for (;;) {
      const times = this.#taken.get(edition) ?? [];
      if (times.length === this.#children.length) return Math.max(...times);
      await this.#next('taken');
    }
  }

  /** Requests a second of all together. */
  load(rate: number): void {
    for (const child of this.#children)
      say(child, { kind: 'load', rate: rate / this.#children.length });
  }

  /** From now on such a share of what the version fails that users move to. */
  bad(share: number): void {
    for (const child of this.#children) say(child, { kind: 'bad', share });
  }

  async look(): Promise<Looked> {
    const looks = this.#looks();
    for (const child of this.#children) say(child, { kind: 'look' });
    const all = await looks;
    const sum = (of: (looked: Looked) => number) =>
      all.reduce((total, each) => total + of(each), 0);
    return {
      linked: sum(({ linked }) => linked),
      exchanges: sum(({ exchanges }) => exchanges),
      missed: sum(({ missed }) => missed),
      told: sum(({ told }) => told),
      reports: sum(({ reports }) => reports),
      lags: together(all.map(({ lags }) => lags)),
      wrong: all.flatMap(({ wrong }) => wrong),
    };
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    const gone = this.#children.map(child => exitOf(child));
    for (const child of this.#children) say(child, { kind: 'end' });
    const killed = setTimeout(() => this.#kill(), 5000);
    await Promise.all(gone);
    clearTimeout(killed);
  }

  #start(plan: CrewPlan): ChildProcess {
    const child = fork(program, [JSON.stringify(plan)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', message => this.#received(message as FromCrew));
    child.once('exit', code => {
      if (!this.#isEnding) this.#heard.emit('ended', new Error(`${plan.name} ended: ${code}`));
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }

  #received(message: FromCrew): void {
    if (message.kind === 'taken') {
      const { edition, at } = message;
      this.#taken.set(edition, [...(this.#taken.get(edition) ?? []), at]);
      this.#heard.emit('taken');
    } else this.#heard.emit('looked', message);
  }

  async #looks(): Promise<readonly Looked[]> {
    const all: Looked[] = [];
    const heard = (looked: Looked) => all.push(looked);
    this.#heard.on('looked', heard);
    try {
      while (all.length < this.#children.length) await this.#next('looked');
      return all;
    } finally {
      this.#heard.off('looked', heard);
    }
  }

  /** Rejects if a process ends, or after a minute. */
  async #next(event: string): Promise<void> {
    const settled = new AbortController();
    const { signal } = settled;
    try {
      await Promise.race([
        once(this.#heard, event, { signal }),
        once(this.#heard, 'ended', { signal }).then(([cause]) => Promise.reject(cause as Error)),
        sleep(PATIENCE, undefined, { signal }).then(() =>
          Promise.reject(new Error(`no "${event}" within ${PATIENCE / 1000} s`)),
        ),
      ]);
    } finally {
      settled.abort();
    }
  }

  #kill(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

function say(child: ChildProcess, message: ToCrew): void {
  if (child.connected) child.send(message);
}
