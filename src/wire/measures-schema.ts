/** Measures as a schema: they come over a wire, and control adds up what it believes of them. */
import { z } from 'zod';
import { errorCodes } from '../kernel/errors.js';
import { BOUNDS, type Durations } from '../measures/durations.js';
import {
  MOST_MEASURES,
  requestEnds,
  servedEnds,
  statusClasses,
  strategyLabels,
  type FrontendMeasures,
  type Measures,
  type ProcessMeasures,
  type VersionMeasures,
  type WorkerMeasures,
} from './measures.js';
import { wireVersionId } from './report-schema.js';

const count = z.int().min(0);
const measure = z.number().min(0);

const durations: z.ZodType<Durations> = z.strictObject({
  counts: z.array(count).length(BOUNDS.length + 1),
  sum: measure,
});

const processMeasures: z.ZodType<ProcessMeasures> = z.strictObject({
  period: measure,
  startedAt: measure,
  cpu: measure,
  load: measure,
  memory: measure,
  heap: measure,
  eventLoopDelay: z.strictObject({ p50: measure, p99: measure, max: measure }),
});

const frontendMeasures: z.ZodType<FrontendMeasures> = z.strictObject({
  role: z.literal('frontend'),
  inFlight: count,
  queued: count,
  connections: count,
  workers: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[\w.-]{1,128}$/),
        outstanding: count,
        isDraining: z.boolean(),
      }),
    )
    .max(MOST_MEASURES.workers),
  // Of each combination of labels one: no more can be said.
  requests: z
    .array(z.strictObject({ end: z.enum(requestEnds), status: z.enum(statusClasses), count }))
    .max(requestEnds.length * statusClasses.length),
  durations,
  waits: durations,
  accepted: count,
  refusals: z.partialRecord(z.enum(errorCodes), count),
  lost: z.strictObject({ workers: count, repeated: count, failed: count }),
});

const versionMeasures: z.ZodType<VersionMeasures> = z.strictObject({
  version: wireVersionId,
  requests: z
    .array(
      z.strictObject({
        strategy: z.enum(strategyLabels),
        end: z.enum(servedEnds),
        status: z.enum(statusClasses),
        count,
      }),
    )
    .max(strategyLabels.length * servedEnds.length * statusClasses.length),
  durations,
  attempts: z.strictObject({ ok: count, failed: count, different: count }),
  failures: z.partialRecord(z.enum([...errorCodes, '5xx']), count),
  heads: durations,
  comparisons: z.strictObject({ agree: count, differ: count, unknown: count }),
  ejections: count,
  cookies: count,
});

const workerMeasures: z.ZodType<WorkerMeasures> = z.strictObject({
  role: z.literal('worker'),
  inFlight: count,
  connections: z.strictObject({ busy: count, idle: count }),
  ejected: count,
  versions: z.array(versionMeasures).max(MOST_MEASURES.versions),
});

export const measuresSchema: z.ZodType<Measures> = z.strictObject({
  process: processMeasures,
  work: z.union([frontendMeasures, workerMeasures]),
});
