/** Whether anybody listens at any of these addresses, asked by a plain TCP connection to each. */
import { connect } from 'node:net';

const PATIENCE = 2000;

export async function anyListens(
  servers: readonly { readonly host: string; readonly port: number }[],
): Promise<boolean> {
  return (await Promise.all(servers.map(listens))).includes(true);
}

function listens({ host, port }: { readonly host: string; readonly port: number }) {
  return new Promise<boolean>(resolve => {
    const socket = connect({ host, port, timeout: PATIENCE });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true));
    socket.once('timeout', end(false));
    socket.once('error', end(false));
  });
}
