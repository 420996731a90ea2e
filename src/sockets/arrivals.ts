/** What arrives on a socket. */
import type { Readable } from 'zeromq';
import { liesOutside } from './outside-memory.js';

interface Closable {
  readonly closed: boolean;
}

/**
 * Until the socket is closed. The binding's own iterator asks for that before each message; and no function here is
 * async, because each message would make two more promises.
 */
export function arrivals<Frames extends readonly Buffer[]>(
  socket: Readable<Buffer[]> & Closable,
): AsyncIterator<Frames> {
  const arrived = (received: Buffer[]): IteratorResult<Frames> => {
    for (const frame of received) liesOutside(frame);
    return { value: received as readonly Buffer[] as Frames, done: false };
  };
  const failed = (cause: unknown): IteratorResult<Frames> => {
    if (socket.closed) return { value: undefined, done: true };
    throw cause;
  };
  return {
    next() {
      try {
        return socket.receive().then(arrived, failed);
      } catch (cause) {
        return Promise.resolve(failed(cause)); // a closed socket throws at once instead of rejecting
      }
    },
  };
}
