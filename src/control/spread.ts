/** How far the newest routing table has spread. */
export interface Spread {
  readonly edition: number;
  readonly followers: number;
  /** Followers that have this edition. */
  readonly acknowledged: number;
  /** Followers that are workers. */
  readonly workers: number;
}
