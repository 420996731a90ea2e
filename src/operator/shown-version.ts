/** What control says, as the operator's side reads it. Unknown fields are left to newer releases. */
import { z } from 'zod';

const sessions = z.object({ count: z.number(), isExact: z.boolean(), endIn: z.number() });

export const shownVersion = z.object({
  id: z.string(),
  version: z.string(),
  servers: z.array(z.object({ ip: z.string(), port: z.number(), zone: z.string().optional() })),
  upgradeTransition: z.looseObject({ mode: z.string() }),
  state: z.string(),
  progress: z.number().optional(),
  because: z.string().optional(),
  sessions: sessions.optional(),
  verdict: z.string().optional(),
  exchanges: z.number().optional(),
});

export type ShownVersion = Readonly<z.output<typeof shownVersion>>;
export type LiveSessions = Readonly<z.output<typeof sessions>>;

const quantiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });

const tally = z.object({
  exchanges: z.number(),
  failed: z.number(),
  failedBy: z.record(z.string(), z.number()),
  different: z.number(),
  repeats: z.number(),
  /** Milliseconds. */
  delay: quantiles.optional(),
  /** Bytes. */
  size: quantiles.optional(),
});

export type ShownTally = Readonly<z.output<typeof tally>>;

const example = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  server: z.string(),
  method: z.string(),
  target: z.string(),
  code: z.string().optional(),
  status: z.number().optional(),
  delay: z.number(),
  bytes: z.number().optional(),
  /** Of answers that differed: where; the dashboard shows both. */
  pair: z.object({ where: z.array(z.string()) }).optional(),
});

export type ShownExample = Readonly<z.output<typeof example>>;

/** By signal: a newer control may know more of them. */
export const why = z.object({
  id: z.string(),
  version: z.string(),
  verdict: z.string(),
  because: z.string(),
  signal: z.string().optional(),
  since: z.string(),
  until: z.string(),
  newer: tally,
  stable: tally,
  typical: tally,
  evidence: z.record(z.string(), z.object({ strength: z.number(), needed: z.number() })),
  examples: z.record(z.string(), z.array(example)),
});

export type Why = Readonly<z.output<typeof why>>;

const event = z.object({
  at: z.string(),
  id: z.string(),
  version: z.string(),
  what: z.string(),
  because: z.string().optional(),
  edition: z.number(),
});

export type ShownEvent = Readonly<z.output<typeof event>>;

export const spread = z.object({
  edition: z.number(),
  leader: z.string().optional(),
  controls: z.array(z.string()).optional(),
  away: z.string().optional(),
});

export type ShownSpread = Readonly<z.output<typeof spread>>;

export const events = z.array(event);
export const shownVersions = z.array(shownVersion);
export const accepted = z.object({ id: z.string(), edition: z.number() });
export const rotated = z.object({ edition: z.number() });
export const refused = z.object({
  error: z.string(),
  problems: z.array(z.object({ message: z.string() })).optional(),
});
