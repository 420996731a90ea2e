/** What arrives on a socket. */
import type { Readable } from 'zeromq';
import { liesOutside } from './outside-memory.js';

interface Closable {
  readonly closed: boolean;
}

/** Until the socket is closed. The binding's own iterator asks for that before each message. */
export const arrivals = <Frames extends readonly Buffer[]>(
  socket: Readable<Buffer[]> & Closable,
): AsyncIterator<Frames> => ({
  async next(): Promise<IteratorResult<Frames>> {
    try {
      const frames = (await socket.receive()) as unknown as Frames;
      for (const frame of frames) liesOutside(frame);
      return { value: frames, done: false };
    } catch (cause) {
      if (socket.closed) return { value: undefined, done: true };
      throw cause;
    }
  },
});
