/**
 * Who serves those whom the newest version does not get. An older upgrade that is superseded keeps what
 * it had reached: whoever crossed by it stays there, so that chance never sends anybody back.
 */
import type { StrategyName } from '../../src/config/cluster.js';
import { stepReached } from '../../src/versions/pace.js';
import type { VersionState } from '../../src/versions/version-state.js';
import type { Version } from '../../src/versions/version.js';
import type { Question } from './strategy.js';

/** Running or paused. */
type UnderWay = Extract<VersionState, { readonly progress: unknown }>;

/** Whether a new session with this bucket goes to a superseded version. */
const takes: Readonly<Record<StrategyName, (state: UnderWay, bucket: number) => boolean>> = {
  INSTANT: ({ name, progress }) => name === 'running' || progress > 0, // it was never the newest
  SESSION: ({ name }) => name === 'running',
  GRADUAL: ({ progress }, bucket) => bucket < progress,
  CONCURRENT: () => false, // its answers are not proven
};

/**
 * Of the versions older than the newest, newest first, the one that takes this client. Where none does,
 * the oldest; where there is none, the newest itself.
 */
export function fallback({ versions, bucket }: Pick<Question, 'versions' | 'bucket'>): Version {
  const [newest, ...older] = versions;
  return older.find(each => isFor(bucket, each)) ?? older.at(-1) ?? newest;
}

function isFor(bucket: number, { transition, state }: Version): boolean {
  if (state.name === 'complete') return true;
  if (!('progress' in state)) return false;
  const steps = transition.mode === 'GRADUAL' ? transition.steps : undefined;
  const progress = stepReached(state.progress, steps); // as it was let through while it was the newest
  return takes[transition.mode]({ ...state, progress }, bucket);
}
