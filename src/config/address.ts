import { isIPv4 } from 'node:net';
import type { z } from 'zod';
import { evenIfWrong, host, section, text } from './values.js';

/** Where something listens. An IPv6 literal has no brackets here. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const named = (fallback: string | undefined) => ({
  ip: host()
    .optional()
    .describe(fallback === undefined ? 'this or `hostname`' : `default: ${fallback}`),
  hostname: host().optional().describe('another word for `ip`'),
});

interface Named {
  readonly ip?: string | undefined;
  readonly hostname?: string | undefined;
}

/** A section with `ip` or `hostname`, which become one field `host`. Without a fallback one must be there. */
export const addressed = <Shape extends z.core.$ZodLooseShape>(shape: Shape, fallback?: string) =>
  section({ ...named(fallback), ...shape })
    .refine(value => !hasBoth(value as Named), {
      error: 'ip or hostname, not both',
      path: ['hostname'],
      when: evenIfWrong,
    })
    .refine(value => fallback !== undefined || hasEither(value as Named), {
      error: 'ip or hostname',
      path: ['ip'],
      when: evenIfWrong,
    })
    .transform(value => {
      const { ip, hostname, ...rest } = value as Named & z.output<z.ZodObject<Shape>>;
      return { host: ip ?? hostname ?? fallback ?? '', ...rest };
    });

const hasBoth = ({ ip, hostname }: Named) => ip !== undefined && hostname !== undefined;
const hasEither = ({ ip, hostname }: Named) => ip !== undefined || hostname !== undefined;

/** Two listeners cannot share it. Port 0 is never taken: the system chooses. */
export const sameAddress = (one: HostPort, other: HostPort) =>
  one.port !== 0 && one.port === other.port && one.host.toLowerCase() === other.host.toLowerCase();

/** `127.0.0.1:8080`, `[::1]:8080`. */
export const hostPort = ({ host, port }: HostPort) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** What a socket's path can hold on Linux, without its last zero: sun_path in unix(7). */
export const LONGEST_IPC_PATH = 107;

/** Where the device of a frontend listens. Workers connect to the same address, so no wildcards. */
export const deviceAddress = () =>
  text(
    `ipc://PATH (up to ${LONGEST_IPC_PATH} bytes) or tcp://HOST:PORT`,
    /^(ipc|tcp):\/\/[^\s*]+$/,
    value => (value.startsWith('ipc://') ? isIpcPath(value.slice(6)) : isTcp(value)),
  );

/** "@" alone is the beginning of a name that is missing (unix(7), abstract), and no path goes on behind a zero. */
const isIpcPath = (path: string) =>
  path !== '@' && !path.includes('\0') && Buffer.byteLength(path) <= LONGEST_IPC_PATH;

const TCP = /^tcp:\/\/(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/** Where a `tcp://` address is; undefined: it is none. */
export function tcpPlace(address: string): HostPort | undefined {
  const [, bracketed, plain = '', port] = TCP.exec(address) ?? [];
  return port === undefined ? undefined : { host: bracketed ?? plain, port: Number(port) };
}

function isTcp(address: string): boolean {
  const place = tcpPlace(address);
  if (place === undefined || !host().safeParse(place.host).success) return false;
  return place.port >= 1 && place.port <= 65_535;
}

/**
 * Whether others than this machine may be reached at a device's address, or may reach it: over `tcp://`
 * everything but 127.0.0.0/8 (RFC 1122 §3.2.1.3), ::1 and localhost (RFC 6761 §6.3). What another name
 * means can change.
 */
export function isBeyondLoopback(address: string): boolean {
  const place = tcpPlace(address);
  if (place === undefined) return false;
  return !isLoopback(place.host);
}

/** Whether a name or a literal means this machine alone, whatever the network says. */
export const isLoopback = (name: string): boolean =>
  name === '::1' || name.toLowerCase() === 'localhost' || isLoopbackIPv4(name);

const isLoopbackIPv4 = (name: string) => isIPv4(name) && name.startsWith('127.');
