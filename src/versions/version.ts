/** What one cluster runs, and which of two versions is newer. */
import type { ServerAddress, UpgradeTransition } from '../config/cluster.js';
import type { VersionId } from '../kernel/ids.js';
import type { NonEmpty } from '../kernel/non-empty.js';
import type { VersionState } from './version-state.js';

export interface Version {
  /** Not the number but this is the key everywhere: two clusters may run equal numbers. */
  readonly id: VersionId;
  /** Dotted numbers. */
  readonly number: string;
  readonly servers: NonEmpty<ServerAddress>;
  readonly transition: UpgradeTransition;
  readonly state: VersionState;
  /** Who changes its servers and takes it away; undefined: operators alone. */
  readonly owner?: Owner | undefined;
}

/** `labels`: containers that somebody else runs, by their labels. `containers`: those that control started. */
export type Owner = 'labels' | 'containers';

/**
 * For sorting: below zero where `a` is the newer one. Numbers between dots are compared as numbers of
 * any length ("1.10" is newer than "1.9"); what is missing counts as 0, so "1" and "1.0" are equal.
 */
export function newestFirst(a: Pick<Version, 'number'>, b: Pick<Version, 'number'>): number {
  const [left, right] = [a.number.split('.'), b.number.split('.')];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = comparedDigits(right[at] ?? '0', left[at] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

/** As text: a number that is longer than a double can hold must not be rounded. */
function comparedDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}
