/** The evidence for what control concluded about one version, as REST and `cutover why` tell it. */
import type { Dossier } from '../verdict/dossier.js';
import type { Signal } from '../verdict/signals.js';
import type { FailureKind } from '../verdict/tally.js';
import type { Verdict } from '../verdict/verdict.js';

export interface Why {
  readonly id: string;
  readonly version: string;
  readonly verdict: Verdict['kind'];
  readonly because: string;
  /** What it was concluded from. */
  readonly signal?: Signal | undefined;
  /** ISO 8601; of the beginning of the upgrade, and of the last look. */
  readonly since: string;
  readonly until: string;
  readonly newer: ShownTally;
  readonly stable: ShownTally;
  /** The stable version before the upgrade, or until now. */
  readonly typical: ShownTally;
  /** How strong the evidence is that the newer version is worse; at `needed` it is unhealthy. */
  readonly evidence: Readonly<
    Record<Signal, { readonly strength: number; readonly needed: number }>
  >;
  readonly examples: Dossier;
}

export interface ShownTally {
  readonly exchanges: number;
  readonly failed: number;
  readonly failedBy: Readonly<Partial<Record<FailureKind, number>>>;
  readonly different: number;
  /** Rescues that it answered, or was asked for. */
  readonly repeats: number;
  /** Milliseconds; undefined where nothing is known. */
  readonly delay: Quantiles | undefined;
  /** Bytes. */
  readonly size: Quantiles | undefined;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Live sessions of one version. */
export interface LiveSessions {
  readonly count: number;
  /** False: told from a sample, to about 3 %. */
  readonly isExact: boolean;
  /** Seconds until the last one ends at the latest, if its client does not come again. */
  readonly endIn: number;
}

/** Something that happened to a version; control remembers the last hundred. */
export interface ShownEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly id: string;
  readonly version: string;
  /** `added`, `removed`, `paused`, `resumed`, `promoted`, `completed`, `aborted`, `demoted`, `unhealthy` … */
  readonly what: string;
  readonly because?: string | undefined;
  /** Edition of the routing table from then on. */
  readonly edition: number;
}
