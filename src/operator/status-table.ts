/** What `status` shows on a terminal. Pure. */
import type { ShownVersion } from './shown-version.js';

const HEADINGS = ['VERSION', 'STATE', 'STRATEGY', 'PROGRESS', 'SERVERS', 'ID'] as const;

/** Newest first, one line each, and one more for why a version was paused or taken back. */
export function statusTable(versions: readonly ShownVersion[]): string {
  const rows = versions.map(cells);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map(row => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = versions.flatMap((version, index) => [
    line(rows[index] ?? []),
    ...(version.because === undefined ? [] : [`  ${printable(version.because)}`]),
  ]);
  return `${[line(HEADINGS), ...lines].join('\n')}\n`;
}

function cells({ version, state, upgradeTransition, progress, servers, id }: ShownVersion) {
  const share = progress === undefined ? '-' : `${Number(progress.toFixed(2))} %`;
  const where = servers.map(({ ip, port }) => `${ip}:${port}`).join(', ');
  return [version, state, upgradeTransition.mode, share, where, id].map(printable);
}

/** A terminal obeys control characters, wherever they come from. */
const printable = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
