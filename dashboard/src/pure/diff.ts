/** Where two texts differ: by lines, and within lines that stand against each other by words. */

/** A run of pieces that are in both, or in one only. */
export interface Run<Piece> {
  readonly kind: 'same' | 'left' | 'right';
  readonly pieces: readonly Piece[];
}

/**
 * Cells of the table that a comparison may fill. What is longer is taken to differ as a whole: what is
 * compared here has a few thousand characters.
 */
const MOST_CELLS = 4_000_000;

/** A shortest way from `left` to `right` by leaving out and putting in (longest common subsequence). */
export function difference(left: readonly string[], right: readonly string[]): Run<string>[] {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    end += 1;
  }
  const runs = new Runs();
  runs.add('same', left.slice(0, start));
  between(left.slice(start, left.length - end), right.slice(start, right.length - end), runs);
  runs.add('same', left.slice(left.length - end));
  return runs.all;
}

/** `longest` at row × width + column: the length of what the rests from there on have in common. */
function between(left: readonly string[], right: readonly string[], runs: Runs): void {
  const width = right.length + 1;
  if ((left.length + 1) * width > MOST_CELLS) {
    runs.add('left', left);
    runs.add('right', right);
    return;
  }
  const longest = commonLengths(left, right);
  const at = (row: number, column: number) => longest[row * width + column] ?? 0;
  let [row, column] = [0, 0];
  while (row < left.length || column < right.length) {
    const [ours, theirs] = [left[row], right[column]];
    if (ours !== undefined && ours === theirs) {
      runs.add('same', [ours]);
      row += 1;
      column += 1;
    } else if (
      theirs === undefined ||
      (ours !== undefined && at(row + 1, column) >= at(row, column + 1))
    ) {
      runs.add('left', [ours ?? '']);
      row += 1;
    } else {
      runs.add('right', [theirs]);
      column += 1;
    }
  }
}

function commonLengths(left: readonly string[], right: readonly string[]): Uint32Array {
  const width = right.length + 1;
  const longest = new Uint32Array((left.length + 1) * width);
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      const at = row * width + column;
      longest[at] =
        left[row] === right[column]
          ? (longest[at + width + 1] ?? 0) + 1
          : Math.max(longest[at + width] ?? 0, longest[at + 1] ?? 0);
    }
  }
  return longest;
}

/** Neighbours of one kind become one run. */
class Runs {
  readonly all: { kind: Run<string>['kind']; pieces: string[] }[] = [];

  add(kind: Run<string>['kind'], pieces: readonly string[]): void {
    if (pieces.length === 0) return;
    const last = this.all.at(-1);
    if (last?.kind === kind) last.pieces.push(...pieces);
    else this.all.push({ kind, pieces: [...pieces] });
  }
}

/** A part of a line. */
export interface Part {
  readonly text: string;
  readonly differs: boolean;
}

/** Two lines that stand against each other; undefined: the other side has no such line. */
export interface Row {
  readonly left: readonly Part[] | undefined;
  readonly right: readonly Part[] | undefined;
  readonly differs: boolean;
}

/** Side by side, line for line. */
export function rowsOf(left: string, right: string): readonly Row[] {
  const rows: Row[] = [];
  let leaving: readonly string[] = [];
  for (const { kind, pieces } of [
    ...difference(left.split('\n'), right.split('\n')),
    { kind: 'same', pieces: [] } as const,
  ]) {
    if (kind === 'left') {
      leaving = pieces;
      continue;
    }
    rows.push(...against(leaving, kind === 'right' ? pieces : []));
    leaving = [];
    if (kind === 'same') rows.push(...pieces.map(unchanged));
  }
  return rows;
}

function unchanged(text: string): Row {
  const parts = [{ text, differs: false }];
  return { left: parts, right: parts, differs: false };
}

function against(left: readonly string[], right: readonly string[]): readonly Row[] {
  const most = Math.max(left.length, right.length);
  return Array.from({ length: most }, (_, at) => {
    const [ours, theirs] = [left[at], right[at]];
    if (ours !== undefined && theirs !== undefined) {
      return { ...wordParts(ours, theirs), differs: true };
    }
    return { left: wholeLine(ours), right: wholeLine(theirs), differs: true };
  });
}

const wholeLine = (text: string | undefined): readonly Part[] | undefined =>
  text === undefined ? undefined : [{ text, differs: true }];

/** Words, runs of blanks, and each other character for itself. */
const words = (text: string): readonly string[] => text.match(/[\p{L}\p{N}_]+|\s+|[^]/gu) ?? [];

/** One line against another. */
export function wordParts(
  left: string,
  right: string,
): Pick<Row, 'left' | 'right'> & {
  readonly left: readonly Part[];
  readonly right: readonly Part[];
} {
  const runs = difference(words(left), words(right));
  const side = (own: 'left' | 'right'): readonly Part[] =>
    runs
      .filter(({ kind }) => kind === 'same' || kind === own)
      .map(({ kind, pieces }) => ({ text: pieces.join(''), differs: kind !== 'same' }));
  return { left: side('left'), right: side('right') };
}

/** Equal lines that are not shown. */
export interface LeftOut {
  readonly leftOut: number;
}

/** Lines that are shown before and behind what differs. */
const CONTEXT = 3;

/** Without the equal lines that are far from any difference; all of them, where nothing differs. */
export function folded(rows: readonly Row[]): readonly (Row | LeftOut)[] {
  const near = new Set<number>();
  rows.forEach(({ differs }, at) => {
    if (!differs) return;
    for (let each = at - CONTEXT; each <= at + CONTEXT; each++) near.add(each);
  });
  if (near.size === 0) return rows;
  const shown: (Row | LeftOut)[] = [];
  let leftOut = 0;
  rows.forEach((row, at) => {
    // A note takes a line itself: one line alone is shown.
    const isAlone = near.has(at - 1) && near.has(at + 1);
    if (!near.has(at) && !isAlone) {
      leftOut += 1;
      return;
    }
    if (leftOut > 0) shown.push({ leftOut });
    leftOut = 0;
    shown.push(row);
  });
  return leftOut > 0 ? [...shown, { leftOut }] : shown;
}
