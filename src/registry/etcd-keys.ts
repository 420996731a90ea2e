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
    /** How many workers each control sees; apart from what others watch. */
    sights: `${prefix}live/sights/`,
  }) as const;

export type Keys = ReturnType<typeof keysUnder>;
