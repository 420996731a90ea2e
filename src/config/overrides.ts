import type { Config, LogLevel, Parsed } from './config.js';
import { problem } from './problems.js';

/** What the command line says counts more than what the file says. */
export interface Overrides {
  readonly level?: LogLevel | undefined;
  readonly workers?: number | undefined;
  readonly frontends?: number | undefined;
}

export function overridden(config: Config, { level, workers, frontends }: Overrides): Parsed {
  const addresses = config.device.frontends.length;
  if (frontends !== undefined && addresses > 0 && frontends > addresses) {
    const expected = `no more than there are addresses in device.frontends (${addresses})`;
    return { ok: false, problems: [problem('--frontends', expected, String(frontends))] };
  }
  const counted = {
    ...config,
    workers: { count: workers ?? config.workers.count },
    frontends: { count: frontends ?? config.frontends.count },
    log: { level: level ?? config.log.level },
  };
  return { ok: true, config: counted };
}
