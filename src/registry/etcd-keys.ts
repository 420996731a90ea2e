/** Where things are in etcd. */
export const keysUnder = (prefix: string) =>
  ({
    /** Table, keys of sessions, and what was configured. */
    state: `${prefix}state`,
    learned: `${prefix}learned`,
    /** The leader's name, under its lease. */
    leader: `${prefix}leader`,
    /** Each under the lease of who it tells of. */
    controls: `${prefix}live/controls/`,
    frontends: `${prefix}live/frontends/`,
  }) as const;

export type Keys = ReturnType<typeof keysUnder>;
