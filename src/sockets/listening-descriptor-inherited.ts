import { StartError } from '../kernel/start-error.js';

/** Listening descriptors that a frontend got from who started it: sd_listen_fds(3). */

export interface InheritedDescriptors {
  readonly proxy?: number;
  readonly trusted?: number;
}

type Environment = Record<string, string | undefined>;

const names = ['proxy', 'trusted'] as const;
type Name = (typeof names)[number];

/** SD_LISTEN_FDS_START: descriptors 0 to 2 are the standard streams. */
const FIRST = 3;

/** Takes the descriptors, and the variables out of the environment: children are not meant. */
export function takeInheritedDescriptors(env: Environment, pid: number): InheritedDescriptors {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES } = env;
  delete env['LISTEN_FDS'];
  delete env['LISTEN_PID'];
  delete env['LISTEN_FDNAMES'];
  // A supervisor cannot know the pid before it starts us, so a missing one is ours.
  if (LISTEN_FDS === undefined || (LISTEN_PID ?? String(pid)) !== String(pid)) return {};
  return namedDescriptors(LISTEN_FDS, LISTEN_FDNAMES?.split(':') ?? []);
}

/** Names that are not ours (a service manager's own) count as none: the first is proxy, the second trusted. */
function namedDescriptors(count: string, given: readonly string[]): InheritedDescriptors {
  if (!/^\d{1,4}$/.test(count)) throw new StartError(`LISTEN_FDS is no number: ${count}`, 2);
  if (Number(count) > names.length) {
    throw new StartError(
      `LISTEN_FDS is ${count}; a frontend takes 2 at most: proxy and trusted`,
      2,
    );
  }
  const found: { proxy?: number; trusted?: number } = {};
  const order = Array.from({ length: Number(count) }, (_, index) => index);
  for (const index of order.toSorted(
    (one, other) => +!isName(given[one]) - +!isName(given[other]),
  )) {
    found[nameFor(given[index], found)] = FIRST + index;
  }
  return found;
}

function nameFor(given: string | undefined, taken: InheritedDescriptors): Name {
  const name = isName(given) ? given : names.find(each => taken[each] === undefined);
  if (name !== undefined && taken[name] === undefined) return name;
  throw new StartError(`LISTEN_FDNAMES names ${String(name)} twice`, 2);
}

const isName = (text: string | undefined): text is Name => names.includes(text as Name);

/** What a child has to be told that inherits `descriptors` from FIRST on, in this order. */
export const inheritance = (inherited: readonly Name[]): Record<string, string> => ({
  LISTEN_FDS: String(inherited.length),
  LISTEN_FDNAMES: inherited.join(':'),
});
