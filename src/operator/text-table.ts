/** Tables for a terminal. Pure. */

/** Each line as long as it needs to be; columns two spaces apart. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const shown = rows.map(row => row.map(printable));
  const columns = Math.max(0, ...shown.map(row => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...shown.map(row => (row[column] ?? '').length)),
  );
  return shown.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A terminal obeys control characters, wherever they come from. */
export const printable = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');

/** At most two decimals, and none that say nothing. */
export const rounded = (value: number) => String(Number(value.toFixed(2)));
