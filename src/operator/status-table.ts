/** What `status` and `events` show on a terminal. Pure. */
import { counted } from '../config/summary.js';
import { sessionsLine } from './sessions-line.js';
import type { ShownEvent, ShownSpread, ShownVersion } from './shown-version.js';
import { aligned, printable, rounded } from './text-table.js';

const HEADINGS = ['VERSION', 'STATE', 'STRATEGY', 'PROGRESS', 'VERDICT', 'SERVERS', 'ID'] as const;

/** Newest first, a line each; below it why a version was paused or taken back, and its sessions. */
export function statusTable(versions: readonly ShownVersion[]): string {
  const [headings = '', ...rows] = aligned([HEADINGS, ...versions.map(cells)]);
  const lines = versions.flatMap(({ because, sessions }, index) => [
    rows[index] ?? '',
    ...(because === undefined ? [] : [`  ${printable(because)}`]),
    ...(sessions === undefined ? [] : [`  ${sessionsLine(sessions)}`]),
  ]);
  return `${[headings, ...lines].join('\n')}\n`;
}

/** Nothing where there is one control only. */
export function controlsLine({ leader, controls, away }: ShownSpread): string {
  if (controls === undefined) return '';
  const leads = away === undefined ? `${leader ?? 'nobody'} leads` : 'nobody can tell who leads';
  const known = `${leads}; controls: ${controls.join(', ')}`;
  const lines = away === undefined ? [known] : [known, `nothing can be changed: ${away}`];
  return `\n${lines.map(line => `${printable(line)}\n`).join('')}`;
}

function cells(shown: ShownVersion): readonly string[] {
  const { version, state, upgradeTransition, progress, servers, id } = shown;
  const share = progress === undefined ? '-' : `${rounded(progress)} %`;
  const where = servers.map(({ ip, port }) => `${ip}:${port}`).join(', ');
  return [version, state, upgradeTransition.mode, share, verdictOf(shown), where, id];
}

function verdictOf({ verdict, exchanges }: ShownVersion): string {
  if (verdict === undefined) return '-';
  return exchanges === undefined ? verdict : `${verdict} (${counted(exchanges, 'exchange')})`;
}

/** In the order in which control tells them: the newest last, next to the prompt. */
export function eventTable(events: readonly ShownEvent[]): string {
  if (events.length === 0) return 'nothing has happened\n';
  const rows = events.map(
    ({ at, version, what, edition, id, because = '' }) => [
      at,
      version,
      what,
      String(edition),
      id,
      because,
    ], // why at the end: it may be long
  );
  return `${aligned([['AT', 'VERSION', 'WHAT', 'EDITION', 'ID', 'WHY'], ...rows]).join('\n')}\n`;
}
