import { isIPv6 } from 'node:net';

/** A host and port as libzmq writes it. */
export const tcpAddress = (host: string, port: number | '*'): string =>
  `tcp://${isIPv6(host) ? `[${host}]` : host}:${port}`;

/** Whether a socket for this address must be told that IPv6 may occur. */
export const mayBeIPv6 = (address: string): boolean =>
  address.includes('[') || address.includes('*');
