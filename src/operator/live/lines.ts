/** What `cutover up` shows on a terminal, as lines of at most its width, and no more than it has. Pure. */
import { counted } from '../../config/summary.js';
import { span } from '../sessions-line.js';
import { rounded } from '../text-table.js';
import type { CrewMember } from './crew-list.js';
import type { ShownLine } from './log-tail.js';
import type { LiveProcess, LiveVersion, ShownLive } from './shown-live.js';
import { columnsWithin, tone, type Cell, type Column, type Line, type Tone } from './spans.js';

export type ControlSeen =
  /** The configuration wants none. */
  | { readonly kind: 'none' }
  /** Nothing was heard of it yet. */
  | { readonly kind: 'awaited' }
  | { readonly kind: 'away'; readonly because: string }
  | { readonly kind: 'there'; readonly address: string; readonly live: ShownLive };

export interface Seen {
  readonly release: string;
  /** Milliseconds since it was started. */
  readonly age: number;
  /** Where clients connect; undefined: not ready yet. */
  readonly clients: string | undefined;
  readonly control: ControlSeen;
  readonly crew: readonly CrewMember[];
  /** The newest last. */
  readonly log: readonly ShownLine[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Parts of what is left over for them; the log takes the rest. */
const VERSIONS_PART = 0.5;
const PROCESSES_PART = 0.6;

export function viewLines(seen: Seen, { columns, rows }: Size): readonly Line[] {
  const left = Math.max(0, rows - 4); // the heading, and three empty lines
  const versions = limited(versionLines(seen.control, columns), Math.ceil(left * VERSIONS_PART));
  const processes = limited(
    processLines(seen, columns),
    Math.ceil((left - versions.length) * PROCESSES_PART),
  );
  const log = logLines(seen.log, left - versions.length - processes.length);
  return [heading(seen), [], ...versions, [], ...processes, [], ...log].slice(0, rows);
}

/** The last line says how many there are beyond. */
function limited(lines: readonly Line[], most: number): readonly Line[] {
  if (lines.length <= most) return lines;
  const kept = Math.max(0, most - 1);
  return [...lines.slice(0, kept), [tone('dim', `… and ${lines.length - kept} more`)]].slice(
    0,
    most,
  );
}

function heading({ release, age, clients, control }: Seen): Line {
  const where =
    clients === undefined ? [tone('busy', 'starting')] : [tone('plain', `clients ${clients}`)];
  const parts = [
    [tone('bold', `cutover ${release}`)],
    where,
    [controlPart(control)],
    [tone('dim', `up ${span(age / 1000)}`)],
  ];
  return parts.flatMap((part, index) => (index === 0 ? part : [tone('plain', '   '), ...part]));
}

function controlPart(control: ControlSeen): Cell {
  switch (control.kind) {
    case 'none':
      return tone('dim', 'no control');
    case 'awaited':
      return tone('busy', 'control starting');
    case 'away':
      return tone('bad', 'control away');
    case 'there':
      return tone('plain', `control ${control.address}`);
  }
}

// Versions

const BAR = 20;
const SHORT_BAR = 10;
const WIDE = 100;

function versionLines(control: ControlSeen, width: number): readonly Line[] {
  if (control.kind === 'away') return [[tone('bad', control.because)]];
  if (control.kind !== 'there') return [[tone('dim', 'versions are not known')]];
  const { versions, upgrade } = control.live;
  const columns = versionColumns(width >= WIDE ? BAR : SHORT_BAR);
  const [head = [], ...rows] = columnsWithin(columns, versions, width);
  return [
    head,
    ...versions.flatMap((version, index) => withMore(rows[index] ?? [], version, upgrade)),
  ];
}

const versionColumns = (bar: number): readonly Column<LiveVersion>[] => [
  { title: 'VERSION', keep: 9, cell: ({ version }) => tone('bold', version) },
  { title: 'STATE', keep: 8, cell: ({ state }) => tone(toneOfState[state] ?? 'plain', state) },
  { title: 'STRATEGY', keep: 2, cell: ({ upgradeTransition: { mode } }) => tone('plain', mode) },
  { title: 'SHARE', keep: 3, cell: ({ share }) => tone('good', barOf(share, bar)) },
  { title: '', keep: 7, right: true, cell: ({ share }) => number(share, ' %') },
  { title: 'REQ/S', keep: 6, right: true, cell: ({ requests }) => number(requests) },
  { title: 'P99 MS', keep: 5, right: true, cell: ({ delay }) => number(delay?.p99) },
  { title: 'FAILED/S', keep: 4, right: true, cell: ({ failures }) => alarming(failures) },
  { title: 'RESCUED/S', keep: 1, right: true, cell: ({ rescues }) => alarming(rescues) },
  { title: 'VERDICT', keep: 8, cell: verdictCell },
];

const toneOfState: Readonly<Record<string, Tone>> = {
  complete: 'good',
  running: 'busy',
  paused: 'busy',
  demoted: 'bad',
  aborted: 'bad',
  superseded: 'dim',
};

function verdictCell({ verdict, exchanges }: LiveVersion): Cell {
  if (verdict === undefined) return tone('dim', '-');
  const colour = { healthy: 'good', unhealthy: 'bad' }[verdict] as Tone | undefined;
  const sample = exchanges === undefined ? '' : ` (${exchanges})`;
  return tone(colour ?? 'plain', `${verdict}${sample}`);
}

/** Below its row: why it is where it is, and how near the verdict is. */
function withMore(row: Line, version: LiveVersion, upgrade: ShownLive['upgrade']): readonly Line[] {
  const { id, state, because, progress, sessions } = version;
  const isMoving = upgrade?.id === id && (state === 'running' || state === 'paused');
  const strength = isMoving ? upgrade.points.at(-1)?.strength : undefined;
  const more = [
    ...(because === undefined ? [] : [because]),
    ...(progress === undefined ? [] : [`${rounded(progress)} % of new sessions`]),
    ...(sessions === undefined
      ? []
      : [`${sessions.isExact ? '' : 'about '}${counted(sessions.count, 'session')}`]),
    ...(strength === undefined
      ? []
      : [`evidence against it: ${Math.round(strength * 100)} % of what is needed`]),
  ];
  return more.length === 0 ? [row] : [row, [tone('dim', `  ${more.join(', ')}`)]];
}

function barOf(share: number | undefined, width: number): string {
  const full = Math.round(((share ?? 0) / 100) * width);
  return '█'.repeat(full).padEnd(width, '░');
}

const number = (value: number | undefined, unit = ''): Cell =>
  value === undefined ? tone('dim', '-') : tone('plain', `${shortly(value)}${unit}`);

const alarming = (value: number | undefined): Cell =>
  value === undefined || value === 0 ? number(value) : tone('bad', shortly(value));

/** Three digits that say something. */
const shortly = (value: number): string => {
  if (value >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : rounded(value);
};

// Processes

type Shown = CrewMember & { readonly load: LiveProcess | undefined };

const MEBIBYTE = 2 ** 20;

const processColumns: readonly Column<Shown>[] = [
  { title: 'PROCESS', keep: 9, cell: ({ role }) => tone('plain', role) },
  {
    title: 'STATE',
    keep: 8,
    cell: ({ state }) => tone(state === 'ready' ? 'good' : 'busy', said[state]),
  },
  { title: 'PID', keep: 3, right: true, cell: ({ pid }) => tone('dim', String(pid)) },
  { title: 'REQ/S', keep: 7, right: true, cell: ({ load }) => number(load?.requests) },
  { title: 'IN FLIGHT', keep: 6, right: true, cell: ({ load }) => number(load?.inFlight) },
  { title: 'QUEUED', keep: 5, right: true, cell: ({ load }) => alarming(load?.queued) },
  { title: 'CONNECTIONS', keep: 2, right: true, cell: ({ load }) => number(load?.connections) },
  { title: 'CPU', keep: 4, right: true, cell: ({ load }) => number(percent(load?.cpu), ' %') },
  {
    title: 'MEMORY',
    keep: 1,
    right: true,
    cell: ({ load }) => number(mebibytes(load?.memory), ' MiB'),
  },
  { title: 'LOOP MS', keep: 0, right: true, cell: ({ load }) => number(load?.eventLoopDelay) },
];

const said: Readonly<Record<CrewMember['state'], string>> = {
  starting: 'starting',
  ready: 'ready',
  again: 'starting again',
};

const percent = (part: number | undefined) =>
  part === undefined ? undefined : Math.round(part * 100);
const mebibytes = (bytes: number | undefined) =>
  bytes === undefined ? undefined : Math.round(bytes / MEBIBYTE);

function processLines({ crew, control }: Seen, width: number): readonly Line[] {
  const loads = control.kind === 'there' ? control.live.processes : [];
  const rows = crew.map(member => ({
    ...member,
    load: loads.find(({ name }) => name === member.role),
  }));
  // Where nothing is measured, columns of dashes would say nothing.
  const columns = loads.length > 0 ? processColumns : processColumns.slice(0, 3);
  return columnsWithin(columns, rows, width);
}

// Log

const toneOfLevel: Readonly<Record<string, Tone>> = { warn: 'busy', error: 'bad', fatal: 'bad' };

const logLines = (log: readonly ShownLine[], most: number): readonly Line[] =>
  most <= 0
    ? []
    : log
        .slice(-most)
        .map(({ at, level, process, message }) => [
          tone('dim', at === undefined ? '' : `${timeOf(at)} `),
          tone('plain', process === '' ? '' : `${process}: `),
          tone(toneOfLevel[level] ?? 'plain', message),
        ]);

/** As the wall clock of the operator shows it. */
function timeOf(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map(part => String(part).padStart(2, '0'))
    .join(':');
}
