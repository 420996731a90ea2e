/** Who of the controls that share a registry acts on what it sees. Where nobody shares it, its one control does. */

export interface Leadership {
  /** Grows with every change of the leader; undefined: we do not lead, or must not rely on it any more. */
  readonly term: string | undefined;
  /** Undefined: nobody shares the registry. */
  readonly controls: Controls | undefined;
  /** From here on we are there for the others. Who sees few workers leaves the lead to those who see more. */
  join(witness: Witness): void;
  /** Lets others lead at once. Never rejects. */
  close(): Promise<void>;
}

export interface Witness {
  /** How many workers follow us. */
  workers(): number;
}

/** As far as we know, if the registry can be reached. */
export interface Controls {
  /** The leader's name; undefined: nobody leads, or nobody can tell. */
  readonly leader: string | undefined;
  /** Names of those that live, sorted. */
  readonly live: readonly string[];
  /** Why the registry cannot be reached at the moment. */
  readonly away: string | undefined;
}

/** Of a registry that nobody shares. */
export const alone: Leadership = {
  term: '0',
  controls: undefined,
  join: () => undefined,
  close: () => Promise.resolve(),
};
