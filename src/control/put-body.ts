import type { z } from 'zod';
import { cluster } from '../config/cluster.js';
import { section } from '../config/values.js';

/** The body of `PUT /configuration/cluster`: one schema for checking it and for telling how it looks. */
export const putBody = section({ cluster });

export type PutBody = z.output<typeof putBody>;
