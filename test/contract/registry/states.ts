/** States that a registry may be asked to keep: two with meaning, and any. */
import fc from 'fast-check';
import type { UpgradeTransition } from '../../../src/config/cluster.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { Stored } from '../../../src/registry/registry.js';
import {
  changed,
  firstTable,
  type Change,
  type NewVersion,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';
import type { Happening } from '../../../src/versions/version-state.js';

const stable: NewVersion = {
  id: versionId('6f0c7a52-8d53-4be6-b65c-5f5f1ddf0d10'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
};

const newer: NewVersion = {
  id: versionId('0b2c4b1e-52a5-45a6-8b1a-0f9c7a4bb1c3'),
  number: '1.10',
  servers: [
    { host: 'app-2.internal', port: 80 },
    { host: '::1', port: 65_535 },
  ],
  transition: { mode: 'SESSION', sessionTimeout: 1800 },
};

const keys = [{ id: 'k1', secret: Buffer.alloc(32, 0xfb).toString('base64') }];

/** One version. */
export const first: Stored = { table: firstTable(stable), keys, configured: 'sha256:1' };

/** An upgrade that was paused, with a second key. */
export const second: Stored = {
  table: {
    edition: 3,
    versions: [
      { ...newer, state: { name: 'paused', progress: share(0.25) } },
      ...first.table.versions,
    ],
  },
  keys: [{ id: 'k2', secret: 'AAEC' }, ...keys],
  configured: 'sha256:2',
};

/** As `second`, a version further. */
export const third: Stored = { ...second, table: { ...second.table, edition: 4 } };

const seconds = fc.double({ min: 0.001, max: 2_147_483, noNaN: true });
const transition: fc.Arbitrary<UpgradeTransition> = fc.oneof(
  fc.constant({ mode: 'INSTANT' as const }),
  fc.record({ mode: fc.constant('SESSION' as const), sessionTimeout: seconds }),
  fc.record(
    {
      mode: fc.constant('GRADUAL' as const),
      percentageTransitionPerRequest: fc.double({ min: 1e-9, max: 100, noNaN: true }),
      sessionTimeout: seconds,
    },
    { requiredKeys: ['mode', 'percentageTransitionPerRequest'] },
  ),
  fc.record({ mode: fc.constant('GRADUAL' as const), duration: fc.constantFrom('14d', '1s') }),
  fc.constant({ mode: 'CONCURRENT' as const }),
);

const server = fc.record({
  host: fc.constantFrom('127.0.0.1', '::1', 'app_1.internal'),
  port: fc.integer({ min: 1, max: 65_535 }),
});

const number = fc
  .array(fc.bigInt({ min: 0n, max: 10n ** 20n }), { minLength: 1, maxLength: 4 })
  .map(parts => parts.join('.'));

const newVersion: fc.Arbitrary<NewVersion> = fc.record({
  id: fc.uuid().map(versionId),
  number,
  servers: fc
    .tuple(server, fc.array(server, { maxLength: 3 }))
    .map(([one, more]) => [one, ...more]),
  transition,
});

const progress = fc.double({ min: 0, max: 1, noNaN: true }).map(share);
/** Whatever a string may hold, halves of surrogate pairs included. */
const because = fc.string({ unit: 'binary' });

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constant('pause' as const), progress }),
  fc.record({ type: fc.constant('pause' as const), progress, because }),
  fc.record({ type: fc.constant('demote' as const), because }),
  fc.record({ type: fc.constant('advance' as const), progress }),
  fc.constantFrom('resume', 'promote', 'complete', 'abort').map(type => ({ type })),
);

/** A change of the version at a place of the table that is there then. */
const step = fc.oneof(
  newVersion.map(version => () => ({ kind: 'add', version }) as const),
  fc.tuple(fc.nat(9), happening).map(([at, on]) => (table: RoutingTable): Change => {
    return { kind: 'happen', id: idAt(table, at), on };
  }),
  fc.nat(9).map(at => (table: RoutingTable): Change => ({ kind: 'remove', id: idAt(table, at) })),
  fc.tuple(fc.nat(9), newVersion).map(([at, { servers }]) => (table: RoutingTable): Change => {
    return { kind: 'servers', id: idAt(table, at), servers };
  }),
);

const idAt = ({ versions }: RoutingTable, at: number) =>
  (versions[at % versions.length] ?? versions[0]).id;

/** Any table that changes lead to. */
const table = fc.tuple(newVersion, fc.array(step, { maxLength: 20 })).map(([version, steps]) =>
  steps.reduce<RoutingTable>((before, make) => {
    const change = make(before);
    if (change.kind === 'add' && before.versions.some(({ id }) => id === change.version.id))
      return before;
    const after = changed(before, change);
    return after.ok ? after.table : before;
  }, firstTable(version)),
);

const key = fc.record({
  id: fc.string({ minLength: 1 }),
  secret: fc.uint8Array({ minLength: 1 }).map(bytes => Buffer.from(bytes).toString('base64')),
});

export const anyState: fc.Arbitrary<Stored> = fc.record({
  table,
  keys: fc.uniqueArray(key, { selector: ({ id }) => id, maxLength: 3 }),
  configured: fc.string({ unit: 'binary' }),
});
