/** What can be done to a version now, and what that would do: the page offers nothing that control refuses. */
import type { Live, LiveVersion } from '../../../src/control/live.js';
import { counted } from './format.js';

export type Verb = 'promote' | 'pause' | 'resume' | 'abort' | 'remove';
type State = LiveVersion['state'];

/**
 * As `transitions` of src/versions/version-state.ts has it (a test compares them). A superseded version is
 * running or paused, and nobody says which: only what is possible in both is offered.
 */
export const verbsIn: Readonly<Record<State, readonly Exclude<Verb, 'remove'>[]>> = {
  running: ['promote', 'pause', 'abort'],
  paused: ['resume', 'promote', 'abort'],
  superseded: ['promote', 'abort'],
  complete: [],
  aborted: ['resume'],
  demoted: ['resume', 'abort'],
};

const mayServe = ({ state }: LiveVersion): boolean => state !== 'aborted' && state !== 'demoted';

/** Some version must be left that may serve. */
const hasOther = ({ id }: LiveVersion, { versions }: Pick<Live, 'versions'>): boolean =>
  versions.some(other => other.id !== id && mayServe(other));

export function possibleVerbs(version: LiveVersion, live: Pick<Live, 'versions'>): readonly Verb[] {
  const verbs = verbsIn[version.state];
  if (!hasOther(version, live)) return verbs.filter(verb => verb !== 'abort');
  return version.owner === 'labels' ? verbs : [...verbs, 'remove'];
}

/** What to do instead of removing it; undefined: it may be removed, or must stay. */
export const hintOf = (version: LiveVersion, live: Pick<Live, 'versions'>): string | undefined =>
  version.owner === 'labels' && hasOther(version, live)
    ? 'It comes from labels, and is removed when its containers are stopped.'
    : undefined;

/** Who gets the users of a version that is taken away: the next older one that may serve, else the newest. */
export function fallbackOf(
  version: LiveVersion,
  { versions }: Pick<Live, 'versions'>,
): LiveVersion | undefined {
  const at = versions.findIndex(({ id }) => id === version.id);
  return (
    versions.slice(at + 1).find(mayServe) ??
    versions.find(other => other.id !== version.id && mayServe(other))
  );
}

/** What is asked before it is done. */
export interface Question {
  readonly title: string;
  /** Sentences. */
  readonly says: readonly string[];
  readonly confirm: string;
  /** What cannot be undone. */
  readonly isFinal: boolean;
}

/** Undefined: it can be undone by the next click, so it is done at once. */
export function questionOf(
  verb: Verb,
  version: LiveVersion,
  live: Pick<Live, 'versions' | 'upgrade'>,
): Question | undefined {
  const name = version.version;
  const to = fallbackOf(version, live)?.version ?? 'the version before';
  switch (verb) {
    case 'pause':
      return undefined;
    case 'promote':
      return {
        title: `Promote version ${name}?`,
        says: [
          `Everybody is served by ${name} from their next request on, also in the middle of a session.`,
          ...doubts(version, live),
          'The upgrade is complete then and cannot be aborted any more. ' +
            `To go back, ${version.owner === 'labels' ? 'stop the containers of' : 'remove'} ${name}.`,
        ],
        confirm: `Promote ${name}`,
        isFinal: true,
      };
    case 'abort':
      if (version.state === 'demoted') return undefined; // it serves nobody: only its name changes
      return {
        title: `Abort the upgrade to ${name}?`,
        says: [
          `Everybody goes back to ${to} with their next request; ${name} serves nobody any more.`,
          `${name} stays in the list. It can be resumed, but begins anew.`,
        ],
        confirm: `Abort ${name}`,
        isFinal: false,
      };
    case 'resume':
      if (version.state === 'paused') return undefined;
      return {
        title: `Resume version ${name}?`,
        says: [
          version.because === undefined
            ? `Version ${name} was aborted.`
            : `Version ${name} was taken back because ${version.because}.`,
          'Its upgrade begins anew, and what was seen of it until now does not count any more.',
        ],
        confirm: `Resume ${name}`,
        isFinal: false,
      };
    case 'remove':
      return { ...removal(version, to), confirm: `Remove ${name}`, isFinal: true };
  }
}

function removal(version: LiveVersion, to: string): Pick<Question, 'title' | 'says'> {
  const { version: name, sessions } = version;
  const users = sessions === undefined ? 'Its users' : `Its ${counted(sessions.count, 'session')}`;
  return {
    title: `Remove version ${name}?`,
    says: [
      mayServe(version) ? `${users} go on with ${to} from their next request on.` : '',
      `${name} leaves the list, with all that was seen of it. This cannot be undone.`,
      whatEnds(version),
    ].filter(sentence => sentence !== ''),
  };
}

/** Control stops what it has started, and nothing else. */
function whatEnds({ owner, servers }: LiveVersion): string {
  const [what, becomes] =
    owner === 'containers'
      ? ['container', 'stopped and removed after the drain']
      : ['server', 'not stopped by this'];
  const they = servers.length === 1 ? `${what} is` : `${counted(servers.length, what)} are`;
  return `Its ${they} ${becomes}.`;
}

function doubts(
  { verdict, id }: LiveVersion,
  { upgrade }: Pick<Live, 'upgrade'>,
): readonly string[] {
  if (verdict === undefined || verdict === 'healthy') return [];
  const because = upgrade?.id === id ? upgrade.why?.because : undefined;
  return [`Its verdict is ${verdict}${because === undefined ? '' : `: ${because}`}.`];
}
