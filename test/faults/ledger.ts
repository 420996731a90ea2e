/**
 * Two books of the same requests: what clients saw of each id, and what containers did for it. Only both
 * together tell lost, doubled, wrong and failed apart. Pure: who sends, asks and reads the books is elsewhere.
 */

/** What a client saw at the end of a request. */
export type Outcome =
  /** 200, and exactly what the container called `server` answers to this very request. */
  | { readonly kind: 'answered'; readonly server: string }
  /** 200, and anything else. */
  | { readonly kind: 'wrong'; readonly text: string }
  /** A whole answer that says that it was not served. */
  | { readonly kind: 'refused'; readonly status: number }
  /** The connection ended before the answer was whole, or could not be had. */
  | { readonly kind: 'broken'; readonly code: string }
  /**
   * The same, on a connection of a frontend that the harness has killed. Nobody can keep that: the
   * connection dies with the process. It is counted for itself, so that it excuses no other one.
   */
  | { readonly kind: 'cut' }
  /** An answer without end, passed on as it came, until the client had enough. */
  | { readonly kind: 'endless' };

/** That a container has begun to serve a request, whatever it did then. */
export interface Execution {
  readonly id: string;
  readonly server: string;
  /** What the container was told to do with it: see manners.ts. */
  readonly manner: string;
}

export interface Sent {
  /** RFC 9110 §9.2.2: it may be done twice. */
  readonly isSafe: boolean;
  /** Monotonic milliseconds. */
  readonly at: number;
}

interface Entry extends Sent {
  outcome: Outcome | undefined;
  endedAt: number;
  readonly executions: Execution[];
}

/** A request that ended without its answer. */
export interface Failed {
  readonly id: string;
  readonly isSafe: boolean;
  /** A status such as `502`, `broken`, `cut`, `endless`. */
  readonly how: string;
  /** What the system said of a broken connection. */
  readonly code: string | undefined;
  /** Monotonic milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Who had begun to serve it, and in which manner: `a hang`. */
  readonly begun: readonly string[];
}

/** What must never be, each with the ids concerned. */
export interface Faults {
  /** Sent, and nothing was ever heard of it. */
  readonly lost: readonly string[];
  /** Not safe to repeat, and begun by containers more than once. */
  readonly doubled: readonly string[];
  /** Answered by another's answer, by a changed one, or by one that no container gave. */
  readonly wrong: readonly string[];
  /** Not safe to repeat; the client was told 503, which promises that no container has it. One did. */
  readonly denied: readonly string[];
}

export const noFaults: Faults = { lost: [], doubled: [], wrong: [], denied: [] };

export interface Counts {
  readonly sent: number;
  readonly answered: number;
  /** Begun by containers, repetitions included. */
  readonly executions: number;
}

export class Ledger {
  readonly #entries = new Map<string, Entry>();

  sent(id: string, sent: Sent): void {
    if (this.#entries.has(id)) throw new Error(`${id} was sent before`);
    this.#entries.set(id, { ...sent, outcome: undefined, endedAt: Infinity, executions: [] });
  }

  /** `at`: monotonic milliseconds. */
  ended(id: string, outcome: Outcome, at: number): void {
    const entry = this.#entries.get(id);
    if (entry?.outcome !== undefined) throw new Error(`${id} ended twice`);
    if (entry === undefined) throw new Error(`${id} was never sent`);
    entry.outcome = outcome;
    entry.endedAt = at;
  }

  /** False: no request of this ledger. */
  executed(execution: Execution): boolean {
    const entry = this.#entries.get(execution.id);
    entry?.executions.push(execution);
    return entry !== undefined;
  }

  get counts(): Counts {
    const entries = [...this.#entries.values()];
    return {
      sent: entries.length,
      answered: entries.filter(({ outcome }) => outcome?.kind === 'answered').length,
      executions: entries.reduce((sum, { executions }) => sum + executions.length, 0),
    };
  }

  /** To be asked when every client has had its patience, and every container's book has been read. */
  get faults(): Faults {
    const idsOf = (holds: (entry: Entry) => boolean) =>
      [...this.#entries].filter(([, entry]) => holds(entry)).map(([id]) => id);
    return {
      lost: idsOf(({ outcome }) => outcome === undefined),
      doubled: idsOf(({ isSafe, executions }) => !isSafe && executions.length > 1),
      wrong: idsOf(isWrong),
      denied: idsOf(isDenied),
    };
  }

  /** All that ended without an answer; whether that may be is for the test to say. */
  get failed(): readonly Failed[] {
    return [...this.#entries].flatMap(([id, { isSafe, at, endedAt, outcome, executions }]) => {
      const how = outcome === undefined ? undefined : failure(outcome);
      if (how === undefined) return [];
      const begun = executions.map(({ server, manner }) => `${server} ${manner}`);
      const code = outcome?.kind === 'broken' ? outcome.code : undefined;
      return [{ id, isSafe, how, code, from: at, until: endedAt, begun }];
    });
  }
}

function isWrong({ outcome, executions }: Entry): boolean {
  if (outcome?.kind === 'wrong') return true;
  return (
    outcome?.kind === 'answered' && !executions.some(({ server }) => server === outcome.server)
  );
}

const isDenied = ({ isSafe, outcome, executions }: Entry) =>
  !isSafe && outcome?.kind === 'refused' && outcome.status === 503 && executions.length > 0;

/** Undefined: an answer, right or wrong. */
function failure(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'answered':
    case 'wrong':
      return undefined;
    case 'refused':
      return String(outcome.status);
    case 'broken':
    case 'cut':
    case 'endless':
      return outcome.kind;
  }
}

/** How many failed in which way: `{ '502': 3 }`. */
export function ways(failed: readonly Failed[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { how } of failed) counts[how] = (counts[how] ?? 0) + 1;
  return counts;
}
