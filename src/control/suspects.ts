/**
 * Which servers are out for the whole system. One worker that leaves a server out may have a bad network of
 * its own, so it makes the others suspicious, and no more: each of them then goes by its own failures, but by
 * fewer. A server is out for all, also for those that have not met a failure of it, once two workers leave it
 * out and they are the majority of those that use it. Who does not use it has no say: a worker far away, or an
 * idle one, would else keep a dead server in. And who has an answer of it goes by that.
 */
import type { RoutingTable } from '../versions/routing-table.js';
import { MOST_SHARED_SERVERS, type ServerOf, type SharedServer } from '../wire/shared.js';

/** What one worker sees; times are monotonic milliseconds of this process. */
export interface View {
  readonly out: readonly (ServerOf & { readonly until: number })[];
  readonly uses: readonly ServerOf[];
}

export interface Suspect extends ServerOf {
  /** Since when others know of it. */
  readonly since: number;
  /** When the last of those that leave it out tries it again. */
  readonly until: number;
  readonly isOut: boolean;
}

/** By `keyOf`. */
export type Suspects = ReadonlyMap<string, Suspect>;

export const nobodySuspected: Suspects = new Map();

/**
 * Milliseconds that others have to say that they use a server, before a majority of those that have said
 * something counts: the way to them and back, twice. The majority of all workers counts at once.
 */
export const HEARING = 250;

const LEAST_VOTES = 2;

/** `before`: of the look before. Of what is no server of the table nobody hears. */
export function suspectsOf(
  views: readonly View[],
  {
    table,
    before,
    now,
  }: { readonly table: RoutingTable; readonly before: Suspects; readonly now: number },
): Suspects {
  const votes = votesOf(views, new Set(serversOf(table)));
  const suspects = [...votes].map(([key, vote]) => {
    const since = before.get(key)?.since ?? now;
    const { version, server, until } = vote;
    const isOut = isOutBy(vote, views.length, now - since >= HEARING);
    return { key, of: vote.of, suspect: { version, server, since, until, isOut } };
  });
  // Where there are too many, those come first that most workers agree upon.
  suspects.sort((a, b) => b.of - a.of || a.suspect.since - b.suspect.since);
  return new Map(suspects.slice(0, MOST_SHARED_SERVERS).map(({ key, suspect }) => [key, suspect]));
}

/** Whether there is anything new to be told; that time has passed is no news. */
export function isSame(a: Suspects, b: Suspects): boolean {
  return a.size === b.size && [...a].every(([key, { isOut }]) => b.get(key)?.isOut === isOut);
}

export const shownSuspects = (suspects: Suspects, now: number): readonly SharedServer[] =>
  [...suspects.values()].map(({ version, server, until, isOut }) => ({
    version,
    server,
    isOut,
    ms: Math.max(0, until - now),
  }));

interface Vote extends ServerOf {
  /** How many leave it out, and how many use it. */
  of: number;
  uses: number;
  until: number;
}

function votesOf(views: readonly View[], known: ReadonlySet<string>): ReadonlyMap<string, Vote> {
  const votes = new Map<string, Vote>();
  for (const { out } of views) {
    const each = new Map(out.map(one => [keyOf(one), one])); // one worker has one vote
    for (const [key, { version, server, until }] of each) {
      if (!known.has(key)) continue;
      const vote = votes.get(key) ?? { version, server, of: 0, uses: 0, until };
      votes.set(key, { ...vote, of: vote.of + 1, until: Math.max(vote.until, until) });
    }
  }
  for (const { uses } of views) {
    for (const each of uses) {
      const vote = votes.get(keyOf(each));
      if (vote !== undefined) vote.uses += 1;
    }
  }
  return votes;
}

function isOutBy({ of, uses }: Vote, workers: number, isHeard: boolean): boolean {
  if (of < LEAST_VOTES) return false;
  return 2 * of > workers || (isHeard && of > uses);
}

function serversOf({ versions }: RoutingTable): readonly string[] {
  return versions.flatMap(({ id, servers }) =>
    servers.map(({ host, port }) => keyOf({ version: id, server: `${host}:${port}` })),
  );
}

const keyOf = ({ version, server }: ServerOf) => `${version} ${server}`;
