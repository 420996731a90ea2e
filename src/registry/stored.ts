/** What is stored, checked value by value: what is kept may be older than this program, or damaged. */
import { z } from 'zod';
import { hasEachOnce, tableSchema } from '../versions/table-schema.js';
import type { Stored } from './registry.js';

const key = z.strictObject({ id: z.string().min(1), secret: z.base64().min(1) });

export const stored: z.ZodType<Stored> = z.strictObject({
  table: tableSchema,
  keys: z.array(key).refine(hasEachOnce, { error: 'each id once' }),
  configured: z.string(),
});
