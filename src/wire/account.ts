/** What a worker tells the frontend of how it came by an answer: for the access log and the field `Cutover`. */
import type { StrategyName } from '../config/cluster.js';

/** Of CONCURRENT's two answers, where both were there to be compared. */
export type Compared = 'agreed' | 'differed';
/** Whether the request's session has begun with it. */
export type SessionAge = 'new' | 'kept';

/** As it travels; what is not known is empty. */
export type Account = readonly [
  /** The number of the version that answered, or that was asked last. */
  version: string,
  /** Of the upgrade under way. */
  strategy: StrategyName | '',
  /** `host:port`. */
  server: string,
  /** Made one after another for this answer; the second one of CONCURRENT's two is not counted. */
  attempts: number,
  /** The answer came from another attempt than the first. */
  isRescued: boolean,
  compared: Compared | '',
  session: SessionAge | '',
];

const strategies: ReadonlySet<unknown> = new Set([
  '',
  'INSTANT',
  'SESSION',
  'GRADUAL',
  'CONCURRENT',
]);
const comparisons: ReadonlySet<unknown> = new Set(['', 'agreed', 'differed']);
const ages: ReadonlySet<unknown> = new Set(['', 'new', 'kept']);
const LENGTH = 7;

/** A number of a version has dots and digits; of both a line of a log has enough with so many. */
const VERSION = /^[\d.]{0,256}$/;
const SERVER = /^[\x21-\x7e]{0,320}$/;

/** `null`: nobody has asked for one. */
export function isAccount(value: unknown): value is Account | null {
  if (value === null) return true;
  if (!Array.isArray(value) || value.length !== LENGTH) return false;
  const [version, strategy, server, attempts, isRescued, compared, session] =
    value as readonly unknown[];
  return (
    typeof version === 'string' &&
    VERSION.test(version) &&
    strategies.has(strategy) &&
    typeof server === 'string' &&
    SERVER.test(server) &&
    Number.isSafeInteger(attempts) &&
    (attempts as number) >= 0 &&
    typeof isRescued === 'boolean' &&
    comparisons.has(compared) &&
    ages.has(session)
  );
}
