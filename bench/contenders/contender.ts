import type { Running } from '../system/program.js';

/** Where a contender stands: what it forwards to, and where it may write. */
export interface Setting {
  /** The port of the server that it forwards to. */
  readonly server: number;
  /** A folder that is removed afterwards. */
  readonly folder: string;
}

export interface Contender {
  readonly name: string;
  /** Why it cannot take part on this machine. */
  readonly missing: string | undefined;
  readonly start: (setting: Setting) => Promise<Running>;
  /** It may stand still once clients have left it in the middle of an answer: each round begins with a new one. */
  readonly isFragile?: boolean;
}
