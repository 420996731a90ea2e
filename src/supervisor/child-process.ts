import { spawn, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Child, ChildHost } from './role-process.js';

/** [edge] Starts the processes of roles; `supervised.ts` is their side of it. */

export interface Launch {
  /** After the path of the program. */
  readonly args: readonly string[];
  /** Descriptors that it inherits, from 3 on. */
  readonly descriptors: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a role's process says over the channel to the supervisor. */
export type ChildMessage =
  { readonly type: 'ready' } | { readonly type: 'failed'; readonly because: string };

/**
 * `program` is run by the same Node. `log` is given every line that it writes; without it they go where ours go.
 */
export function spawnRole(
  program: string,
  launch: Launch,
  host: ChildHost,
  log?: (line: string) => void,
): Child {
  const output = log === undefined ? 'inherit' : 'pipe';
  const stdio: StdioOptions = ['ignore', output, output, ...launch.descriptors, 'ipc'];
  const child = spawn(process.execPath, [...process.execArgv, program, ...launch.args], {
    stdio,
    env: launch.env,
  });
  for (const input of [child.stdout, child.stderr]) {
    if (input !== null && log !== undefined) createInterface({ input }).on('line', log);
  }
  child.on('message', message => hear(message as ChildMessage, host));
  child.once('error', cause => {
    if (child.pid !== undefined) return; // a signal or a message that came too late
    host.failed(`no process can be started: ${cause.message}`);
    host.ended(null, null);
  });
  child.once('exit', (exitCode, signal) => {
    // What it said last may still be in the channel.
    if (child.connected) child.once('disconnect', () => host.ended(exitCode, signal));
    else host.ended(exitCode, signal);
  });
  return { pid: child.pid ?? 0, kill: signal => void child.kill(signal) };
}

function hear(message: ChildMessage, host: ChildHost): void {
  if (message.type === 'ready') host.ready();
  else host.failed(message.because);
}
