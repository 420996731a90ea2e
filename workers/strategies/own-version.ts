import type { Version } from '../../src/versions/version.js';
import type { Question } from './strategy.js';

/** The version that the session belongs to; undefined: a new session, or its version may not serve. */
export const ownVersion = ({ versions, session }: Question): Version | undefined =>
  versions.find(({ id }) => id === session?.version);
