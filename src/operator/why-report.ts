/** What `why` shows on a terminal: the verdict, the numbers, how far they are from a decision, examples. Pure. */
import type { ShownExample, ShownTally, Why } from './shown-version.js';
import { aligned, printable, rounded } from './text-table.js';

/** Lines. */
const MOST_EXAMPLES = 10;
/** Of an answer that differed; the dashboard shows all. */
const MOST_PLACES = 3;

export function whyReport(why: Why): string {
  const parts = [
    heading(why),
    aligned(numbers([why.newer, why.stable, why.typical])),
    aligned(evidence(why)),
    examples(why),
  ];
  return parts
    .filter(lines => lines.length > 0)
    .map(lines => `${lines.join('\n')}\n`)
    .join('\n');
}

function heading({ version, id, verdict, because, signal, since, until }: Why): readonly string[] {
  const from = signal === undefined ? '' : ` (${signal})`;
  return [
    `version ${version} (${id}) is ${verdict}: ${because}${from}`,
    `seen from ${since} to ${until}`,
  ].map(printable);
}

/** Newer, stable, typical: a column each. */
type Sides = readonly [newer: ShownTally, stable: ShownTally, typical: ShownTally];
type Row = readonly string[];

function numbers(sides: Sides): readonly Row[] {
  const row = (name: string, cell: (side: ShownTally) => string): Row => [name, ...sides.map(cell)];
  const kinds = [...new Set(sides.flatMap(({ failedBy }) => Object.keys(failedBy)))].toSorted();
  return [
    ['', 'NEWER', 'STABLE', 'TYPICAL'],
    row('exchanges', ({ exchanges }) => String(exchanges)),
    row('failed', side => partOf(side, side.failed)),
    ...kinds.map(kind => row(`  ${kind}`, ({ failedBy }) => String(failedBy[kind] ?? 0))),
    row('other answers', side => partOf(side, side.different)),
    row('rescues', ({ repeats }) => String(repeats)),
    row('delay, ms', ({ delay }) => spread(delay)),
    row('size, bytes', ({ size }) => spread(size)),
  ];
}

const partOf = ({ exchanges }: ShownTally, part: number): string =>
  part === 0 ? '0' : `${part} (${rounded((100 * part) / exchanges)} %)`;

/** A typical value, one in twenty and one in a hundred above. */
function spread(of: ShownTally['delay']): string {
  if (of === undefined) return '-';
  return `${rounded(of.p50)}, 95 % ${rounded(of.p95)}, 99 % ${rounded(of.p99)}`;
}

function evidence(why: Why): readonly Row[] {
  const rows = Object.entries(why.evidence).map(([signal, { strength, needed }]) => [
    signal,
    shownStrength(strength),
    shownStrength(needed),
  ]);
  return rows.length === 0 ? [] : [['EVIDENCE THAT IT IS WORSE', 'STRENGTH', 'NEEDED'], ...rows];
}

/** Of a broken version it grows beyond all that anybody reads. */
const shownStrength = (strength: number): string =>
  strength < 1e6 ? rounded(strength) : strength.toExponential(0).replace('+', '');

/** Those of the signal that decided first; of each signal those that say where they differ, then the newest. */
function examples(why: Why): readonly string[] {
  const rank = (signal: string, { pair }: ShownExample) =>
    (signal === why.signal ? 2 : 0) + (pair === undefined ? 0 : 1);
  const rows = Object.entries(why.examples)
    .flatMap(([signal, list]) => list.map(example => ({ signal, example })))
    .toSorted(
      (a, b) =>
        rank(b.signal, b.example) - rank(a.signal, a.example) || b.example.at - a.example.at,
    )
    .slice(0, MOST_EXAMPLES)
    .map(({ signal, example }) => [signal, ...exampleCells(example)]);
  return rows.length === 0
    ? []
    : aligned([['EXAMPLES', 'AT', 'REQUEST', 'ANSWER', 'SERVER'], ...rows]);
}

function exampleCells({
  at,
  method,
  target,
  status,
  code,
  delay,
  bytes,
  server,
  pair,
}: ShownExample): Row {
  const size = bytes === undefined ? '' : `, ${bytes} bytes`;
  const differs = pair === undefined ? '' : `, differs: ${placesShown(pair.where)}`;
  const answer = `${status ?? code ?? 'none'} after ${rounded(delay)} ms${size}${differs}`;
  return [shownTime(at), `${method} ${target}`, answer, server];
}

function placesShown(where: readonly string[]): string {
  const more = where.length - MOST_PLACES;
  return [...where.slice(0, MOST_PLACES), ...(more > 0 ? [`${more} more`] : [])].join(' ');
}

/** A Date holds 8.64e15 milliseconds either way (ECMA-262, "Time Values"), and throws beyond. */
const shownTime = (at: number): string =>
  Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : '-';
