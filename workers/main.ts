/** The entry point of the worker process: `cutover worker` reaches it by its URL. */
import type { Role } from '../src/kernel/role.js';
import { StartError } from '../src/kernel/start-error.js';
import { Worker, type WorkerOptions } from './worker.js';

/** Starts to look for its frontends; they may come later. Throws StartError. */
export function startWorker(options: WorkerOptions): Promise<Role> {
  if (options.frontends.length === 0) {
    return Promise.reject(
      new StartError('no frontend to connect to: device.frontends is empty', 2),
    );
  }
  return Promise.resolve(new Worker(options));
}
