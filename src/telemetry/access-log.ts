/** The access log of one frontend: entries in, lines out. */
import type { Config } from '../config/config.js';
import type { Cancel, Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { StartError } from '../kernel/start-error.js';
import { within } from '../kernel/within.js';
import type { AccessEntry } from './access-entry.js';
import { lineFormats, type LineOf, type LineOptions } from './access-line.js';
import { LineFile } from './line-file.js';

/** Milliseconds between two looks at the file, and so until it is opened anew after it was moved away. */
const LOOK = 1000;
/** Between two words about lines that were dropped. */
const TELL = 10_000;
/** For what still waits at the end. */
const LAST_LINES = 1000;

interface Surroundings {
  readonly clock: Clock;
  readonly report: Report;
}

export class AccessLog {
  readonly #file: LineFile;
  readonly #path: string;
  readonly #lineOf: LineOf;
  readonly #options: LineOptions;
  readonly #surroundings: Surroundings;
  readonly #cancel: Cancel;
  #told = 0;
  #toldAt = -Infinity;

  private constructor(
    options: NonNullable<Config['accessLog']>,
    file: LineFile,
    surroundings: Surroundings,
  ) {
    this.#file = file;
    this.#path = options.file;
    this.#lineOf = lineFormats[options.format];
    this.#options = options;
    this.#surroundings = surroundings;
    this.#cancel = surroundings.clock.every(LOOK, () => this.#look());
  }

  /** Undefined: nobody wants one. Throws StartError if its file cannot be written to. */
  static async open(config: Config, surroundings: Surroundings): Promise<AccessLog | undefined> {
    const { accessLog } = config;
    if (accessLog === undefined) return undefined;
    const { file: path } = accessLog;
    const { report } = surroundings;
    const failed = (because: string) => report({ type: 'access-log-failed', file: path, because });
    try {
      return new AccessLog(accessLog, await LineFile.open({ path }, { failed }), surroundings);
    } catch (cause) {
      throw new StartError(`accessLog.file: ${messageOf(cause)}`, 1, { cause });
    }
  }

  write(entry: AccessEntry): void {
    this.#file.write(this.#lineOf(entry, this.#options));
  }

  /** Of lines, since the beginning. */
  get dropped(): number {
    return this.#file.dropped;
  }

  async close(): Promise<void> {
    this.#cancel();
    const { clock } = this.#surroundings;
    if ((await within(this.#file.close(), LAST_LINES, clock)) === 'late') this.#file.abandon();
    this.#tell();
  }

  #look(): void {
    void this.#file.look();
    if (this.#surroundings.clock.now() - this.#toldAt >= TELL) this.#tell();
  }

  #tell(): void {
    const { dropped } = this.#file;
    if (dropped === this.#told) return;
    const { clock, report } = this.#surroundings;
    report({ type: 'access-log-dropped', file: this.#path, lines: dropped - this.#told });
    this.#told = dropped;
    this.#toldAt = clock.now();
  }
}
