import type { Cancel, Clock } from './clock.js';

/** What `promise` gives if it settles within so many milliseconds; it goes on meanwhile, and is waited for no longer. */
export async function within<Value>(
  promise: Promise<Value>,
  ms: number,
  clock: Clock,
): Promise<Value | 'late'> {
  let cancel: Cancel | undefined;
  const late = new Promise<'late'>(resolve => {
    cancel = clock.after(ms, () => resolve('late'));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel?.();
  }
}
