import { expect } from 'chai';
import fc from 'fast-check';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { NumberTable } from '../../../src/kernel/number-table.js';

interface Named {
  readonly name: number;
}

/** What is done to one key. */
type Step = readonly [deed: 'set' | 'delete' | 'get' | 'clear', key: number];

const keys = fc.oneof(
  fc.nat({ max: 40 }), // one after another
  fc.nat({ max: 0xffff_ffff }), // of a STREAM connection
  fc.integer({ min: 2 ** 40, max: 2 ** 40 + 20 }),
  fc.nat({ max: 20 }).map(n => n * 2 ** 16), // with nothing in their lower bits
);
const deeds = fc.constantFrom<Step[0]>('set', 'set', 'set', 'delete', 'delete', 'get');
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.tuple(fc.oneof({ weight: 60, arbitrary: deeds }, fc.constant<Step[0]>('clear')), keys),
  { maxLength: 400 },
);

describe('a table by number', () => {
  it('holds what a Map would hold, whatever is done to it', () => {
    fc.assert(
      fc.property(steps, all => {
        const table = new NumberTable<number, Named>();
        const map = new Map<number, Named>();
        all.forEach(([deed, key], name) => {
          if (deed === 'clear') {
            table.clear();
            map.clear();
          } else if (deed === 'set') {
            table.set(key, { name });
            map.set(key, { name });
          } else if (deed === 'delete') {
            expect(table.delete(key)).to.equal(map.delete(key));
          }
          expect(table.get(key)).to.deep.equal(map.get(key));
          expect(table.size).to.equal(map.size);
        });
        for (const [key, value] of map) expect(table.get(key)).to.deep.equal(value);
        const byName = (a: Named, b: Named) => a.name - b.name;
        expect(table.values().toSorted(byName)).to.deep.equal([...map.values()].toSorted(byName));
      }),
    );
  });

  it('finds those that were looked for at the same place, whichever of them goes first', () => {
    for (const gone of [0, 1, 2]) {
      const table = new NumberTable<number, Named>();
      const same = [0, 1, 2].map(n => n * 2 ** 32); // equal in their lower 32 bits
      for (const key of same) table.set(key, { name: key });
      const [first] = same.splice(gone, 1);
      expect(table.delete(first ?? NaN)).to.equal(true);
      for (const key of same) expect(table.get(key)?.name).to.equal(key);
    }
  });

  it('can be changed by whoever goes through its values', () => {
    const table = new NumberTable<number, Named>();
    for (let name = 0; name < 100; name++) table.set(name, { name });
    const seen = table.values().map(({ name }) => {
      table.delete(name);
      table.set(1000 + name, { name: 1000 + name });
      return name;
    });
    expect(seen).to.have.length(100);
    expect(table.values().every(({ name }) => name >= 1000)).to.equal(true);
  });

  it('keeps nothing of what was deleted, also when it has grown old itself', async () => {
    const url = new URL('../../../src/kernel/number-table.js', import.meta.url).href;
    const args = ['--expose-gc', '--input-type=module', '-e', churn, url];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [before, after] = JSON.parse(stdout) as [number, number];
    expect(after - before, 'bytes in the old space').to.be.below(1024 * 1024); // a Map: thirty times that
  });
});

/** Some hundred thousand come and go, 25 at a time, 200 bytes each. Says how full the space of old objects was and is. */
const churn = `
  import { getHeapSpaceStatistics } from 'node:v8';
  const { NumberTable } = await import(process.argv[1]);
  const old = () => getHeapSpaceStatistics().find(space => space.space_name === 'old_space').space_used_size;
  const table = new NumberTable();
  table.set(0, {});
  for (let n = 0; n < 4; n++) gc({ type: 'minor' });
  const before = old();
  let last = 0;
  for (let round = 0; round < 20_000; round++) {
    const first = last;
    while (last < first + 1 + ((round * 7919) % 25)) table.set((last += 1), new Array(20).fill(round));
    for (let n = first; n <= last; n++) table.delete(n);
  }
  console.log(JSON.stringify([before, old()]));
`;
