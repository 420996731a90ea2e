/** What holds of the routing table, whatever sequence of changes led to it. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { UpgradeTransition } from '../../../src/config/cluster.js';
import { sessionId, share, versionId } from '../../../src/kernel/ids.js';
import {
  changed,
  firstTable,
  serving,
  type Change,
  type Changed,
  type NewVersion,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';
import { mayServe, stateAfter, type Happening } from '../../../src/versions/version-state.js';
import { newestFirst } from '../../../src/versions/version.js';
import { decided } from '../../../workers/strategies/strategies.js';

const made = (id: string, number: string, transition: UpgradeTransition): NewVersion => ({
  id: versionId(id),
  number,
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition,
});

/** Chooses a version by `at`; one more than there are means one that is not there. */
type Step =
  | { readonly kind: 'add'; readonly number: string; readonly transition: UpgradeTransition }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'servers'; readonly at: number; readonly port: number }
  | { readonly kind: 'happen'; readonly at: number; readonly on: Happening };

const fraction = fc.integer({ min: 0, max: 99 }).map(each => each / 100);
const progress = fraction.map(share);
const at = fc.nat(20);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add'),
    number: fc.constantFrom('0.9', '1', '1.0', '1.9', '1.10', '2', '2.0.0', '3'),
    transition: fc.constantFrom<UpgradeTransition>(
      { mode: 'INSTANT' },
      { mode: 'SESSION', sessionTimeout: 60 },
      { mode: 'GRADUAL', duration: '14d' },
      { mode: 'CONCURRENT' },
    ),
  }),
  fc.record({ kind: fc.constant('remove'), at }),
  fc.record({ kind: fc.constant('servers'), at, port: fc.integer({ min: 1, max: 65_535 }) }),
  fc.record({
    kind: fc.constant('happen'),
    at,
    on: fc.oneof(
      fc.record({ type: fc.constant('pause'), progress }),
      fc.record({ type: fc.constant('advance'), progress }),
      fc.constantFrom<Happening>(
        { type: 'resume' },
        { type: 'promote' },
        { type: 'complete' },
        { type: 'abort' },
        { type: 'demote', because: 'slow' },
      ),
    ),
  }),
);

function changeOf(wanted: Step, table: RoutingTable, count: number): Change {
  if (wanted.kind === 'add') {
    return { kind: 'add', version: made(`v${count}`, wanted.number, wanted.transition) };
  }
  const { versions } = table;
  const id = versions[wanted.at % (versions.length + 1)]?.id ?? versionId('nobody');
  switch (wanted.kind) {
    case 'remove':
      return { kind: 'remove', id };
    case 'servers':
      return { kind: 'servers', id, servers: [{ host: '127.0.0.1', port: wanted.port }] };
    case 'happen':
      return { kind: 'happen', id, on: wanted.on };
  }
}

/** The law of the refusals, said once more and differently. */
function refusalOf(change: Change, { versions }: RoutingTable): string | undefined {
  if (change.kind === 'add') return undefined;
  const target = versions.find(({ id }) => id === change.id);
  if (target === undefined) return 'unknown';
  if (change.kind === 'servers') return undefined; // who may serve is the same as before
  const state = change.kind === 'happen' ? stateAfter(target.state, change.on) : undefined;
  if (change.kind === 'happen' && state === undefined) return 'impossible';
  const others = versions.filter(each => each !== target);
  const left = [...others.map(each => each.state), ...(state === undefined ? [] : [state])];
  return left.some(mayServe) ? undefined : 'nobody-left';
}

/** Every table that a sequence of steps leads to, with the change that led there or was refused. */
function walk(
  steps: readonly Step[],
  see: (before: RoutingTable, change: Change, result: Changed) => void,
): void {
  let table = firstTable(made('v0', '1.0', { mode: 'INSTANT' }));
  for (const [count, each] of steps.entries()) {
    const change = changeOf(each, table, count + 1);
    const result = changed(table, change);
    see(table, change, result);
    if (result.ok) table = result.table;
  }
}

/** Of "v12": when it was added. */
const addedAt = (id: string) => Number(id.slice(1));

describe('whatever is added, removed, or happens', () => {
  const always = (law: Parameters<typeof walk>[1]) => {
    const sequences = fc.array(step, { maxLength: 40, size: 'max' });
    fc.assert(
      fc.property(sequences, steps => walk(steps, law)),
      { numRuns: 300 },
    );
  };

  it('a version may serve', () => {
    always((_, __, result) => {
      if (result.ok) expect(result.table.versions.some(({ state }) => mayServe(state))).to.be.true;
    });
  });

  it('the edition grows by one, and what is refused leaves the table as it was', () => {
    always((before, change, result) => {
      const copy = structuredClone(before);
      const again = changed(before, change);
      expect(again).to.deep.equal(result);
      expect(before).to.deep.equal(copy);
      if (result.ok) expect(result.table.edition).to.equal(before.edition + 1);
    });
  });

  it('only what is unknown, impossible, or leaves nobody is refused', () => {
    always((before, change, result) => {
      expect(result.ok ? undefined : result.refusal.kind).to.equal(refusalOf(change, before));
    });
  });

  it('the newest stands first, and of equal ones the one added later', () => {
    always((_, __, result) => {
      if (!result.ok) return;
      const { versions } = result.table;
      for (const [place, older] of versions.slice(1).entries()) {
        const newer = versions[place]!;
        const order = newestFirst(newer, older) || addedAt(older.id) - addedAt(newer.id);
        expect(order).to.be.below(0);
      }
    });
  });

  it('a change concerns its own version only', () => {
    always((before, change, result) => {
      if (!result.ok) return;
      const concerned = change.kind === 'add' ? change.version.id : change.id;
      const others = ({ versions }: RoutingTable) => versions.filter(({ id }) => id !== concerned);
      expect(others(result.table)).to.deep.equal(others(before));
    });
  });

  it('other servers change nothing but the servers', () => {
    always((before, change, result) => {
      if (!result.ok || change.kind !== 'servers') return;
      const expected = before.versions.map(version =>
        version.id === change.id ? { ...version, servers: change.servers } : version,
      );
      expect(result.table.versions).to.deep.equal(expected);
    });
  });

  it('the table survives JSON', () => {
    always((_, __, result) => {
      if (!result.ok) return;
      expect(JSON.parse(JSON.stringify(result.table))).to.deep.equal(result.table);
    });
  });

  it('a request is routed to versions that exist and may serve', () => {
    const asked = fc.record({ bucket: fraction, progress, of: fc.nat(41) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), asked, (steps, client) => {
        const { bucket, progress, of } = client;
        const version = versionId(`v${of}`); // there, gone, or never been
        const session = { id: sessionId('s'), version, lastSeen: 1_700_000_000, bucket };
        walk(steps, (_, __, result) => {
          if (!result.ok) return;
          const decision = decided({ versions: serving(result.table), session, bucket, progress });
          const named =
            decision.kind === 'one' ? [decision.version] : [decision.newer, decision.older];
          for (const each of named) {
            expect(result.table.versions.includes(each)).to.equal(true);
            expect(mayServe(each.state)).to.equal(true);
          }
        });
      }),
      { numRuns: 300 },
    );
  });
});
