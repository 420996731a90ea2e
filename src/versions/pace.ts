/**
 * How fast an upgrade moves. Requests and time count from the last change of the routing table, whose
 * version state holds the share that was reached by then.
 */
import type { UpgradeTransition } from '../config/cluster.js';
import { share, type Share } from '../kernel/ids.js';
import { unreachable } from '../kernel/unreachable.js';

/** What has passed since the share was `from`. */
export interface Passed {
  /** Requests, wherever in the system they arrived. */
  readonly counted: number;
  /** Milliseconds. */
  readonly elapsed: number;
}

type Gradual = UpgradeTransition & { readonly mode: 'GRADUAL' };

/**
 * The share of new sessions that the version gets; never less than `from`. With CONCURRENT none goes to
 * the new version alone before the upgrade is complete. For `steps` see `stepReached`: who keeps the
 * share for the next call keeps it without steps, or what lies between two steps is lost each time.
 */
export function shareAfter(
  transition: UpgradeTransition,
  passed: Passed,
  from: Share,
  steps?: readonly number[],
): Share {
  switch (transition.mode) {
    case 'INSTANT':
    case 'SESSION':
      return share(1);
    case 'CONCURRENT':
      return share(0);
    case 'GRADUAL': {
      const reached = share(from + growth(transition, passed));
      return share(Math.max(from, stepReached(reached, steps)));
    }
    default:
      return unreachable(transition);
  }
}

/**
 * Rounded down to the highest step that the share has reached.
 * @param steps percentages, ascending; 100 is always the last, even where it is not listed.
 *   Undefined: the share as it is.
 */
export function stepReached(reached: Share, steps: readonly number[] | undefined): Share {
  if (steps === undefined || reached === 1) return reached;
  return share((steps.findLast(step => step / 100 <= reached) ?? 0) / 100);
}

function growth(
  { percentageTransitionPerRequest: step, duration }: Gradual,
  { counted, elapsed }: Passed,
): number {
  if (step !== undefined) return (counted * step) / 100;
  if (duration !== undefined) return elapsed / milliseconds(duration);
  throw new TypeError('the schema lets no GRADUAL without a pace through');
}

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Of a span such as "14d". */
function milliseconds(span: string): number {
  const unit = units[span.slice(-1)];
  if (unit === undefined) throw new TypeError(`the schema lets no span "${span}" through`);
  return Number.parseInt(span, 10) * unit;
}
