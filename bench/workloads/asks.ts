import type { Ask } from '../load/ask.js';

export const MIB = 1_048_576; // bytes

/** Small answers: what all others differ from in one point. */
export const usual: Ask = {
  path: '/100',
  connections: 64,
  isOneShot: false,
  isBrowser: false,
  upload: undefined,
};
