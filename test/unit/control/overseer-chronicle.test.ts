import { expect } from 'chai';
import { Chronicle, eventsBetween, MOST_EVENTS } from '../../../src/control/chronicle.js';
import { share } from '../../../src/kernel/ids.js';
import {
  changed,
  firstTable,
  type Change,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';
import type { Happening } from '../../../src/versions/version-state.js';
import { v1, v2, versionOf } from './overseer-world.js';

const after = (table: RoutingTable, change: Change): RoutingTable => {
  const result = changed(table, change);
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.table;
};
const first = firstTable(versionOf(v1, { mode: 'INSTANT' }));
const added: Change = { kind: 'add', version: versionOf(v2, { mode: 'INSTANT' }) };
const happens = (on: Happening): Change => ({ kind: 'happen', id: v2, on });
const at = '2030-01-01T00:00:00.000Z';

const pause = happens({ type: 'pause', progress: share(0.5) });
const freeze = happens({ type: 'pause', progress: share(0.5), because: 'it fails' });
const demote = happens({ type: 'demote', because: 'it fails' });
const resume = happens({ type: 'resume' });
const abort = happens({ type: 'abort' });
const complete = happens({ type: 'complete' });

describe('events of versions', () => {
  const told = (hasSeenEnd: boolean, ...changes: readonly Change[]) => {
    const before = changes.slice(0, -1).reduce(after, first);
    const last = changes.at(-1);
    const now = last === undefined ? before : after(before, last);
    return eventsBetween(before, now, { at, hasSeenEnd: () => hasSeenEnd });
  };
  const whats = (...changes: readonly Change[]) =>
    told(false, ...changes).map(({ what, because }) => [what, because]);

  for (const [expected, changes] of [
    [['added', undefined], [added]],
    [
      ['removed', undefined],
      [added, demote, { kind: 'remove', id: v2 }],
    ],
    [
      ['paused', undefined],
      [added, pause],
    ],
    [
      ['paused', 'it fails'],
      [added, freeze],
    ],
    [
      ['resumed', undefined],
      [added, pause, resume],
    ],
    [
      ['aborted', undefined],
      [added, abort],
    ],
    [
      ['resumed', undefined],
      [added, abort, resume],
    ],
    [
      ['demoted', 'it fails'],
      [added, demote],
    ],
    [
      ['aborted', undefined],
      [added, demote, abort],
    ],
    [
      ['promoted', undefined],
      [added, happens({ type: 'promote' })],
    ],
  ] as const) {
    it(`tells ${expected.join(', because ')} after ${String(changes.length)} changes`, () => {
      expect(whats(...changes)).to.deep.equal([expected]);
    });
  }

  it('tells an end that control has seen from one that somebody wanted', () => {
    expect(told(true, added, complete).map(({ what }) => what)).to.deep.equal(['completed']);
    expect(told(true, added, pause, resume)[0]?.what).to.equal('resumed');
  });

  it('tells nothing of a share that grows, and nothing where nothing happened', () => {
    expect(whats(added, happens({ type: 'advance', progress: share(0.5) }))).to.deep.equal([]);
    expect(whats()).to.deep.equal([]);
  });

  it('says when, of which version, and from which edition on', () => {
    expect(told(false, added)).to.deep.equal([
      { at, id: v2, version: '2.0', what: 'added', edition: 2 },
    ]);
  });
});

describe('a chronicle', () => {
  const event = (n: number) => ({ at, id: v1, version: '1.0', what: 'added', edition: n });

  it('keeps the last events, newest first, and tells each once', () => {
    const chronicle = new Chronicle();
    chronicle.add([event(1), event(2)]);
    expect(chronicle.news().map(({ edition }) => edition)).to.deep.equal([1, 2]);
    expect(chronicle.news()).to.deep.equal([]);
    for (let n = 3; n <= MOST_EVENTS + 5; n++) chronicle.add([event(n)]);
    const editions = chronicle.events.map(({ edition }) => edition);
    expect(editions).to.deep.equal(
      Array.from({ length: MOST_EVENTS }, (_, n) => MOST_EVENTS + 5 - n),
    );
    expect(chronicle.news()).to.have.lengthOf(MOST_EVENTS);
  });
});
