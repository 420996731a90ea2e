/** Text in tones, and tables of it that fit a width. Pure. */

export type Tone = 'plain' | 'bold' | 'dim' | 'good' | 'busy' | 'bad';

export interface Cell {
  readonly tone: Tone;
  readonly text: string;
}

export type Line = readonly Cell[];

export const tone = (as: Tone, text: string): Cell => ({ tone: as, text: narrow(text) });

/**
 * A terminal obeys control characters, and characters that take two columns, or none, would push others out of
 * theirs: what is left is Latin, and what we draw with.
 */
const narrow = (text: string) => text.replace(/[^\u0020-\u007e\u00a1-\u00ff█░…]/gu, '?');

export interface Column<Row> {
  readonly title: string;
  /** Columns with the least go first where there is no room. */
  readonly keep: number;
  /** Numbers. */
  readonly right?: boolean;
  readonly cell: (row: Row) => Cell;
}

const GAP = '  ';

/** A line of titles, and one for each row. */
export function columnsWithin<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): readonly Line[] {
  const laid = columns.map(column => laidOut(column, rows));
  const total = laid.reduce((sum, { width: own }) => sum + own + GAP.length, -GAP.length);
  if (total > width && columns.length > 1) {
    const least = Math.min(...columns.map(({ keep }) => keep));
    return columnsWithin(
      columns.filter(({ keep }) => keep !== least),
      rows,
      width,
    );
  }
  return Array.from({ length: rows.length + 1 }, (_, row) =>
    laid.flatMap(({ cells }, index) => [
      ...(index === 0 ? [] : [tone('plain', GAP)]),
      cells[row] ?? tone('plain', ''),
    ]),
  );
}

function laidOut<Row>({ title, right = false, cell }: Column<Row>, rows: readonly Row[]) {
  const cells = [tone('dim', title), ...rows.map(cell)];
  const width = Math.max(...cells.map(({ text }) => text.length));
  const padded = cells.map(({ tone: as, text }) => ({
    tone: as,
    text: right ? text.padStart(width) : text.padEnd(width),
  }));
  return { width, cells: padded };
}

/** ECMA-48 §8.3.117, select graphic rendition. */
const codes: Readonly<Record<Tone, string>> = {
  plain: '',
  bold: '1',
  dim: '2',
  good: '32',
  busy: '33',
  bad: '31',
};

/** One line for a terminal, cut where its width ends. */
export function painted(line: Line, width: number, colours: boolean): string {
  let left = width;
  return line
    .map(({ tone: as, text }) => {
      const shown = text.slice(0, left);
      left -= shown.length;
      const code = colours ? codes[as] : '';
      return code === '' || shown === '' ? shown : `\u001b[${code}m${shown}\u001b[0m`;
    })
    .join('');
}
