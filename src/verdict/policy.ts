/** What a version may do before it counts as worse. Shares are 0 to 1. */
export interface Policy {
  /** First attempts of the newer version before anything is concluded; and of typical values to count as known. */
  readonly minimumSample: number;
  /** How likely, at most, a version that is no worse is ever found unhealthy. */
  readonly falseAlarms: number;
  /** How much larger the newer version's share of failed, slow or odd exchanges may be. Above 0. */
  readonly tolerance: number;
  /** An exchange is slow if it takes longer than the typical 95th percentile, this many times. */
  readonly slower: number;
  /** An answer is odd if it is larger than the typical 95th percentile this many times, or smaller than the 5th by that. */
  readonly larger: number;
  /** The share of failed exchanges that is too much where nothing is known to compare with. */
  readonly mostFailures: number;
}
