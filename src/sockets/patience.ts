/**
 * A STREAM socket does not say when a full pipe has room again, so what was refused is tried again
 * on a timer: soon at first, for a peer that reads fast, then ever more rarely: many that do not read at all must
 * not cost a processor.
 */
import type { Clock } from '../kernel/clock.js';
import { sendRefusal } from './socket-errors.js';

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 1000;

/** Milliseconds before the attempt after this pause. */
export const nextPause = (pause: number): number =>
  pause === 0 ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, pause * 2);

/** Resolves true when `send` was taken, false when the peer has gone or `ended` says so. */
export async function patiently(
  send: () => Promise<void>,
  clock: Clock,
  ended: () => boolean,
): Promise<boolean> {
  for (let pause = 0; !ended();) {
    try {
      await send();
      return true;
    } catch (cause) {
      const refusal = sendRefusal(cause);
      if (refusal === undefined) throw cause;
      if (refusal !== 'full') return false;
    }
    pause = nextPause(pause);
    const wait = pause;
    await new Promise<void>(resolve => void clock.after(wait, resolve));
  }
  return false;
}
