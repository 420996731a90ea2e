import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { hostPort, type HostPort } from '../config/address.js';
import { StartError } from '../kernel/start-error.js';
import type { Opened, Opening } from './listening-descriptor-thread.js';

/**
 * A listening TCP socket that its owner never accepts on. Processes that inherit the descriptor do, and
 * while there is none (a frontend restarts) connections wait in the backlog instead of being refused.
 */
export interface ListeningDescriptor {
  readonly fd: number;
  /** The address, with the real port where 0 was asked for. */
  readonly address: HostPort;
  /** Processes that inherited the descriptor go on listening. */
  readonly close: () => Promise<void>;
}

export async function openListeningDescriptor(
  address: HostPort,
  backlog: number,
): Promise<ListeningDescriptor> {
  // Node accepts on whatever it listens on, so this is done by a thread that stands still ever after.
  const workerData: Opening = { ...address, backlog, standstill: new SharedArrayBuffer(4) };
  const thread = new Worker(new URL('./listening-descriptor-thread.js', import.meta.url), {
    workerData,
    execArgv: [],
  });
  const [opened] = (await once(thread, 'message')) as [Opened];
  thread.unref();
  if ('code' in opened) {
    await thread.terminate();
    throw new StartError(cannotListen(address, opened));
  }
  const { fd, port } = opened;
  return {
    fd,
    address: { host: address.host, port },
    close: () => thread.terminate().then(() => undefined),
  };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'no permission (ports below 1024 need CAP_NET_BIND_SERVICE)',
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name cannot be resolved at the moment',
};

function cannotListen(
  address: HostPort,
  { code, message }: { readonly code: string; readonly message: string },
): string {
  if (code === 'EADDRINUSE') {
    return `port ${address.port} on ${address.host} is taken by another process: stop it, or choose another port`;
  }
  return `cannot listen on ${hostPort(address)}: ${reasons[code] ?? message} (${code})`;
}
