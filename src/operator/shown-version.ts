/** What control says of a version, as the operator's side reads it. Unknown fields are left to newer releases. */
import { z } from 'zod';

export const shownVersion = z.object({
  id: z.string(),
  version: z.string(),
  servers: z.array(z.object({ ip: z.string(), port: z.number() })),
  upgradeTransition: z.object({ mode: z.string() }),
  state: z.string(),
  progress: z.number().optional(),
  because: z.string().optional(),
});

export type ShownVersion = Readonly<z.output<typeof shownVersion>>;

export const shownVersions = z.array(shownVersion);
export const accepted = z.object({ id: z.string(), edition: z.number() });
export const refused = z.object({
  error: z.string(),
  problems: z.array(z.object({ message: z.string() })).optional(),
});
