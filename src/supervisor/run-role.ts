import type { Report } from '../kernel/events.js';
import type { Role } from '../kernel/role.js';
import type { ChildMessage } from './child-process.js';

/** The life of a process that runs one role: signals, readiness, the channel to a supervisor. */

export interface Life {
  readonly report: Report;
  readonly start: () => Promise<Role>;
  /** Resolves when others may count on it: by default as soon as it has started. */
  readonly ready?: Promise<void>;
  /** A signal came, and the role begins to drain. */
  readonly stopping?: (signal: string) => void;
  /** The last thing before the process ends without draining. */
  readonly atOnce?: () => void;
}

/** All that is needed of a process. */
export type Process = Pick<NodeJS.Process, 'on' | 'exit' | 'connected' | 'send' | 'channel'>;

/** Resolves when the role has drained after a signal; rejects if it cannot start or go on. */
export async function runRole(host: Process, life: Life): Promise<void> {
  const now: { role?: Role; draining: boolean } = { draining: false };

  function drain(signal: string): void {
    if (now.role === undefined) {
      end(0); // nothing is in flight yet
      return;
    }
    now.draining = true;
    life.stopping?.(signal);
    now.role.stop().catch((cause: unknown) => life.report({ type: 'fault', where: 'stop', cause }));
  }

  function end(exitCode: number): void {
    life.atOnce?.();
    host.exit(exitCode);
  }

  function onSignal(signal: string): void {
    if (!now.draining) drain(signal);
    // A signal to the whole process group reaches a role twice: directly, and from its supervisor, who
    // ends at once those that are to end at once.
    else if (!isSupervised(host)) end(1);
  }
  host.on('SIGTERM', onSignal);
  // Ctrl-C and a closed terminal reach all processes at once; in which order they end, or that they
  // do not, is for the supervisor to say.
  if (isSupervised(host))
    for (const signal of ['SIGINT', 'SIGHUP']) host.on(signal, () => undefined);
  else host.on('SIGINT', onSignal);
  host.on('disconnect', () => {
    if (!now.draining) drain('disconnect'); // the supervisor died: nobody else would ever end us
  });
  host.channel?.unref(); // listening to it must not keep the process alive: the role does
  host.on('uncaughtException', cause => {
    life.report({ type: 'fault', where: 'process', cause });
    end(1);
  });

  now.role = await life.start();
  await Promise.race([life.ready, now.role.stopped]);
  await tellSupervisor(host, { type: 'ready' });
  await now.role.stopped;
}

export const isSupervised = (host: Process): boolean => host.send !== undefined;

/** Resolves when it has been said, or when there is nobody to hear it. */
export async function tellSupervisor(host: Process, message: ChildMessage): Promise<void> {
  if (!host.connected) return;
  await new Promise<void>(resolve => host.send?.(message, undefined, {}, () => resolve()));
}
