import type { Clock } from '../kernel/clock.js';
import { StartError } from '../kernel/start-error.js';
import type { Reload } from './reload.js';
import type { RoleProcess } from './role-process.js';
import type { Edition, Post, Roles } from './roles.js';

/** The processes that serve one edition. */
export interface Crew {
  readonly edition: Edition;
  readonly posts: readonly Post[];
  readonly workers: readonly RoleProcess[];
  readonly frontends: readonly RoleProcess[];
}

/**
 * Workers come first: a worker waits for its frontends without harm, a frontend without workers lets
 * clients wait.
 */
export function startedCrew(roles: Roles, edition: Edition): Crew {
  const posts = roles.posts(edition.config);
  const workers = roles.workers(edition, posts);
  const frontends = posts.map(post => roles.frontend(edition, post));
  return { edition, posts, workers, frontends };
}

export interface Replacement {
  /** The new crew, or the old one if it failed. */
  readonly crew: Crew;
  readonly failure?: unknown;
}

/**
 * Puts a crew with the new edition in the place of `now`. The new one is ready before anybody of the
 * old one is told to end, so no request is lost; if it does not get ready it is ended, and the old one
 * stays. For a while there are twice as many processes.
 */
export async function replacedCrew(
  roles: Roles,
  now: Crew,
  edition: Edition,
  { kind, clock }: { readonly kind: Reload['kind']; readonly clock: Clock },
): Promise<Replacement> {
  const fixed = edition.config.device.frontends.length > 0;
  const next =
    kind === 'workers' || fixed
      ? { ...now, edition, workers: roles.workers(edition, now.posts) }
      : startedCrew(roles, edition);
  const started = [
    ...next.workers,
    ...next.frontends.filter(each => !now.frontends.includes(each)),
  ];
  try {
    await Promise.all(started.map(role => ready(role, clock)));
  } catch (failure) {
    await roles.stop(started);
    return { crew: now, failure };
  }
  return kind === 'everything' && fixed
    ? replacedInPlace(roles, now, next, clock)
    : replacedAtOnce(roles, now, next);
}

async function replacedAtOnce(roles: Roles, now: Crew, next: Crew): Promise<Replacement> {
  await roles.stop(now.frontends.filter(each => !next.frontends.includes(each)));
  await roles.stop(now.workers);
  return { crew: next };
}

/**
 * Two frontends cannot have one address: each is replaced after it has drained. Meanwhile connections
 * go to the others, or wait in the backlog. If one does not get ready, all go back to what they were.
 */
async function replacedInPlace(
  roles: Roles,
  now: Crew,
  next: Crew,
  clock: Clock,
): Promise<Replacement> {
  const frontends = [...now.frontends];
  try {
    for (const index of now.posts.keys()) {
      await replaceOne(roles, frontends, index, next);
      await Promise.all(frontends.slice(index, index + 1).map(role => ready(role, clock)));
    }
  } catch (failure) {
    for (const [index, frontend] of frontends.entries()) {
      if (!now.frontends.includes(frontend)) await replaceOne(roles, frontends, index, now);
    }
    await roles.stop(next.workers);
    return { crew: { ...now, frontends }, failure };
  }
  await roles.stop(now.workers);
  return { crew: { ...next, frontends } };
}

async function replaceOne(roles: Roles, frontends: RoleProcess[], index: number, crew: Crew) {
  const [post] = crew.posts.slice(index);
  if (post === undefined) return;
  await roles.stop(frontends.slice(index, index + 1));
  frontends[index] = roles.frontend(crew.edition, post);
}

/** Milliseconds for a replacement to get ready: one that hangs must not block the next reload. */
const START_PATIENCE = 30_000;

async function ready(role: RoleProcess, clock: Clock): Promise<void> {
  let cancel: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    const because = `${role.role} is not ready after ${START_PATIENCE / 1000} seconds`;
    cancel = clock.after(START_PATIENCE, () => reject(new StartError(because)));
  });
  try {
    await Promise.race([role.ready, late]);
  } finally {
    cancel();
  }
}
