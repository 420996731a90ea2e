/** What one run of the benchmark yields: kept as JSON, shown on the terminal and in HTML. */
import type { MeasureName } from './measures.js';
import type { Spread } from './statistics.js';

export type Figures = Readonly<Partial<Record<MeasureName, Spread>>>;

/** One contender on one workload. */
export interface Row {
  readonly workload: string;
  readonly contender: string;
  readonly figures: Figures;
}

/** A curve over time, in minutes since the load began. */
export interface Curve {
  readonly workload: string;
  readonly measure: MeasureName;
  readonly points: readonly (readonly [minute: number, value: number])[];
}

/** A contender that did not answer as it must: nothing of it is timed on that workload. */
export interface Wrong {
  readonly workload: string;
  readonly contender: string;
  readonly what: string;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** GiB. */
  readonly memory: number;
  readonly system: string;
  readonly node: string;
  readonly generator: string;
}

export interface Results {
  /** ISO 8601. */
  readonly began: string;
  readonly command: string;
  readonly machine: Machine;
  readonly rounds: number;
  /** Of one round. */
  readonly seconds: number;
  readonly missing: readonly string[];
  readonly wrong: readonly Wrong[];
  readonly rows: readonly Row[];
  readonly curves: readonly Curve[];
}

/** The median of a figure, or undefined where it was not measured. */
export function figure(
  rows: readonly Row[],
  workload: string,
  contender: string,
  name: MeasureName,
): number | undefined {
  const row = rows.find(each => each.workload === workload && each.contender === contender);
  return row?.figures[name]?.median;
}
