/** The known name that was probably meant: the nearest one, if it is near enough. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const tolerated = Math.max(1, Math.floor(name.length / 3));
  return known
    .map(each => ({ each, edits: edits(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ edits }) => edits <= tolerated)
    .toSorted((one, other) => one.edits - other.edits)[0]?.each;
}

/** How many letters must be inserted, removed, replaced or swapped with their neighbour, row by row. */
function edits(from: string, to: string): number {
  let above: readonly number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of from.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of to.split('').entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      const isSwapped =
        column > 0 && index > 0 && letter === to[column - 1] && other === from[index - 1];
      const swapped = isSwapped ? (above[column - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    above = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
