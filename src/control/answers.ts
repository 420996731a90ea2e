/** How the answers of the REST API look: schemas for its OpenAPI document. */
import { z } from 'zod';
import { cluster } from '../config/cluster.js';
import { signals } from '../verdict/signals.js';

const count = z.int().min(0);
const time = z.iso.datetime().describe('ISO 8601');
const verdict = z.enum(['healthy', 'inconclusive', 'unhealthy']);
const bySignal = <Value extends z.ZodType>(value: Value) => z.record(z.enum(signals), value);

export const alive = z.strictObject({ alive: z.literal(true) });
export const ready = z.strictObject({ ready: z.literal(true) });

export const error = z.strictObject({
  error: z.string(),
  problems: z
    .array(
      z.strictObject({
        path: z.string(),
        expected: z.string(),
        given: z.string(),
        message: z.string(),
      }),
    )
    .optional(),
});

export const rotated = z.strictObject({ edition: count });
export const accepted = rotated.extend({ id: z.string() });

export const spread = z.strictObject({
  edition: count.describe('of the newest routing table'),
  followers: count,
  acknowledged: count.describe('followers that have this edition'),
  workers: count.describe('followers that are workers'),
  leader: z
    .string()
    .describe(
      'of several controls (registry.kind etcd) the one that acts; missing: none does, or it is not known',
    )
    .optional(),
  controls: z.array(z.string()).describe('of several controls those that live').optional(),
  away: z
    .string()
    .describe('of several controls: why the registry cannot be reached, and nothing be changed')
    .optional(),
});

export const sessions = z.strictObject({
  count,
  isExact: z.boolean().describe('false: told from a sample, to about 3 %'),
  endIn: z.number().describe('seconds until the last one ends at the latest'),
});

export const version = z.strictObject({
  id: z.string(),
  version: z.string(),
  servers: z.array(z.strictObject({ ip: z.string(), port: z.int(), zone: z.string().optional() })),
  upgradeTransition: cluster.shape.upgradeTransition.unwrap(),
  state: z.enum(['running', 'paused', 'complete', 'aborted', 'demoted', 'superseded']),
  progress: z.number().describe('GRADUAL: percent of new sessions').optional(),
  because: z.string().describe('why it was paused or demoted').optional(),
  sessions: sessions.optional(),
  verdict: verdict.optional(),
  exchanges: count.describe('what the verdict is drawn from').optional(),
  owner: z
    .enum(['labels', 'containers'])
    .describe('its servers are containers with its label, or that control started')
    .optional(),
});

const quantiles = z.strictObject({ p50: z.number(), p95: z.number(), p99: z.number() });

const tally = z.strictObject({
  exchanges: count,
  failed: count,
  failedBy: z.record(z.string(), count),
  different: count,
  repeats: count.describe('attempts after the first'),
  delay: quantiles.describe('milliseconds').optional(),
  size: quantiles.describe('bytes').optional(),
});

const excerpt = z.strictObject({
  status: z.int(),
  fields: z.array(z.tuple([z.string(), z.string()])).describe('names in lower case, and values'),
  body: z.string().describe('around the first difference; missing: no text').optional(),
  skipped: count.describe('characters before that'),
  bytes: count.describe('of the whole body'),
});

const pair = z.strictObject({
  where: z.array(z.string()).describe('JSON pointers, names of fields, status, or body'),
  newer: excerpt,
  older: excerpt,
});

const example = z.strictObject({
  at: z.number().describe('milliseconds since 1970'),
  version: z.string().describe('its id'),
  server: z.string(),
  route: z.string(),
  method: z.string(),
  target: z.string().describe('without secrets'),
  outcome: z.enum(['ok', 'failed', 'different']),
  code: z.string().optional(),
  status: z.int().optional(),
  delay: z.number().describe('milliseconds'),
  bytes: count.optional(),
  attempt: z.int().min(1),
  pair: pair.describe('of answers that differed, without what looks like a secret').optional(),
});

export const why = z.strictObject({
  id: z.string(),
  version: z.string(),
  verdict,
  because: z.string(),
  signal: z.enum(signals).describe('what it was concluded from').optional(),
  since: time,
  until: time,
  newer: tally,
  stable: tally,
  typical: tally.describe('the stable version before the upgrade, or until now'),
  evidence: bySignal(z.strictObject({ strength: z.number(), needed: z.number() })).describe(
    'that the newer version is worse; at needed it is unhealthy',
  ),
  examples: bySignal(z.array(example)),
});

export const event = z.strictObject({
  at: time,
  id: z.string(),
  version: z.string(),
  what: z.string().describe('added, removed, paused, demoted …'),
  because: z.string().optional(),
  edition: count.describe('of the routing table from then on'),
});

const recently = {
  requests: z.number().describe('of the last ten seconds, each second'),
  failures: z.number(),
  rescues: z.number(),
};

const rates = z.strictObject({ requests: z.number(), failures: z.number(), rescues: z.number() });

const point = z.strictObject({
  at: z.number().describe('milliseconds since 1970'),
  share: z.number().describe('percent: of new sessions for GRADUAL, else of requests'),
  strength: z.number().min(0).max(1).describe('at 1 it is unhealthy'),
  verdict,
  newer: rates.describe('each second since the point before'),
  stable: rates,
});

const parts = z.array(z.number().min(0).max(1));
const distribution = z
  .strictObject({
    from: z.array(z.number()).describe('where each bar begins, ascending; the first perhaps at 0'),
    newer: parts,
    stable: parts,
  })
  .describe('parts of the whole, one for each bar');

const upgrade = z.strictObject({
  id: z.string(),
  version: z.string(),
  stable: z.strictObject({ id: z.string(), version: z.string() }).optional(),
  points: z.array(point).max(600).describe('oldest first; thinned out as the upgrade goes on'),
  events: z.array(event).describe('what happened to it, oldest first'),
  delay: distribution,
  size: distribution,
  why: why.optional(),
});

const liveProcess = z.strictObject({
  name: z.string(),
  role: z.enum(['frontend', 'worker', 'control']),
  edition: count.describe('of the routing table that it has').optional(),
  requests: z.number().describe('each second'),
  inFlight: z.number(),
  queued: z.number(),
  connections: z.number(),
  cpu: z.number().describe('of one core'),
  memory: z.number().describe('bytes, resident'),
  eventLoopDelay: z.number().describe('milliseconds, 99th percentile'),
});

export const live = z.strictObject({
  at: time,
  release: z.string(),
  policy: z.enum(['rollback', 'freeze', 'alert']),
  spread,
  versions: z
    .array(
      version.extend({
        share: z.number().describe('percent of the requests of the last ten seconds').optional(),
        ...recently,
        delay: quantiles.describe('milliseconds').optional(),
      }),
    )
    .describe('newest first'),
  upgrade: upgrade.describe('under way, or the last one; since control began').optional(),
  processes: z.array(liveProcess),
  events: z.array(event).describe('the last hundred, newest first'),
});
