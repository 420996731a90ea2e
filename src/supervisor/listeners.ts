import { hostPort, type HostPort } from '../config/address.js';
import type { Config } from '../config/config.js';
import {
  inheritance,
  type InheritedDescriptors,
} from '../sockets/listening-descriptor-inherited.js';
import { openListeningDescriptor } from '../sockets/listening-descriptor.js';

/** The sockets that clients connect to. They outlive every frontend. */
export interface Listeners {
  /** Where clients find the main one, with its real port. */
  readonly address: string;
  readonly descriptors: readonly number[];
  /** What the frontends are told of them. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

interface Listener {
  readonly name: 'proxy' | 'trusted';
  readonly fd: number;
  readonly address: string;
  readonly close: () => Promise<void>;
}

/** Those that a service manager handed over, and the others opened. */
export async function openListeners(
  { host, port, backlog, trusted }: Config['proxy'],
  inherited: InheritedDescriptors,
): Promise<Listeners> {
  const proxy = await listener('proxy', { host, port }, backlog, inherited.proxy);
  try {
    if (trusted === undefined) return together([proxy]);
    return together([proxy, await listener('trusted', trusted, backlog, inherited.trusted)]);
  } catch (cause) {
    await proxy.close();
    throw cause;
  }
}

async function listener(
  name: Listener['name'],
  address: HostPort,
  backlog: number,
  inherited: number | undefined,
): Promise<Listener> {
  if (inherited !== undefined) {
    return {
      name,
      fd: inherited,
      address: `descriptor ${inherited}`,
      close: () => Promise.resolve(),
    };
  }
  const opened = await openListeningDescriptor(address, backlog);
  return { name, fd: opened.fd, address: hostPort(opened.address), close: opened.close };
}

const together = (listeners: readonly Listener[]): Listeners => ({
  address: listeners.map(({ address }) => address)[0] ?? '',
  descriptors: listeners.map(({ fd }) => fd),
  env: inheritance(listeners.map(({ name }) => name)),
  async close() {
    for (const { close } of listeners.toReversed()) await close();
  },
});
