/** Whether the servers of a new version can be asked at all: before anything changes. */
import { isIP } from 'node:net';
import { hostPort, sameAddress, type HostPort } from '../config/address.js';
import { problem, type Problem } from '../config/problems.js';

export interface Addresses {
  /** Cutover's own listeners: a proxy in front of itself would ask itself for ever. */
  readonly own: readonly HostPort[];
  /** The addresses of a name; rejects if it has none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
}

export { systemResolve } from '../discovery/system-resolve.js';

/** One problem, with its path, for each server that is no server. */
export async function addressProblems(
  servers: readonly HostPort[],
  addresses: Addresses,
): Promise<readonly Problem[]> {
  const found = await Promise.all(
    servers.map(async (server, index) => {
      const expected = await wrongWith(server, addresses);
      const path = `cluster.servers[${index}]`;
      return expected === undefined ? [] : [problem(path, expected, hostPort(server))];
    }),
  );
  return found.flat();
}

/** What would be expected instead; undefined: nothing is wrong. */
async function wrongWith(
  server: HostPort,
  { own, resolve }: Addresses,
): Promise<string | undefined> {
  const resolved =
    isIP(server.host) === 0 ? await resolve(server.host).catch(() => []) : [server.host];
  if (resolved.length === 0) return 'a name that can be resolved';
  if (resolved.some(isNobody)) return 'the address of one server';
  const isOwn = [server.host, ...resolved].some(host =>
    own.some(each => sameAddress(each, { host, port: server.port })),
  );
  return isOwn ? 'another address than those of Cutover itself' : undefined;
}

/** Unspecified, broadcast, multicast: RFC 1122 §3.2.1.3, RFC 5771, RFC 4291 §2.5.2 and §2.7. */
function isNobody(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (plain.includes(':')) return /^(0{0,4}:)*:?0{0,4}$/.test(plain) || /^ff/i.test(plain);
  const first = Number(plain.split('.')[0]);
  return first === 0 || first >= 224;
}
