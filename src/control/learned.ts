/** What control has learned of versions, and what of it still counts for a control that comes back. */
import { isDeepStrictEqual } from 'node:util';
import type { Policy } from '../verdict/policy.js';
import type { RoutingTable } from '../versions/routing-table.js';
import type { Trial } from './trial.js';
import type { Usual } from './usual.js';
import type { ShownEvent } from './why.js';

/** Plain data. A value in it that has not changed is the same object as before. */
export interface Learned {
  /** Of the routing table under which it was learned. */
  readonly edition: number;
  /** By which the evidence was weighed. */
  readonly policy: Policy;
  /** The one that began last comes last. */
  readonly trials: readonly Trial[];
  readonly usual: Usual;
  /** Newest first. */
  readonly events: readonly ShownEvent[];
}

/** Of the monitor's settings those that evidence depends on; what is done about it is another matter. */
export const policyOf = (monitor: Policy): Policy => ({
  minimumSample: monitor.minimumSample,
  falseAlarms: monitor.falseAlarms,
  tolerance: monitor.tolerance,
  slower: monitor.slower,
  larger: monitor.larger,
  mostFailures: monitor.mostFailures,
});

/** Cheap: it looks at no content. */
export const isUnchanged = (before: Learned, now: Learned): boolean =>
  before.edition === now.edition &&
  before.usual === now.usual &&
  before.events === now.events &&
  before.trials.length === now.trials.length &&
  before.trials.every((trial, at) => trial === now.trials[at]);

/**
 * The trials that count under `table`: of versions that there still are. Of an upgrade that is not over only
 * if the table is that under which it was learned: else somebody may have resumed a version in spite of
 * this evidence, and it would be demoted by it again. And bets that were made by another policy prove
 * nothing under this one.
 */
export function trialsUnder(
  { edition, policy, trials }: Learned,
  table: RoutingTable,
  monitor: Policy,
): readonly Trial[] {
  const isSame = edition === table.edition && isDeepStrictEqual(policy, policyOf(monitor));
  return trials.filter(trial => {
    const state = table.versions.find(({ id }) => id === trial.id)?.state;
    return state !== undefined && (isSame || !('progress' in state));
  });
}
