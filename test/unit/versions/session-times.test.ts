import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { changed, firstTable, type NewVersion } from '../../../src/versions/routing-table.js';
import { renewalInterval, timeoutOf } from '../../../src/versions/session-times.js';

const version = (id: string, transition: NewVersion['transition']): NewVersion => ({
  id: versionId(id),
  number: id,
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition,
});

describe('renewalInterval', () => {
  for (const [timeout, interval] of [
    [0.5, 1],
    [10, 1],
    [25, 2],
    [600, 60],
    [1800, 60],
  ] as const) {
    it(`is ${String(interval)} s for a timeout of ${String(timeout)} s`, () =>
      expect(renewalInterval(timeout)).to.equal(interval));
  }
});

describe('timeoutOf', () => {
  const first = firstTable(version('1', { mode: 'SESSION', sessionTimeout: 5 }));
  const after = (...changes: readonly Parameters<typeof changed>[1][]) =>
    changes.reduce((table, change) => {
      const result = changed(table, change);
      if (!result.ok) throw new Error(JSON.stringify(result.refusal));
      return result.table;
    }, first);
  const add = (transition: NewVersion['transition']) =>
    ({ kind: 'add', version: version('2', transition) }) as const;
  const abort = { kind: 'happen', id: versionId('2'), on: { type: 'abort' } } as const;

  it('is what the newest version that may serve says, else the default', () => {
    expect(timeoutOf(first, 9)).to.equal(5);
    expect(timeoutOf(after(add({ mode: 'SESSION', sessionTimeout: 7 })), 9)).to.equal(7);
    expect(timeoutOf(after(add({ mode: 'INSTANT' })), 9)).to.equal(9);
    expect(timeoutOf(after(add({ mode: 'INSTANT' }), abort), 9)).to.equal(5);
  });
});
