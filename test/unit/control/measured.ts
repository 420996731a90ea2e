/** Measures as followers send them; only what a test speaks of must be given. */
import { newDurations, timed, type Durations } from '../../../src/measures/durations.js';
import { versionId, type VersionId } from '../../../src/kernel/ids.js';
import type {
  FrontendMeasures,
  Measures,
  ProcessMeasures,
  VersionMeasures,
  WorkerMeasures,
} from '../../../src/wire/measures.js';

export const processMeasures = (about: Partial<ProcessMeasures> = {}): ProcessMeasures => ({
  period: 1000,
  startedAt: 1_700_000_000,
  cpu: 12.5,
  load: 0.25,
  memory: 64_000_000,
  heap: 8_000_000,
  eventLoopDelay: { p50: 0.0001, p99: 0.002, max: 0.05 },
  ...about,
});

export const frontendMeasures = (about: Partial<FrontendMeasures> = {}): FrontendMeasures => ({
  role: 'frontend',
  inFlight: 0,
  queued: 0,
  connections: 0,
  workers: [],
  requests: [],
  durations: newDurations(),
  waits: newDurations(),
  accepted: 0,
  refusals: {},
  lost: { workers: 0, repeated: 0, failed: 0 },
  ...about,
});

export const workerMeasures = (about: Partial<WorkerMeasures> = {}): WorkerMeasures => ({
  role: 'worker',
  inFlight: 0,
  connections: { busy: 0, idle: 0 },
  ejected: 0,
  versions: [],
  ...about,
});

export const versionMeasures = (
  version: string | VersionId,
  about: Partial<VersionMeasures> = {},
): VersionMeasures => ({
  version: versionId(version),
  requests: [],
  durations: newDurations(),
  attempts: { ok: 0, failed: 0, different: 0 },
  failures: {},
  heads: newDurations(),
  comparisons: { agree: 0, differ: 0, unknown: 0 },
  ejections: 0,
  cookies: 0,
  ...about,
});

export const measures = (
  work: Measures['work'],
  process: Partial<ProcessMeasures> = {},
): Measures => ({ process: processMeasures(process), work });

export function durationsOf(...seconds: readonly number[]): Durations {
  const durations = newDurations();
  for (const each of seconds) timed(durations, each);
  return durations;
}
