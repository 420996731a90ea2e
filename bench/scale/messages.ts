/** What the bench and its processes of simulated workers say to each other. */
import type { Lags } from './lags.js';

export interface CrewPlan {
  /** Where control tells of versions. */
  readonly address: string;
  /** A file with a key pair; undefined: the links have no keys. */
  readonly key: string | undefined;
  /** Their names begin with it. */
  readonly name: string;
  readonly workers: number;
}

export type ToCrew =
  /** Requests a second, of all its workers together. */
  | { readonly kind: 'load'; readonly rate: number }
  /** The share of failures of the version that users move to. */
  | { readonly kind: 'bad'; readonly share: number }
  | { readonly kind: 'look' }
  /** Tells control the last, and ends. */
  | { readonly kind: 'end' };

export type FromCrew =
  /** All its workers route by the table of this edition; `at`: by the clock that all share. */
  | { readonly kind: 'taken'; readonly edition: number; readonly at: number }
  | ({ readonly kind: 'looked' } & Looked);

/** Since it began, but for the lags: these are since the look before. */
export interface Looked {
  readonly linked: number;
  readonly exchanges: number;
  /** Requests that there was no time to simulate. */
  readonly missed: number;
  /** Exchanges that lie in reports which have left. */
  readonly told: number;
  readonly reports: number;
  readonly lags: Lags;
  /** What must not happen and did. */
  readonly wrong: readonly string[];
}
