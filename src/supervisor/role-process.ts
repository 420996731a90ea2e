import type { Cancel, Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import { StartError } from '../kernel/start-error.js';
import { restartAfter } from './restart.js';

/** One role that is kept alive: its process, and the next one when that has ended. */
export interface RoleProcess {
  readonly role: string;
  /** Settles once; rejects with StartError if the role cannot start, RoleStopped if it was stopped before. */
  readonly ready: Promise<void>;
  /** From now on its end is meant, and no process is started after it: but after a crash, if that is said. */
  startNoMore(unless?: 'it crashes'): void;
  /** Lets it drain, kills it if that takes too long; resolves when its process has ended. */
  stop(): Promise<void>;
  /** Ends it at once, for good. */
  kill(): void;
}

export class RoleStopped extends Error {
  override readonly name = 'RoleStopped';
}

/** What a process says of itself. */
export interface ChildHost {
  ready(): void;
  /** Why it cannot start, before it ends. */
  failed(because: string): void;
  ended(exitCode: number | null, signal: string | null): void;
}

export interface Child {
  readonly pid: number;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

export interface RoleOptions {
  readonly role: string;
  readonly spawn: (host: ChildHost) => Child;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly patience: number;
  readonly clock: Clock;
  readonly chance: () => number;
  readonly report: Report;
}

/** Signals that ask a process to end: one to the whole process group reaches a role before its supervisor asks it. */
const ASKED: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP']);

type State =
  | { readonly name: 'running'; readonly child: Child; readonly since: number }
  | { readonly name: 'waiting'; readonly cancel: Cancel }
  | { readonly name: 'stopping'; readonly child: Child }
  | { readonly name: 'ended' };

export function keepAlive(options: RoleOptions): RoleProcess {
  const { role, clock, report } = options;
  const readiness = milestone();
  const end = milestone();
  readiness.promise.catch(() => undefined); // whoever waits for it hears of it; nobody must
  let state: State = { name: 'ended' };
  let last: 'no' | 'unless it crashes' | 'yes' = 'no';
  let everReady = false;
  let early = 0;
  let because: string | undefined;

  start();

  function start(): void {
    const child = options.spawn({ ready, failed, ended });
    state = { name: 'running', child, since: clock.now() };
    report({ type: 'role-started', role, pid: child.pid });
  }

  function ready(): void {
    if (state.name !== 'running') return;
    everReady = true;
    report({ type: 'role-ready', role, pid: state.child.pid });
    readiness.reach();
  }

  function failed(why: string): void {
    because = why;
  }

  function ended(exitCode: number | null, signal: string | null): void {
    const isCrash = exitCode !== 0 && !(signal !== null && ASKED.has(signal));
    const isLast = last === 'yes' || (last === 'unless it crashes' && !isCrash);
    const meant = isLast || state.name === 'stopping';
    const after = state.name === 'running' && !isLast ? next(exitCode, state.since) : undefined;
    const pid = 'child' in state ? state.child.pid : 0;
    report({ type: 'role-ended', role, pid, exitCode, signal, restartIn: after });
    if (after !== undefined) state = { name: 'waiting', cancel: clock.after(after, start) };
    else settle(meant ? stopped() : cannotStart(exitCode));
  }

  const stopped = () => new RoleStopped(`${role} was stopped`);
  const cannotStart = (exitCode: number | null) =>
    new StartError(`${role}: ${because ?? `ended with exit code ${String(exitCode)}`}`);

  /** Milliseconds until the next process, or undefined if there is none. */
  function next(exitCode: number | null, since: number): number | undefined {
    const lived = clock.now() - since;
    const restart = restartAfter({ exitCode, everReady, lived, early, chance: options.chance() });
    if (restart.kind === 'give-up') return undefined;
    early = restart.early;
    return restart.after;
  }

  function settle(why: Error): void {
    state = { name: 'ended' };
    readiness.miss(why);
    end.reach();
  }

  function startNoMore(unless?: 'it crashes'): void {
    last = unless === undefined ? 'yes' : 'unless it crashes';
    if (last === 'yes' && state.name === 'waiting') kill();
  }

  async function stop(): Promise<void> {
    if (state.name === 'waiting') kill();
    if (state.name !== 'running') return end.promise;
    const { child } = state;
    state = { name: 'stopping', child };
    child.kill('SIGTERM');
    const cancel = clock.after(options.patience, () => child.kill('SIGKILL'));
    await end.promise;
    cancel();
  }

  function kill(): void {
    if (state.name === 'waiting') {
      state.cancel();
      settle(stopped());
    } else if (state.name !== 'ended') {
      state.child.kill('SIGKILL');
      state = { name: 'stopping', child: state.child };
    }
  }

  return { role, ready: readiness.promise, startNoMore, stop, kill };
}

/** A promise that is settled from outside. */
function milestone() {
  let reach: () => void = () => undefined;
  let miss: (cause: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    reach = resolve;
    miss = reject;
  });
  return { promise, reach, miss };
}
