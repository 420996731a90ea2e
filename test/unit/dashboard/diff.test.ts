import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  difference,
  folded,
  rowsOf,
  wordParts,
  type Part,
} from '../../../dashboard/src/pure/diff.js';

const shown = (parts: readonly Part[] | undefined): string | undefined =>
  parts?.map(({ text, differs }) => (differs ? `[${text}]` : text)).join('');

const rows = (left: string, right: string) =>
  rowsOf(left, right).map(row => [shown(row.left), shown(row.right)]);

describe('the difference of two texts', () => {
  for (const { left, right, is } of [
    { left: 'a b c', right: 'a b c', is: [['a b c', 'a b c']] },
    { left: 'a b c', right: 'a x c', is: [['a [b] c', 'a [x] c']] }, // a word within a line
    { left: '"n": 12,', right: '"n": 13,', is: [['"n": [12],', '"n": [13],']] }, // its comma stays
    {
      left: 'a\nb\nc',
      right: 'a\nc',
      is: [
        ['a', 'a'],
        ['[b]', undefined],
        ['c', 'c'],
      ],
    }, // a line less
    {
      left: 'a\nc',
      right: 'a\nb\nc',
      is: [
        ['a', 'a'],
        [undefined, '[b]'],
        ['c', 'c'],
      ],
    }, // a line more
    {
      left: 'x 1\ny',
      right: 'x 2\nz\ny',
      is: [
        ['x [1]', 'x [2]'],
        [undefined, '[z]'],
        ['y', 'y'],
      ],
    },
    { left: '', right: 'a', is: [['', '[a]']] },
    { left: '', right: '', is: [['', '']] },
    { left: 'grün', right: 'grau', is: [['[grün]', '[grau]']] }, // letters of any script make a word
    { left: '🙂', right: '🙃', is: [['[🙂]', '[🙃]']] }, // no half of a character is left over
  ]) {
    it(`shows ${JSON.stringify(left)} beside ${JSON.stringify(right)}`, () => {
      expect(rows(left, right)).to.deep.equal(is);
    });
  }

  it('gives every text back, whatever it differs from', () => {
    const text = fc.array(fc.constantFrom('a', 'b', ' ', '\n', '{', '"x"', 'ß'), { maxLength: 60 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        const [left, right] = [one.join(''), other.join('')];
        const all = rowsOf(left, right);
        for (const [side, whole] of [
          ['left', left],
          ['right', right],
        ] as const) {
          const lines = all.flatMap(row => row[side]?.map(({ text: part }) => part).join('') ?? []);
          expect(lines.join('\n')).to.equal(whole);
        }
        expect(all.some(({ differs }) => differs)).to.equal(left !== right);
      }),
    );
  });

  it('leaves no longer common part unfound', () => {
    const piece = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), fc.array(piece, { maxLength: 9 }), (a, b) => {
        const same = difference(a, b).filter(({ kind }) => kind === 'same');
        const found = same.reduce((sum, { pieces }) => sum + pieces.length, 0);
        expect(found).to.equal(longestCommon(a, b));
      }),
    );
  });

  it('takes what is too long to be compared as different whole', () => {
    const [left, right] = ['l', 'r'].map(each =>
      Array.from({ length: 3_000 }, (_, at) => `${each}${at}`),
    );
    const runs = difference(['same', ...left!, 'end'], ['same', ...right!, 'end']);
    expect(runs.map(({ kind, pieces }) => [kind, pieces.length])).to.deep.equal([
      ['same', 1],
      ['left', 3_000],
      ['right', 3_000],
      ['same', 1],
    ]);
  });

  it('leaves out equal lines that are far from what differs, and says how many', () => {
    const text = (at: number) =>
      Array.from({ length: 20 }, (_, line) => (line === at ? 'x' : `${line}`));
    const shortened = (left: readonly string[], right: readonly string[]) =>
      folded(rowsOf(left.join('\n'), right.join('\n'))).map(row =>
        'leftOut' in row ? row.leftOut : shown(row.left),
      );
    expect(shortened(text(10), text(-1))).to.deep.equal([
      7,
      '7',
      '8',
      '9',
      '[x]',
      '11',
      '12',
      '13',
      6,
    ]);
    expect(shortened(text(4), text(-1))).to.deep.equal([
      1,
      '1',
      '2',
      '3',
      '[x]',
      '5',
      '6',
      '7',
      12,
    ]);
    expect(shortened(text(-1), text(-1))).to.have.length(20); // nothing differs: all is shown
    const twice = [...text(3).slice(0, 11), 'x', ...text(-1).slice(12)]; // one line lies between: it stays
    expect(shortened(twice, text(-1)).slice(0, 12)).to.deep.equal([
      '0',
      '1',
      '2',
      '[x]',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
      '10',
      '[x]',
    ]);
  });

  it('marks only the words of a line that differ', () => {
    const { left, right } = wordParts('max-age=60', 'max-age=3600');
    expect([shown(left), shown(right)]).to.deep.equal(['max-age=[60]', 'max-age=[3600]']);
  });
});

/** By trying every choice: slow, and plainly right. */
function longestCommon([first, ...rest]: readonly string[], other: readonly string[]): number {
  if (first === undefined) return 0;
  const at = other.indexOf(first);
  const without = longestCommon(rest, other);
  return at < 0 ? without : Math.max(without, 1 + longestCommon(rest, other.slice(at + 1)));
}
