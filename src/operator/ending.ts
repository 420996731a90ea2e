/** Whether an upgrade that somebody waits for has ended, and how. Pure. */
import type { ShownVersion } from './shown-version.js';
import { counted } from '../config/summary.js';
import { rounded } from './text-table.js';

export type Ending =
  | { readonly kind: 'under-way' }
  /** Complete, or found healthy before that. */
  | { readonly kind: 'good'; readonly says: string }
  | { readonly kind: 'bad'; readonly says: string }
  /** Nothing can be asked of it any more. */
  | { readonly kind: 'gone'; readonly says: string };

const underWay: Ending = { kind: 'under-way' };
const good = (says: string): Ending => ({ kind: 'good', says });
const bad = (says: string, because: string | undefined): Ending => ({
  kind: 'bad',
  says: because === undefined ? says : `${says}: ${because}`,
});

/**
 * @param now undefined: there is no such version any more
 * @param before what the look before this one showed
 */
export function ending(now: ShownVersion | undefined, before: ShownVersion | undefined): Ending {
  if (now === undefined) return { kind: 'gone', says: 'removed' };
  switch (now.state) {
    case 'complete':
      return good('complete');
    case 'demoted':
    case 'aborted':
      return bad(now.state, now.because);
    case 'superseded':
      return bad('superseded', 'a newer version decides who is served by whom');
    case 'paused':
      // By the operator: who paused it will go on with it.
      return now.because === undefined ? underWay : bad('paused', now.because);
    default:
      return judged(now, before);
  }
}

function judged({ verdict }: ShownVersion, before: ShownVersion | undefined): Ending {
  if (verdict === 'healthy') return good('healthy');
  // A demotion follows within milliseconds, and says why; only a policy that alerts lets it run on.
  const isLeftSo = verdict === 'unhealthy' && before?.verdict === 'unhealthy';
  return isLeftSo ? bad('unhealthy', 'and left running by the policy') : underWay;
}

/** One line about an upgrade under way. */
export function progressLine({ version, state, progress, verdict, exchanges }: ShownVersion) {
  return [
    `${version} ${state}`,
    ...(progress === undefined ? [] : [`${rounded(progress)} %`]),
    ...(verdict === undefined ? [] : [verdict]),
    ...(exchanges === undefined ? [] : [counted(exchanges, 'exchange')]),
  ].join(', ');
}
