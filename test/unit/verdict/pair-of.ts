import type { Pair } from '../../../src/verdict/pair.js';

const excerpt = {
  status: 200,
  fields: [['content-type', 'text/plain']],
  skipped: 0,
  bytes: 1,
} as const;

/** Told apart by what the newer version said. */
export const pairOf = (body: string): Pair => ({
  where: ['body'],
  newer: { ...excerpt, body },
  older: excerpt,
});
