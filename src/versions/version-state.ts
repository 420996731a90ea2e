/**
 * The states of one version's upgrade, and every legal transition, in one table. That a newer version
 * supersedes a moving one is no state: it follows from the order of the versions (routing-table.ts), and
 * when the newer one is gone the older upgrade goes on where it was.
 */
import { share, type Share } from '../kernel/ids.js';

export type VersionState =
  /** Users move to it. `progress`: the share that it had reached when the table was last changed. */
  | { readonly name: 'running'; readonly progress: Share }
  /** Nobody new moves to it; who has moved stays. `because`: of the verdict (policy freeze). */
  | { readonly name: 'paused'; readonly progress: Share; readonly because?: string | undefined }
  /** Nobody is left to move. */
  | { readonly name: 'complete' }
  /** Taken back by the operator: serves nobody. */
  | { readonly name: 'aborted' }
  /** Taken back by the verdict: serves nobody. */
  | { readonly name: 'demoted'; readonly because: string };

export type StateName = VersionState['name'];

/** What can happen to a version. `progress`: the share of users that it has at that moment. */
export type Happening =
  | { readonly type: 'pause'; readonly progress: Share; readonly because?: string }
  /** Goes on where it was paused; after abort or demotion begins anew. */
  | { readonly type: 'resume' }
  /** The operator ends the upgrade: everybody moves now. */
  | { readonly type: 'promote' }
  /** Control has seen that nobody is left to move. */
  | { readonly type: 'complete' }
  | { readonly type: 'abort' }
  | { readonly type: 'demote'; readonly because: string }
  /** Keeps the share across a change of the table or a restart. */
  | { readonly type: 'advance'; readonly progress: Share };

type In<Name> = VersionState & { readonly name: Name };
type On<Type> = Happening & { readonly type: Type };

const complete = () => ({ name: 'complete' }) as const;
const abort = () => ({ name: 'aborted' }) as const;
const demote = (_: unknown, { because }: On<'demote'>) => ({ name: 'demoted', because }) as const;
/** Without a reason there is no such field: JSON would lose one that is undefined. */
const pause = (now: In<'running'>, { progress, because }: On<'pause'>) =>
  ({
    name: 'paused',
    progress: share(Math.max(now.progress, progress)),
    ...(because !== undefined && { because }),
  }) as const;
/** Also of a paused upgrade: workers have counted until they heard of the pause. */
const advance = <Name extends 'running' | 'paused'>(
  now: In<Name>,
  { progress }: On<'advance'>,
): In<Name> => (progress > now.progress ? { ...now, progress } : now);
const begin = () => ({ name: 'running', progress: share(0) }) as const;

export const transitions: {
  readonly [Name in StateName]: {
    readonly [Type in Happening['type']]?: (now: In<Name>, on: On<Type>) => VersionState;
  };
} = {
  running: {
    pause,
    advance,
    promote: complete,
    complete,
    abort,
    demote,
  },
  paused: {
    resume: ({ progress }) => ({ name: 'running', progress }),
    advance,
    promote: complete,
    abort,
    demote,
  },
  complete: {},
  aborted: { resume: begin },
  demoted: { resume: begin, abort },
};

/** The state that follows, or undefined if there is none: REST answers 409. */
export function stateAfter(now: VersionState, on: Happening): VersionState | undefined {
  // Only the compiler cannot see that both keys come from the two values that are passed on.
  type Transition = (now: VersionState, on: Happening) => VersionState;
  return (transitions[now.name][on.type] as Transition | undefined)?.(now, on);
}

/** Whether a version in this state may be asked at all. */
export const mayServe = ({ name }: VersionState): boolean =>
  name !== 'aborted' && name !== 'demoted';
