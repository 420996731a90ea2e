/** How users move to a version, on one line. */
import type { LiveVersion } from '../../../src/control/live.js';
import { percent, span } from './format.js';

export function strategyOf(transition: LiveVersion['upgradeTransition']): string {
  switch (transition.mode) {
    case 'INSTANT':
      return 'INSTANT: everybody at once';
    case 'SESSION':
      return `SESSION: new sessions; one ends after a pause of ${span(transition.sessionTimeout)}`;
    case 'GRADUAL': {
      const { duration, percentageTransitionPerRequest: step, steps } = transition;
      const pace =
        duration === undefined
          ? `${percent(step ?? 0)} more with each request`
          : `over ${duration}`;
      const rests = steps === undefined ? '' : `, in steps of ${steps.join(', ')} %`;
      return `GRADUAL: new sessions, ${pace}${rests}`;
    }
    case 'CONCURRENT': {
      const methods = transition.methods?.join(', ');
      const also = methods === undefined ? '' : `, ${methods} as well`;
      const itself = transition.promote === undefined ? '' : '; promoted once healthy';
      return `CONCURRENT: both are asked, and compared${also}${itself}`;
    }
  }
}
