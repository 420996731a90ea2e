/** Addresses with names in them become addresses with numbers. Pure. */
import { isIP, isIPv4 } from 'node:net';
import { hostPort, tcpPlace } from '../config/address.js';

/** The addresses of each name, as they were found last. */
export type Known = ReadonlyMap<string, readonly string[]>;

/** The name of a `tcp://` address; undefined: it has none, but a number. */
export function nameIn(address: string): string | undefined {
  const place = tcpPlace(address);
  return place === undefined || isIP(place.host) !== 0 ? undefined : place.host;
}

/** Each once. A name that nobody knows stands for nobody. */
export function spelledOut(addresses: readonly string[], known: Known): readonly string[] {
  const each = addresses.flatMap(address => {
    const name = nameIn(address);
    const place = tcpPlace(address);
    if (name === undefined || place === undefined) return [address];
    return (known.get(name) ?? []).map(host => `tcp://${hostPort({ ...place, host })}`);
  });
  return [...new Set(each)];
}

/**
 * Of one kind: who has an address of each would be reached twice, and each link tells the same again. Sorted,
 * because name servers turn them round and round.
 */
export function ofOneKind(found: readonly string[]): readonly string[] {
  const plain = found.filter(isIPv4);
  return [...new Set(plain.length > 0 ? plain : found)].sort();
}
