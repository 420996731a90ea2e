import { performance } from 'node:perf_hooks';

/** The door through which time comes in: a test moves it instead of waiting. */
export interface Clock {
  /** Milliseconds that never jump, for waits and deadlines. */
  now(): number;
  /** Milliseconds since 1970, by the wall clock, which may jump: for what other hosts read. */
  wall(): number;
  /** Runs `task` once after `ms` milliseconds; what is returned cancels it. */
  after(ms: number, task: () => void): Cancel;
  /** Runs `task` every `ms` milliseconds until cancelled. Keeps no process alive. */
  every(ms: number, task: () => void): Cancel;
}

export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  every(ms, task) {
    const timer = setInterval(task, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
