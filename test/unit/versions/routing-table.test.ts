import { expect } from 'chai';
import { share, versionId } from '../../../src/kernel/ids.js';
import {
  changed,
  firstTable,
  isSuperseded,
  serving,
  stableOf,
  upgradeOf,
  type Change,
  type NewVersion,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';
import type { Happening } from '../../../src/versions/version-state.js';

const plain = (id: string, number = id): NewVersion => ({
  id: versionId(id),
  number,
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
});

const add = (id: string, number = id): Change => ({ kind: 'add', version: plain(id, number) });
const remove = (id: string): Change => ({ kind: 'remove', id: versionId(id) });
const happen = (id: string, on: Happening): Change => ({ kind: 'happen', id: versionId(id), on });
const move = (id: string, ...ports: readonly [number, ...number[]]): Change => {
  const [first, ...more] = ports;
  const address = (port: number) => ({ host: '127.0.0.1', port });
  return { kind: 'servers', id: versionId(id), servers: [address(first), ...more.map(address)] };
};
const complete = (id: string) => happen(id, { type: 'complete' });
const pause = (id: string) => happen(id, { type: 'pause', progress: share(0.5) });
const demote = (id: string) => happen(id, { type: 'demote', because: 'slow' });
const abort = (id: string) => happen(id, { type: 'abort' });

/** The table after changes that all succeed. */
const after = (...changes: readonly Change[]): RoutingTable =>
  changes.reduce(
    (table, change) => {
      const result = changed(table, change);
      if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
      return result.table;
    },
    firstTable(plain('1.0')),
  );

/** "2.0 running, 1.0 complete" */
const told = ({ versions }: RoutingTable): string =>
  versions.map(({ id, state }) => `${id} ${state.name}`).join(', ');

describe('firstTable', () => {
  it('has one stable version, and the edition that every other follows', () => {
    const version = plain('1.0');
    expect(firstTable(version)).to.deep.equal({
      edition: 1,
      versions: [{ ...version, state: { name: 'complete' } }],
    });
  });
});

describe('changed', () => {
  for (const { changes, to, why } of [
    { changes: [add('2.0')], to: '2.0 running, 1.0 complete', why: 'an upgrade begins' },
    { changes: [add('0.9')], to: '1.0 complete, 0.9 complete', why: 'older: to fall back on' },
    { changes: [add('b', '1.0')], to: 'b running, 1.0 complete', why: 'equal: the later is newer' },
    { changes: [add('b', '1')], to: 'b running, 1.0 complete', why: 'equal, written differently' },
    {
      changes: [add('1.9'), add('1.10')],
      to: '1.10 running, 1.9 running, 1.0 complete',
      why: 'superseded: stays as it was',
    },
    {
      changes: [add('3.0'), add('2.0')],
      to: '3.0 running, 2.0 paused, 1.0 complete',
      why: 'older than the newest: starts no upgrade',
    },
    {
      changes: [add('2.0'), demote('2.0'), add('1.5')],
      to: '2.0 demoted, 1.5 running, 1.0 complete',
      why: 'the newest that may serve is an older one',
    },
    { changes: [add('2.0'), complete('2.0'), remove('1.0')], to: '2.0 complete', why: 'replaced' },
    { changes: [add('2.0'), remove('2.0')], to: '1.0 complete', why: 'taken away' },
    { changes: [add('2.0'), pause('2.0')], to: '2.0 paused, 1.0 complete', why: 'only that one' },
  ]) {
    it(`makes ${to} (${why})`, () => {
      const table = after(...changes);
      expect(told(table)).to.equal(to);
      expect(table.edition).to.equal(1 + changes.length);
    });
  }

  it('begins an upgrade at nothing', () => {
    expect(after(add('2.0')).versions[0].state).to.deep.equal({ name: 'running', progress: 0 });
  });

  for (const id of ['2.0', '1.0']) {
    it(`gives version ${id} other servers, and leaves it and all others as they were`, () => {
      const before = after(add('2.0'), pause('2.0'));
      const table = after(add('2.0'), pause('2.0'), move(id, 9201, 9202));
      const ports = (each: RoutingTable) =>
        each.versions.map(({ servers }) => servers.map(({ port }) => port));
      const other = [9201, 9202];
      expect(ports(table)).to.deep.equal(id === '2.0' ? [other, [9101]] : [[9101], other]);
      expect(table.edition).to.equal(before.edition + 1);
      const withoutServers = ({ versions }: RoutingTable) =>
        versions.map(version => ({ ...version, servers: [] }));
      expect(withoutServers(table)).to.deep.equal(withoutServers(before));
    });
  }

  it('remembers who owns a version', () => {
    const owned: Change = { kind: 'add', version: { ...plain('2.0'), owner: 'labels' } };
    const table = after(owned, move('2.0', 9201), happen('2.0', { type: 'promote' }));
    expect(table.versions.map(({ owner }) => owner)).to.deep.equal(['labels', undefined]);
  });

  for (const { before, change, kind, why } of [
    { before: [], change: move('9.0', 9201), kind: 'unknown', why: 'no such version' },
    { before: [], change: remove('9.0'), kind: 'unknown', why: 'no such version' },
    { before: [], change: complete('9.0'), kind: 'unknown', why: 'no such version' },
    { before: [], change: remove('1.0'), kind: 'nobody-left', why: 'the only one' },
    {
      before: [add('2.0'), demote('2.0')],
      change: remove('1.0'),
      kind: 'nobody-left',
      why: 'the only one that may serve',
    },
    {
      before: [add('2.0'), remove('1.0')],
      change: abort('2.0'),
      kind: 'nobody-left',
      why: 'nothing to take it back to',
    },
    { before: [], change: pause('1.0'), kind: 'impossible', why: 'it is complete' },
    {
      before: [add('2.0')],
      change: happen('2.0', { type: 'resume' }),
      kind: 'impossible',
      why: 'it runs',
    },
  ]) {
    it(`refuses ${JSON.stringify(change)} as ${kind} (${why})`, () => {
      const result = changed(after(...before), change);
      expect(result).to.have.property('ok', false);
      expect(result).to.have.nested.property('refusal.kind', kind);
    });
  }

  it('says what is not possible', () => {
    expect(changed(after(), pause('1.0'))).to.deep.equal({
      ok: false,
      refusal: {
        kind: 'impossible',
        because: 'version 1.0 is complete: pause is not possible now',
      },
    });
  });
});

describe('serving, stableOf, upgradeOf, isSuperseded', () => {
  for (const { changes, serves, stable, upgrade, superseded } of [
    { changes: [], serves: '1.0', stable: '1.0', upgrade: undefined, superseded: '' },
    { changes: [add('2')], serves: '2 1.0', stable: '1.0', upgrade: '2', superseded: '' },
    {
      changes: [add('2'), pause('2')],
      serves: '2 1.0',
      stable: '1.0',
      upgrade: '2',
      superseded: '',
    },
    {
      changes: [add('2'), demote('2')],
      serves: '1.0',
      stable: '1.0',
      upgrade: undefined,
      superseded: '',
    },
    {
      changes: [add('2'), complete('2')],
      serves: '2 1.0',
      stable: '2',
      upgrade: undefined,
      superseded: '',
    },
    {
      changes: [add('2'), add('3')],
      serves: '3 2 1.0',
      stable: '1.0',
      upgrade: '3',
      superseded: '2',
    },
    {
      changes: [add('2'), add('3'), complete('3')],
      serves: '3 2 1.0',
      stable: '3',
      upgrade: undefined,
      superseded: '2',
    },
    {
      changes: [add('2'), add('3'), abort('3')], // the older upgrade goes on where it was
      serves: '2 1.0',
      stable: '1.0',
      upgrade: '2',
      superseded: '',
    },
    {
      changes: [add('2'), add('3'), remove('1.0')], // none is complete: the oldest
      serves: '3 2',
      stable: '2',
      upgrade: '3',
      superseded: '2',
    },
  ]) {
    it(`${told(after(...changes))}: stable ${stable}, upgrade ${upgrade ?? 'none'}`, () => {
      const table = after(...changes);
      expect(
        serving(table)
          .map(({ number }) => number)
          .join(' '),
      ).to.equal(serves);
      expect(stableOf(table).number).to.equal(stable);
      expect(upgradeOf(table)?.number).to.equal(upgrade);
      const left = table.versions.filter(each => isSuperseded(table, each));
      expect(left.map(({ number }) => number).join(' ')).to.equal(superseded);
    });
  }

  it('falls back on the newest where, against the rules, none may serve', () => {
    const [version] = after().versions;
    const broken: RoutingTable = {
      edition: 7,
      versions: [{ ...version, state: { name: 'aborted' } }],
    };
    expect(serving(broken)).to.deep.equal(broken.versions);
  });
});
