import { cpus, release, totalmem } from 'node:os';
import type { Machine } from '../figures/results.js';
import { generator } from '../load/closed-loop.js';

/** What figures depend on besides the programs. */
export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memory: Math.round(totalmem() / 1024 ** 3),
  system: `${process.platform} ${release()} ${process.arch}`,
  node: process.version,
  generator,
});
