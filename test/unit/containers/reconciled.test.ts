/** Containers and a routing table → the changes that follow. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Container } from '../../../src/containers/engine.js';
import { grouped } from '../../../src/containers/groups.js';
import { reconciled, type Reconciled } from '../../../src/containers/reconciled.js';
import { stageOf } from '../../../src/containers/stage.js';
import { versionId } from '../../../src/kernel/ids.js';
import {
  changed,
  firstTable,
  type Change,
  type NewVersion,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';
import { newestFirst } from '../../../src/versions/version.js';
import { around, container } from './stand.js';

const OWNER = 'this-one';
const first: NewVersion = {
  id: versionId('by-hand'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9001 }],
  transition: { mode: 'INSTANT' },
};

/** What became of one look. `ready`: containers without a health check accept. */
function look(
  table: RoutingTable,
  containers: readonly Container[],
  leaving: readonly string[] = [],
) {
  const groups = grouped(containers, {
    owner: OWNER,
    around,
    stageOf: each => stageOf(each, { isLeaving: leaving.includes(each.name), accepts: true }),
  });
  let ids = 0;
  const newId = () => versionId(`new-${table.edition}-${(ids += 1)}`);
  const { changes, sayings } = reconciled(table, groups, newId);
  let now = table;
  const refused: Change[] = [];
  for (const change of changes) {
    const result = changed(now, change);
    if (result.ok) now = result.table;
    else refused.push(change);
  }
  const said = [...groups.sayings, ...sayings].map(({ about, says }) => `${about}: ${says}`);
  return { table: now, changes, said, refused };
}

/** "2.0 running 9001 9002, 1.0 complete 9001" */
const told = ({ versions }: RoutingTable) =>
  versions
    .map(({ number, state, servers }) => [number, state.name, ...servers.map(({ port }) => port)])
    .map(words => words.join(' '))
    .join(', ');

const labels = (version: string, more: Readonly<Record<string, string>> = {}) => ({
  labels: { 'cutover.version': version, 'cutover.port': '8080', ...more },
});
const session = { 'cutover.mode': 'SESSION', 'cutover.sessionTimeout': '60' };

const after = (...changes: readonly Change[]): RoutingTable =>
  changes.reduce((table, change) => {
    const result = changed(table, change);
    return result.ok ? result.table : expect.fail(JSON.stringify(result.refusal));
  }, firstTable(first));

