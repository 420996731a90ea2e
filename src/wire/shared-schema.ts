/** What workers share, as schemas: it comes over a wire. */
import { z } from 'zod';
import { LONGEST_SERVER, wireShare, wireVersionId } from './report-schema.js';
import { MOST_SHARED_SERVERS, type Shared, type Standing } from './shared.js';

const serverOf = {
  version: wireVersionId,
  server: z.string().min(1).max(LONGEST_SERVER),
};

const serverOut = { ...serverOf, ms: z.number().min(0) };

export const standingSchema: z.ZodType<Standing> = z.strictObject({
  part: wireShare,
  used: wireShare,
  wants: z.boolean(),
  out: z.array(z.strictObject(serverOut)).max(MOST_SHARED_SERVERS),
  uses: z.array(z.strictObject(serverOf)).max(MOST_SHARED_SERVERS),
});

export const sharedSchema: z.ZodType<Shared> = z.strictObject({
  part: wireShare,
  servers: z.union([
    z.array(z.strictObject({ ...serverOut, isOut: z.boolean() })).max(MOST_SHARED_SERVERS),
    z.undefined(),
  ]),
});
