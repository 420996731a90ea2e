/** The sockets that clients connect to: the main one, and one for a proxy in front that is trusted. */
import type { HostPort } from '../config/address.js';
import type { Config } from '../config/config.js';
import { listenForClients, type StreamServer } from '../sockets/stream-server.js';

/** Listening descriptors that were handed over, in place of addresses of our own. */
export interface Descriptors {
  readonly proxy?: number;
  readonly trusted?: number;
}

/** The main one first. Throws StartError, and leaves none open. */
export async function openServers(
  config: Config,
  descriptors: Descriptors,
): Promise<readonly StreamServer[]> {
  const { proxy } = config;
  const server = await listenForClients(listening(config, proxy, descriptors.proxy));
  if (proxy.trusted === undefined) return [server];
  try {
    const trusted = listening(config, proxy.trusted, descriptors.trusted);
    return [server, await listenForClients(trusted)];
  } catch (cause) {
    server.close(0);
    throw cause;
  }
}

const listening = (
  { proxy, timeouts }: Config,
  { host, port }: HostPort,
  descriptor: number | undefined,
) => ({
  host,
  port,
  backlog: proxy.backlog,
  writeTimeout: timeouts.write * 1000,
  descriptor,
});
