/** Versions, sessions and questions to ask strategies: as literals, and as arbitraries. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { StrategyName, UpgradeTransition } from '../../../src/config/cluster.js';
import { sessionId, share, versionId, type Share } from '../../../src/kernel/ids.js';
import { isNonEmpty, type NonEmpty } from '../../../src/kernel/non-empty.js';
import type { VersionState } from '../../../src/versions/version-state.js';
import type { Version } from '../../../src/versions/version.js';
import type { Session } from '../../../workers/sessions/session.js';
import type { Decision, Question } from '../../../workers/strategies/strategy.js';

const transitions: Readonly<Record<StrategyName, UpgradeTransition>> = {
  INSTANT: { mode: 'INSTANT' },
  SESSION: { mode: 'SESSION', sessionTimeout: 60 },
  GRADUAL: { mode: 'GRADUAL', percentageTransitionPerRequest: 1 },
  CONCURRENT: { mode: 'CONCURRENT' },
};

export const modes: readonly StrategyName[] = ['INSTANT', 'SESSION', 'GRADUAL', 'CONCURRENT'];

export const complete = { name: 'complete' } as const;
export const running = (progress = 0) => ({ name: 'running', progress: share(progress) }) as const;
export const paused = (progress = 0) => ({ name: 'paused', progress: share(progress) }) as const;

/** Its id is its number. */
export const version = (number: string, mode: StrategyName, state: VersionState): Version => ({
  id: versionId(number),
  number,
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: transitions[mode],
  state,
});

/** One that belongs to the version of this number. */
export const sessionOf = (number: string): Session => ({
  id: sessionId('s'),
  version: versionId(number),
  lastSeen: 1_700_000_000,
  bucket: 0.5,
});

export interface Asked {
  readonly versions: NonEmpty<Version>;
  /** The number of the version that the session belongs to. */
  readonly of?: string;
  readonly bucket?: number;
  readonly progress?: number;
}

export const question = ({ versions, of, bucket = 0.5, progress = 0 }: Asked): Question => ({
  versions,
  session: of === undefined ? undefined : sessionOf(of),
  bucket,
  progress: share(progress),
});

/** "2.0", or "2.0 and 1.0" where both are asked. */
export const told = (decision: Decision): string =>
  decision.kind === 'one'
    ? decision.version.number
    : `${decision.newer.number} and ${decision.older.number}`;

/** Numbers in [0, 1) that are spread evenly, and are the same for the same seed. */
export const chances = (seed: string, count: number): readonly number[] =>
  Array.from({ length: count }, (_, at) => {
    const digest = createHash('sha256').update(`${seed} ${at}`).digest();
    return digest.readUInt32BE() / 2 ** 32;
  });

const fraction = fc.integer({ min: 0, max: 1000 }).map(each => each / 1000);
export const bucket = fraction.filter(each => each < 1);
export const progress: fc.Arbitrary<Share> = fraction.map(share);
export const mode = fc.constantFrom(...modes);

const state: fc.Arbitrary<VersionState> = fc.oneof(
  fc.constant(complete),
  fraction.map(running),
  fraction.map(paused),
);

/** Those that may serve, newest first; the newest moves users by `newest`. */
export const chainOf = (newest: StrategyName): fc.Arbitrary<NonEmpty<Version>> =>
  fc
    .array(fc.record({ mode, state }), { minLength: 1, maxLength: 6 })
    .map((each): readonly Version[] =>
      each.map((made, at) =>
        version(`${each.length - at}.0`, at === 0 ? newest : made.mode, made.state),
      ),
    )
    .filter(isNonEmpty<Version>);

/** Sessions are new, of a version in the chain, or of one that may not serve. */
export const questionsFor = (newest: StrategyName): fc.Arbitrary<Question> =>
  chainOf(newest).chain(versions =>
    fc.record({
      versions: fc.constant(versions),
      session: fc.option(
        fc.constantFrom('none', ...versions.map(({ number }) => number)).map(sessionOf),
        { nil: undefined },
      ),
      bucket,
      progress,
    }),
  );
