/** The routing table as a schema: it comes from a file, and over a wire, and is believed in neither. */
import { z } from 'zod';
import { cluster } from '../config/cluster.js';
import { host, port, zone } from '../config/values.js';
import { share, versionId } from '../kernel/ids.js';
import { isNonEmpty } from '../kernel/non-empty.js';
import type { RoutingTable } from './routing-table.js';
import { newestFirst, type Version } from './version.js';
import { mayServe, type VersionState } from './version-state.js';

const progress = z.number().min(0).max(1).transform(share);

const state: z.ZodType<VersionState> = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('running'), progress }),
  z.strictObject({ name: z.literal('paused'), progress, because: z.string().optional() }),
  z.strictObject({ name: z.literal('complete') }),
  z.strictObject({ name: z.literal('aborted') }),
  z.strictObject({ name: z.literal('demoted'), because: z.string() }),
]);

const atLeastOne = <Item>(item: z.ZodType<Item>) =>
  z.array(item).transform((list, context) => {
    if (isNonEmpty(list)) return list;
    context.addIssue({ code: 'custom', message: 'at least one' });
    return z.NEVER;
  });

const server = z.strictObject({ host: host(), port: port(), zone: zone().optional() });

const version: z.ZodType<Version> = z.strictObject({
  id: z.string().min(1).transform(versionId),
  number: z.string().regex(/^\d+(\.\d+)*$/),
  servers: atLeastOne(server),
  transition: cluster.shape.upgradeTransition.unwrap(),
  state,
  owner: z.enum(['labels', 'containers']).optional(),
});

export const tableSchema: z.ZodType<RoutingTable> = z.strictObject({
  edition: z.int().min(1),
  versions: atLeastOne(version)
    .refine(hasEachOnce, { error: 'each id once' })
    .refine(isSorted, { error: 'the newest version first' })
    .refine(versions => versions.some(each => mayServe(each.state)), {
      error: 'one version that may serve',
    }),
});

export function hasEachOnce(list: readonly { readonly id: string }[]): boolean {
  return new Set(list.map(({ id }) => id)).size === list.length;
}

function isSorted(versions: readonly Version[]): boolean {
  return versions.every((each, at) => {
    const next = versions[at + 1];
    return next === undefined || newestFirst(each, next) <= 0;
  });
}
