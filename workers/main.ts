/** The entry point of the worker process: `cutover worker` reaches it by its URL. */
import type { Role } from '../src/kernel/role.js';
import { StartError } from '../src/kernel/start-error.js';
import { Worker, type WorkerOptions } from './worker.js';

/** Starts to look for its frontends; they may come later. Throws StartError. */
export async function startWorker(options: WorkerOptions): Promise<Role> {
  if (options.frontends.length === 0 && options.finder?.discovers !== true) {
    throw new StartError('no frontend to connect to: device.frontends is empty', 2);
  }
  const { telemetry } = options.config;
  if (telemetry.otlp === undefined) return new Worker(options);
  // Large, and wanted by few.
  const { startTracing } = await import('../src/telemetry/otlp.js');
  return new Worker({ ...options, tracing: startTracing(telemetry.otlp, options) });
}
