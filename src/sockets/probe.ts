/** Asks by a plain connection whether anybody is there, and says nothing to whoever is. */
import { connect, type NetConnectOpts } from 'node:net';

/** `silent`: neither accepted nor refused within `patience` milliseconds. An error: why not. */
export function probe(
  where: NetConnectOpts,
  patience: number,
): Promise<'listens' | 'silent' | Error> {
  return new Promise(resolve => {
    const socket = connect({ ...where, timeout: patience });
    const end = (answer: 'listens' | 'silent') => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end('listens'));
    socket.once('timeout', end('silent'));
    socket.once('error', resolve);
  });
}
