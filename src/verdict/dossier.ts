/** Example exchanges that a verdict can be explained by: few, the newest, and without secrets. */
import type { Observation } from '../wire/observation.js';
import type { Pair } from './pair.js';
import { signals, type Signal } from './signals.js';

export interface Example extends Observation {
  /** Milliseconds of the wall clock. */
  readonly at: number;
  readonly method: string;
  /** As `redacted` left it. */
  readonly target: string;
  /** Of an answer that differed: both, where they were kept. */
  readonly pair?: Pair | undefined;
}

export type Dossier = Readonly<Record<Signal, readonly Example[]>>;

/** Examples of each signal. */
export const MOST_EXAMPLES = 10;
/** Of these: those with a pair, which take more room. */
export const MOST_PAIRS = 5;
/** Characters of a target that are kept. */
const LONGEST_TARGET = 200;

export const emptyDossier: Dossier = { failures: [], delay: [], size: [], answers: [] };

/** The dossier with one more example, newest first. */
export const filed = (dossier: Dossier, signal: Signal, example: Example): Dossier => ({
  ...dossier,
  [signal]: newest([{ ...example, target: redacted(example.target) }, ...dossier[signal]]),
});

/** Of several workers' dossiers. */
export function mergedDossiers(a: Dossier, b: Dossier): Dossier {
  const both = signals.map(signal => [signal, newest([...a[signal], ...b[signal]])] as const);
  return Object.fromEntries(both) as unknown as Dossier;
}

/** Those with a pair are rarer and tell more: others do not displace them. */
function newest(examples: readonly Example[]): readonly Example[] {
  const sorted = examples.toSorted((a, b) => b.at - a.at);
  const pairs = sorted.filter(hasPair).slice(0, MOST_PAIRS);
  const others = sorted.filter(each => !hasPair(each)).slice(0, MOST_EXAMPLES - pairs.length);
  return [...pairs, ...others].toSorted((a, b) => b.at - a.at);
}

const hasPair = ({ pair }: Example): boolean => pair !== undefined;

/** A request target with neither what follows `?` or `#` nor user and password. */
export function redacted(target: string): string {
  const path = target.replace(/#.*$/s, '').replace(/\?.*$/s, '?…');
  return path.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/]*@/i, '$1//').slice(0, LONGEST_TARGET);
}
