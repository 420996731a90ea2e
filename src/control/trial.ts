/** What control knows about one upgrade: everything that is weighed, and nothing of how far it is. */
import type { VersionId } from '../kernel/ids.js';
import { emptyDossier, filed, type Dossier } from '../verdict/dossier.js';
import type { Policy } from '../verdict/policy.js';
import { marksOf } from '../verdict/signals.js';
import { merged, newTally, type Tally } from '../verdict/tally.js';
import {
  noEvidence,
  strengths,
  verdict,
  weighed,
  type Evidence,
  type Verdict,
} from '../verdict/verdict.js';
import { stableOf, type RoutingTable } from '../versions/routing-table.js';
import type { Version } from '../versions/version.js';
import { mayServe } from '../versions/version-state.js';
import type { SignalExample } from '../wire/report.js';
import { shownTally } from './shown-tally.js';
import type { Why } from './why.js';

/** Plain data. */
export interface Trial {
  readonly id: VersionId;
  readonly number: string;
  /** What it is held against; undefined: nothing else may serve. */
  readonly stable: VersionId | undefined;
  /** Milliseconds since 1970: of the beginning, and of the last look. */
  readonly since: number;
  readonly until: number;
  readonly evidence: Evidence;
  readonly newerTally: Tally;
  readonly stableTally: Tally;
  /** Of the stable version before the upgrade. */
  readonly usual: Tally;
  readonly dossier: Dossier;
  /** Whether it was told that the version is unhealthy: once is enough. */
  readonly isTold: boolean;
}

export interface Opening {
  readonly stable: VersionId | undefined;
  readonly usual: Tally;
  readonly wall: number;
}

export const opened = ({ id, number }: Version, { stable, usual, wall }: Opening): Trial => ({
  id,
  number,
  stable,
  since: wall,
  until: wall,
  evidence: noEvidence,
  newerTally: newTally(),
  stableTally: newTally(),
  usual,
  dossier: emptyDossier,
  isTold: false,
});

/** What came since the last look. */
export interface Look {
  readonly newer: Tally;
  readonly stable: Tally;
  readonly examples: readonly SignalExample[];
  readonly wall: number;
}

export function looked(
  trial: Trial,
  { newer, stable, examples, wall }: Look,
  policy: Policy,
): Trial {
  const seen = { newer, stable, typical: typicalOf(trial, policy) };
  return {
    ...trial,
    until: wall,
    evidence: weighed(trial.evidence, seen, policy),
    newerTally: merged(trial.newerTally, newer),
    stableTally: merged(trial.stableTally, stable),
    dossier: examples.reduce(
      (dossier, { signal, example }) => filed(dossier, signal, example),
      trial.dossier,
    ),
  };
}

/** The same throughout, or it would be chosen by what came; so the little that is known from before is not added. */
const typicalOf = ({ usual, stableTally }: Trial, policy: Policy): Tally =>
  usual.exchanges >= policy.minimumSample ? usual : stableTally;

/** With numbers where the version is unhealthy. */
export function concluded(trial: Trial, policy: Policy): Verdict {
  const conclusion = verdict(trial.evidence, policy);
  if (conclusion.kind !== 'unhealthy') return conclusion;
  return { ...conclusion, because: `${conclusion.because}: ${numbers(trial, conclusion, policy)}` };
}

/** Marked exchanges of both, such as "12 of 20, stable 0 of 180". */
function numbers(
  trial: Trial,
  { signal }: Verdict & { readonly kind: 'unhealthy' },
  policy: Policy,
): string {
  const typical = typicalOf(trial, policy);
  const [newer, stable, usual] = [trial.newerTally, trial.stableTally, typical].map(tally => {
    const { exchanges, marked } = marksOf(tally, typical, policy)[signal];
    return exchanges > 0 ? `${marked} of ${exchanges}` : undefined;
  });
  const beside = stable === undefined ? undefined : `stable ${stable}`;
  const before = usual === undefined ? undefined : `usually ${usual}`;
  // Its own answers are what the others are compared with: they say nothing.
  const against = signal === 'answers' ? undefined : (beside ?? before);
  return [newer, against].filter(each => each !== undefined).join(', ');
}

export function whyOf(trial: Trial, policy: Policy): Why {
  const conclusion = concluded(trial, policy);
  return {
    id: trial.id,
    version: trial.number,
    verdict: conclusion.kind,
    because: conclusion.kind === 'healthy' ? 'it is no worse' : conclusion.because,
    ...(conclusion.kind === 'unhealthy' && { signal: conclusion.signal }),
    since: new Date(trial.since).toISOString(),
    until: new Date(trial.until).toISOString(),
    newer: shownTally(trial.newerTally),
    stable: shownTally(trial.stableTally),
    typical: shownTally(typicalOf(trial, policy)),
    evidence: strengths(trial.evidence, policy),
    examples: trial.dossier,
  };
}

/** Undefined where nothing but the upgrade itself may serve. */
export function comparableOf(table: RoutingTable, upgrade: Version): VersionId | undefined {
  const { id } = stableOf(table);
  return id === upgrade.id ? undefined : id;
}

/** Somebody wants it in spite of what was concluded, or after having taken it back: it begins anew. */
export function isResumed(before: RoutingTable | undefined, { id, state }: Version): boolean {
  const former = before?.versions.find(version => version.id === id)?.state;
  if (former === undefined || state.name !== 'running') return false;
  if (former.name === 'paused') return former.because !== undefined;
  return !mayServe(former);
}
