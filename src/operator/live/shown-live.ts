/** What the view needs of `GET /live`. Unknown fields are left to newer releases. */
import { z } from 'zod';
import { shownVersion } from '../shown-version.js';

const version = shownVersion.extend({
  /** Percent of the requests of the last ten seconds. */
  share: z.number().optional(),
  /** Each second; missing where control does not tell. */
  requests: z.number().optional(),
  failures: z.number().optional(),
  rescues: z.number().optional(),
  /** Milliseconds. */
  delay: z.object({ p99: z.number() }).optional(),
});

const livePart = z.object({
  name: z.string(),
  requests: z.number(),
  inFlight: z.number(),
  queued: z.number(),
  connections: z.number(),
  cpu: z.number(),
  memory: z.number(),
  eventLoopDelay: z.number(),
});

export const shownLive = z.object({
  versions: z.array(version),
  upgrade: z
    .object({
      id: z.string(),
      points: z.array(z.object({ strength: z.number() })),
    })
    .optional(),
  processes: z.array(livePart),
});

export type ShownLive = Readonly<z.output<typeof shownLive>>;
export type LiveVersion = ShownLive['versions'][number];
export type LiveProcess = ShownLive['processes'][number];
