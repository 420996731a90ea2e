import type { Contender } from './contender.js';

/** No proxy at all: what the server itself does, and the generator. */
export const direct: Contender = {
  name: 'direct',
  missing: undefined,
  start: ({ server }) => Promise.resolve({ pids: [], port: server, stop: () => Promise.resolve() }),
};
