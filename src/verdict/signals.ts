/** By what a version can be seen to be worse: each signal marks some of its exchanges. */
import { added, nobody, type Marked } from './bet.js';
import { quantile, valuesAbove, valuesBelow, valuesIn } from './histogram.js';
import type { Policy } from './policy.js';
import { OTHER_ROUTES, type Summary, type Tally } from './tally.js';

/** `answers`: they do not agree with those of the older version. */
export type Signal = 'failures' | 'delay' | 'size' | 'answers';
export const signals = ['failures', 'delay', 'size', 'answers'] as const satisfies Signal[];

export type Marks = Readonly<Record<Signal, Marked>>;

/** Which values are typical of a route. */
interface Limits {
  /** Milliseconds. */
  readonly slowest: number | undefined;
  /** Bytes. */
  readonly smallest: number | undefined;
  readonly largest: number | undefined;
}

/**
 * How many exchanges each signal marks. Delay and size are held against the typical values of their own
 * route, or of all routes where too little is known of it: so they mark nothing unless something is known.
 */
export function marksOf(tally: Tally, typical: Tally, policy: Policy): Marks {
  const limits = Object.entries(tally.routes).map(([route, summary]) => {
    const known = route === OTHER_ROUTES ? undefined : typical.routes[route];
    return { summary, limits: limitsOf(known, typical, policy) };
  });
  const sum = (marked: (summary: Summary, limits: Limits) => Marked) =>
    limits.map(each => marked(each.summary, each.limits)).reduce(added, nobody);
  return {
    failures: { exchanges: tally.exchanges, marked: tally.failed },
    delay: sum(slow),
    size: sum(odd),
    answers: { exchanges: tally.exchanges, marked: tally.different },
  };
}

function slow({ delays }: Summary, { slowest }: Limits): Marked {
  if (slowest === undefined) return nobody;
  return { exchanges: valuesIn(delays), marked: valuesAbove(delays, slowest) };
}

function odd({ sizes }: Summary, { smallest, largest }: Limits): Marked {
  if (smallest === undefined || largest === undefined) return nobody;
  const marked = valuesBelow(sizes, smallest) + valuesAbove(sizes, largest);
  return { exchanges: valuesIn(sizes), marked };
}

function limitsOf(route: Summary | undefined, all: Summary, policy: Policy): Limits {
  const known = (of: 'delays' | 'sizes') =>
    [route, all].find(each => valuesIn(each?.[of] ?? {}) >= policy.minimumSample)?.[of] ?? {};
  const sizes = known('sizes');
  return {
    slowest: times(quantile(known('delays'), 0.95), policy.slower),
    smallest: times(quantile(sizes, 0.05), 1 / policy.larger),
    largest: times(quantile(sizes, 0.95), policy.larger),
  };
}

const times = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : value * factor;
