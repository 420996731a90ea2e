/** Every strategy by its name in the configuration: one missing, or one too many, does not compile. */
import { concurrent } from './concurrent.js';
import { gradual } from './gradual.js';
import { instant } from './instant.js';
import { session } from './session.js';
import type { Decision, Question, Strategies } from './strategy.js';

export const strategies = {
  INSTANT: instant,
  SESSION: session,
  GRADUAL: gradual,
  CONCURRENT: concurrent,
} as const satisfies Strategies;

/**
 * What the strategy of the newest version that may serve says. Once its upgrade is complete nobody is left
 * to move: where an operator has promoted it, the sessions that were still elsewhere move as well.
 */
export function decided(question: Question): Decision {
  const [newest] = question.versions;
  if (newest.state.name === 'complete') return { kind: 'one', version: newest };
  return strategies[newest.transition.mode](question);
}
