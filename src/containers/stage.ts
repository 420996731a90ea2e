/** How far a container is: may it be asked, may it be asked again, or has it gone? */
import { constants } from 'node:os';
import type { Container, Happened } from './engine.js';

/**
 * `ready`: it gets requests. `coming`: not yet, or not at the moment, and nobody wanted that: it starts, its
 * health is bad, it crashed. `leaving`: somebody has told it to end, and it has not ended: not every signal ends
 * every process (a JVM goes on after SIGQUIT). `gone`: somebody has stopped it.
 */
export type Stage = 'ready' | 'coming' | 'leaving' | 'gone';

/** What cannot be read from the container itself. */
export interface Known {
  /** Somebody has told it to end. */
  readonly isLeaving: boolean;
  /** Its port accepts connections; asked only of those without a health check. */
  readonly accepts: boolean;
}

export function stageOf(container: Container, { isLeaving, accepts }: Known): Stage {
  if (isLeaving) return runsStill(container) ? 'leaving' : 'gone';
  switch (container.status) {
    case 'running':
      return isWell(container, accepts) ? 'ready' : 'coming';
    case 'restarting': // after it crashed: who is told to restart is told to end first
    case 'paused':
    case 'unknown':
      return 'coming';
    case 'exited':
    case 'stopped':
    case 'dead':
      return wasStopped(container) ? 'gone' : 'coming';
    case 'created':
    case 'initialized':
    case 'stopping':
    case 'removing':
      return 'gone';
  }
}

/** Or the engine has it run again. */
const runsStill = ({ status }: Container) =>
  status === 'running' || status === 'restarting' || status === 'paused' || status === 'unknown';

const isWell = ({ health }: Container, accepts: boolean) =>
  health === 'none' ? accepts : health === 'healthy';

/** What a shell says of a process that ended by a signal: 128 and its number. */
const endedBy = (signal: number) => 128 + signal;
const { SIGINT, SIGQUIT, SIGKILL, SIGTERM } = constants.signals;
const ORDERLY = [0, ...[SIGINT, SIGQUIT, SIGKILL, SIGTERM].map(endedBy)];

/**
 * An engine does not keep why a container ended. One that ended well, or by a signal that asks for it, was
 * stopped; else it crashed, and its version is judged by that.
 */
const wasStopped = ({ exitCode, ranOutOfMemory }: Container): boolean =>
  ORDERLY.includes(exitCode) && !ranOutOfMemory;

/** Whether a container was told to end: `kill` comes before its end, whoever asked for it. */
export function isToldToEnd({ action, signal }: Happened, { stopSignal }: Container): boolean {
  if (action !== 'kill' || signal === undefined) return false;
  return [SIGINT, SIGQUIT, SIGKILL, SIGTERM, numberOf(stopSignal)].includes(signal);
}

/** Of `SIGTERM`, `TERM` or `15`. */
function numberOf(name: string): number {
  const signals: Readonly<Record<string, number>> = constants.signals;
  return Number(name) || (signals[name] ?? signals[`SIG${name}`] ?? SIGTERM);
}
