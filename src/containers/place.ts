/** Where workers find a port of a container. */
import { hostPort, isBeyondLoopback, sameAddress, type HostPort } from '../config/address.js';
import type { ServerAddress } from '../config/cluster.js';
import type { Container } from './engine.js';

export interface Surroundings {
  /** The network that Cutover shares with the containers (`docker.network`); undefined: it is not in one. */
  readonly network: string | undefined;
  /** Where ports are that are published on all addresses of the engine's machine. */
  readonly host: string;
  /** Cutover's own listeners: a proxy in front of itself would ask itself for ever. */
  readonly own: readonly HostPort[];
}

export type Place =
  | { readonly ok: true; readonly server: ServerAddress }
  /** What to do about it, in one line. */
  | { readonly ok: false; readonly because: string };

/**
 * In this order: its address in the network that was configured; the host's, where it uses the host's
 * network; the host's, where the port is published; its own, where it is in one network only.
 */
export function placeOf(container: Container, port: number, around: Surroundings): Place {
  const place = found(container, port, around);
  const isOwn = place.ok && around.own.some(own => reaches(place.server, own));
  return isOwn ? nowhere('this is the address of Cutover itself') : place;
}

/** Whether who connects to `server` comes to a listener of ours. */
const reaches = (server: HostPort, own: HostPort): boolean =>
  sameAddress(own, server) ||
  (isEverywhere(own.host) && own.port === server.port && isLoopback(server.host));

function found(container: Container, port: number, around: Surroundings): Place {
  const { addresses, networkMode, published } = container;
  const { network, host } = around;
  if (networkMode === 'host') return at(host, port);
  if (network !== undefined) {
    const address = addresses[network];
    return address === undefined ? nowhere(notIn(network, addresses)) : at(address, port);
  }
  const bindings = published
    .filter(each => each.port === port)
    .map(each => ({ ...each, host: isEverywhere(each.host) ? host : each.host }));
  const binding = bindings.find(each => isLoopback(host) || !isLoopback(each.host));
  if (binding !== undefined) return at(binding.host, binding.hostPort);
  if (bindings[0] !== undefined) return nowhere(onlyThere(bindings[0].host, host));
  const [only, ...others] = Object.values(addresses);
  if (only === undefined) return nowhere('it has no address, and its port is not published');
  if (others.length === 0) return at(only, port);
  const names = Object.keys(addresses).join(', ');
  return nowhere(`it is in several networks (${names}): say by docker.network which one counts`);
}

const notIn = (network: string, addresses: Container['addresses']) =>
  `it is not in the network ${network} (docker.network) but in ${Object.keys(addresses).join(', ') || 'none'}`;

const onlyThere = (published: string, host: string) =>
  `its port is published on ${published} of ${host} only, where nobody else reaches it: publish it on ` +
  'another address, or say by docker.network which network Cutover shares with it';

const isLoopback = (host: string) => !isBeyondLoopback(`tcp://${hostPort({ host, port: 0 })}`);

const isEverywhere = (host: string) => host === '' || host === '0.0.0.0' || host === '::';

const at = (host: string, port: number): Place => ({ ok: true, server: { host, port } });
const nowhere = (because: string): Place => ({ ok: false, because });
