import type { Options } from '../options.js';
import type { Curve, Row, Wrong } from '../figures/results.js';

export interface Bench {
  readonly options: Options;
  /** Removed at the end. */
  readonly folder: string;
  /** Shows what goes on. */
  readonly tell: (line: string) => void;
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly curves?: readonly Curve[];
  readonly wrong?: readonly Wrong[];
}

export interface Workload {
  readonly name: string;
  /** What it asks, for those who read the figures. */
  readonly title: string;
  readonly run: (bench: Bench) => Promise<Outcome>;
}
