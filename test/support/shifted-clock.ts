/**
 * Loaded into a process before anything else, gives it the wall clock of another host. The clock that never jumps
 * stays as it is: no host knows that of another.
 */
import { env } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const AHEAD = 'CUTOVER_TEST_CLOCK_AHEAD';

/** The environment of a process whose clock is so many seconds ahead of the machine's; behind it, if negative. */
export const withClockAhead = (seconds: number): Readonly<Record<string, string>> => ({
  [AHEAD]: String(seconds),
  NODE_OPTIONS: `--import=${pathToFileURL(fileURLToPath(import.meta.url)).href}`,
});

const ahead = Number(env[AHEAD] ?? 0) * 1000;
if (ahead !== 0) {
  const now = Date.now;
  Date.now = () => now() + ahead;
}
