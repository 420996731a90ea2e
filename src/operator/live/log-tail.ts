/** The last log lines of all processes, as they came: JSON, or whatever a process says when it breaks. */

export interface ShownLine {
  /** Milliseconds since 1970; undefined: it is no log line of ours. */
  readonly at: number | undefined;
  readonly level: string;
  readonly process: string;
  readonly message: string;
}

/** Lines: more than any terminal shows. */
const MOST = 200;

export class LogTail {
  readonly #lines: { readonly text: string; readonly shown: ShownLine }[] = [];

  add(text: string): void {
    this.#lines.push({ text, shown: lineIn(text) });
    if (this.#lines.length > MOST) this.#lines.shift();
  }

  get shown(): readonly ShownLine[] {
    return this.#lines.map(({ shown }) => shown);
  }

  /** The last ones, as they came; they are not kept. */
  taken(most: number): readonly string[] {
    const last = this.#lines.slice(-most).map(({ text }) => text);
    this.#lines.length = 0;
    return last;
  }
}

export function lineIn(text: string): ShownLine {
  const line = objectIn(text);
  if (typeof line?.['message'] !== 'string') {
    return { at: undefined, level: 'error', process: '', message: text };
  }
  const at = Date.parse(textOf(line['time']));
  return {
    at: Number.isNaN(at) ? undefined : at,
    level: textOf(line['level']),
    process: textOf(line['process']),
    message: line['message'],
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');

export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