describe('reconciled', () => {
  it('makes one cluster of all containers of a version, in the order in which they were created', () => {
    const { table, changes } = look(firstTable(first), [container(2), container(1), container(3)]);
    expect(told(table)).to.equal('2.0 running 9001 9002 9003, 1.0 complete 9001');
    expect(table.versions[0]).to.include({ owner: 'labels' });
    expect(changes).to.have.length(1);
  });

  it('says of servers where their labels say that they stand', () => {
    const { table } = look(firstTable(first), [
      container(1, labels('2.0', { 'cutover.zone': 'a' })),
      container(2),
    ]);
    expect(table.versions[0].servers.map(({ zone }) => zone)).to.deep.equal(['a', undefined]);
  });

  it('changes nothing the second time', () => {
    const containers = [container(1), container(2)];
    const { table } = look(firstTable(first), containers);
    expect(look(table, containers).changes).to.deep.equal([]);
  });

  it('takes the transition of the container that was created first, and says who disagrees', () => {
    const { table, said } = look(firstTable(first), [
      container(2),
      container(1, labels('2.0', session)),
    ]);
    expect(table.versions[0].transition).to.deep.equal({ mode: 'SESSION', sessionTimeout: 60 });
    expect(said).to.deep.equal([
      'web-2: its labels say otherwise than those of web-1 how users move to 2.0: web-1 counts',
    ]);
  });

  it('gives a version the servers that come, and takes those that go, whatever its state', () => {
    const start = look(firstTable(first), [container(1)]).table;
    const { id } = start.versions[0];
    const paused = changed(start, {
      kind: 'happen',
      id,
      on: { type: 'pause', progress: 0 as never },
    });
    if (!paused.ok) expect.fail('it can be paused');
    const more = look(paused.table, [container(1), container(2)]).table;
    expect(told(more)).to.equal('2.0 paused 9001 9002, 1.0 complete 9001');
    expect(told(look(more, [container(1), container(2)], ['web-1']).table)).to.equal(
      '2.0 paused 9002, 1.0 complete 9001',
    );
  });

  it('leaves out at once what was told to end, is not healthy, or has crashed beside others', () => {
    const all = [1, 2, 3, 4].map(at => container(at));
    const start = look(firstTable(first), all).table;
    const then = [
      container(1),
      container(2, { health: 'unhealthy' }),
      container(3, { status: 'exited', exitCode: 1 }),
      container(4),
    ];
    expect(told(look(start, then, ['web-1']).table)).to.equal(
      '2.0 running 9004, 1.0 complete 9001',
    );
  });

  it('keeps a version all of whose containers crashed or are not well: it is judged by that', () => {
    const start = look(firstTable(first), [container(1), container(2)]).table;
    const { changes, said } = look(start, [
      container(1, { status: 'exited', exitCode: 1 }),
      container(2, { health: 'unhealthy' }),
    ]);
    expect(changes).to.deep.equal([]);
    expect(said).to.deep.equal([
      'version 2.0: none of its containers is ready (web-1, web-2); what they fail is rescued',
    ]);
  });

  it('removes a version with its last container, and keeps it where nobody else may serve', () => {
    const start = look(firstTable(first), [container(1)]).table;
    expect(told(look(start, []).table)).to.equal('1.0 complete 9001');
    const alone = changed(start, { kind: 'remove', id: first.id });
    if (!alone.ok) expect.fail('2.0 may serve');
    const { table, refused } = look(alone.table, []);
    expect(told(table)).to.equal('2.0 running 9001');
    expect(refused).to.have.length(1);
  });

  it('keeps a version while its last container was told to end and runs on, and adds none of these', () => {
    const containers = [container(1)];
    const start = look(firstTable(first), containers).table;
    expect(look(start, containers, ['web-1'])).to.deep.include({ changes: [], said: [] });
    const ended = [container(1, { status: 'exited', exitCode: 1 })];
    expect(told(look(start, ended, ['web-1']).table)).to.equal('1.0 complete 9001');
    const { changes, said } = look(firstTable(first), containers, ['web-1']);
    expect({ changes, said }).to.deep.equal({ changes: [], said: [] });
  });

  for (const verb of ['demote', 'abort'] as const) {
    it(`does not add again what was taken back (${verb}), and removes it when its containers go`, () => {
      const start = look(firstTable(first), [container(1)]).table;
      const { id } = start.versions[0];
      const on = verb === 'abort' ? { type: verb } : { type: verb, because: 'slow' };
      const back = changed(start, { kind: 'happen', id, on });
      if (!back.ok) expect.fail('it can be taken back');
      const { table, changes } = look(back.table, [container(1)]);
      expect(changes).to.deep.equal([]);
      expect(told(look(table, [container(1), container(2)]).table)).to.match(
        /^2.0 (demoted|aborted) 9001 9002, /,
      );
      expect(told(look(table, []).table)).to.equal('1.0 complete 9001');
    });
  }

  it('leaves alone what operators added, and says why its containers are left out', () => {
    const { table, said } = look(firstTable(first), [container(1, labels('1'))]);
    expect(table).to.deep.equal(firstTable(first));
    expect(said).to.deep.equal([
      'version 1: it was added by hand: containers with its label are left out until it is ' +
        'removed; or give them another version',
    ]);
  });

  it('takes versions that are equal for one: 2, 2.0 and 02.00', () => {
    const containers = [container(1), container(2, labels('2')), container(3, labels('02.00'))];
    expect(told(look(firstTable(first), containers).table)).to.equal(
      '2.0 running 9001 9002 9003, 1.0 complete 9001',
    );
  });

  it('leaves out a container whose labels are wrong, and goes on with the others', () => {
    const { table, said } = look(firstTable(first), [
      container(1, labels('2.0', { 'cutover.mod': 'SESSION' })),
      container(2),
    ]);
    expect(told(table)).to.equal('2.0 running 9002, 1.0 complete 9001');
    expect(said).to.deep.equal([
      'web-1: left out: label cutover.mod is unknown; is cutover.mode meant?',
    ]);
  });

  it('waits for a version none of whose containers is ready yet', () => {
    const { changes, said } = look(firstTable(first), [container(1, { health: 'starting' })]);
    expect(changes).to.deep.equal([]);
    expect(said).to.deep.equal(['version 2.0: waiting for web-1']);
  });

  describe('of containers that control started', () => {
    const own = { 'cutover.owner': OWNER, 'cutover.cluster': 'started' };
    const start = after({
      kind: 'add',
      version: {
        id: versionId('started'),
        number: '3.0',
        servers: [{ host: '127.0.0.1', port: 9007 }],
        transition: { mode: 'INSTANT' },
        owner: 'containers',
      },
    });

    it('follows where they are after a restart', () => {
      const { table } = look(start, [container(1, labels('3.0', own))]);
      expect(told(table)).to.equal('3.0 running 9001, 1.0 complete 9001');
    });

    it('keeps their cluster while the last of them was told to end and runs on', () => {
      const { changes } = look(start, [container(1, labels('3.0', own))], ['web-1']);
      expect(changes).to.deep.equal([]);
    });

    it('makes no version of those whose cluster is not there, nor of those of another Cutover', () => {
      const stranger = { 'cutover.owner': 'another', 'cutover.cluster': 'started' };
      expect(look(firstTable(first), [container(1, labels('3.0', own))]).changes).to.deep.equal([]);
      const { changes } = look(start, [
        container(1, labels('3.0', own)),
        container(2, labels('3.0', stranger)),
      ]);
      expect(changes).to.deep.equal([
        { kind: 'servers', id: 'started', servers: [{ host: '127.0.0.1', port: 9001 }] },
      ]);
    });
  });

  it('holds for whatever containers do: one look more changes nothing, and hands stay off hands', () => {
    const some = fc.record({
      at: fc.nat(6),
      version: fc.constantFrom('0.9', '1', '2', '2.0', '3'),
      status: fc.constantFrom('running', 'exited', 'restarting', 'paused', 'created'),
      health: fc.constantFrom('none', 'healthy', 'unhealthy'),
      exitCode: fc.constantFrom(0, 1, 143),
      isStarted: fc.boolean(),
    });
    const happening = fc.record({
      at: fc.nat(5),
      type: fc.constantFrom('promote', 'abort', 'demote', 'remove', 'none'),
    });
    const steps = fc.array(
      fc.tuple(fc.uniqueArray(some, { selector: ({ at }) => at }), happening),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(steps, all => {
        let table = firstTable(first);
        for (const [containers, { at, type }] of all) {
          const seen = containers.map(({ at: n, version, isStarted, ...about }) =>
            container(n, {
              ...about,
              ...labels(
                version,
                isStarted ? { 'cutover.owner': OWNER, 'cutover.cluster': 'c' } : {},
              ),
            }),
          );
          const step = look(table, seen);
          check(table, step.table, step.changes);
          const again = look(step.table, seen);
          expect(again.changes).to.deep.equal(step.refused, 'a look more');
          table = step.table;
          const target = table.versions[at % table.versions.length]!;
          const change: Change | undefined =
            type === 'none'
              ? undefined
              : type === 'remove'
                ? { kind: 'remove', id: target.id }
                : {
                    kind: 'happen',
                    id: target.id,
                    on: type === 'demote' ? { type, because: 'slow' } : { type },
                  };
          const result = change && changed(table, change);
          if (result?.ok === true) table = result.table;
        }
      }),
      { numRuns: 300 },
    );

    function check(before: RoutingTable, now: RoutingTable, changes: Reconciled['changes']) {
      const hands = ({ versions }: RoutingTable) =>
        versions.filter(({ owner }) => owner === undefined);
      expect(hands(now)).to.deep.equal(hands(before), 'of operators');
      for (const one of now.versions) {
        if (one.owner !== 'labels') continue;
        const equal = now.versions.filter(each => newestFirst(each, one) === 0);
        expect(equal.filter(({ owner }) => owner === 'labels')).to.have.length(1);
      }
      for (const { id, state } of now.versions) {
        const former = before.versions.find(each => each.id === id);
        if (former !== undefined) expect(state).to.deep.equal(former.state, 'no state is touched');
      }
      expect(changes.every(({ kind }) => kind !== ('happen' as never))).to.equal(true);
    }
  });
});
