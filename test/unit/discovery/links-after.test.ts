import { expect } from 'chai';
import { linksAfter } from '../../../src/discovery/links-after.js';

describe('which links there should be', () => {
  const heard = (address: string) => ({ address, isHeard: true });
  const silent = (address: string) => ({ address, isHeard: false });
  const rows: readonly (readonly [
    held: Parameters<typeof linksAfter>[0],
    wanted: readonly string[],
    add: readonly string[],
    drop: readonly string[],
    meaning: string,
  ])[] = [
    [[], [], [], [], 'none are wanted'],
    [[], ['a', 'b'], ['a', 'b'], [], 'all are new'],
    [[heard('a'), silent('b')], ['a', 'b'], [], [], 'all are there'],
    [[heard('a')], ['a', 'b'], ['b'], [], 'one is new'],
    [[heard('a'), silent('b')], ['a'], [], ['b'], 'one is gone'],
    [[heard('a'), heard('b')], ['a'], [], [], 'one still speaks'],
    [[heard('a')], [], [], [], 'the list is empty, perhaps lost'],
    [[silent('a')], ['a'], [], [], 'a wanted one may be silent'],
    [[heard('a')], ['b'], ['b'], [], 'one comes before the other goes'],
    [[], ['a', 'a'], ['a'], [], 'each once'],
    [[], ['a', 'b', 'c', 'd'], ['a', 'b', 'c'], [], 'no more than so many, the first'],
    [[silent('d')], ['a', 'b', 'c', 'd'], ['a', 'b', 'c'], ['d'], 'and what is too much goes'],
  ];
  for (const [held, wanted, add, drop, meaning] of rows) {
    const shown = held.map(({ address, isHeard }) => `${address}${isHeard ? '' : ' (silent)'}`);
    it(`of ${shown.join(', ') || 'none'}, wanted ${wanted.join(', ') || 'none'}: ${meaning}`, () => {
      expect(linksAfter(held, wanted, 3)).to.deep.equal({ add, drop });
    });
  }
});
