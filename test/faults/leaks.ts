/**
 * What processes hold while nothing is going on: descriptors and memory, and what lies in their folder. Taken
 * once after a warm-up, and again when a test is over.
 */
import { readdir } from 'node:fs/promises';
import { descriptorsOf, memoryOf } from '../support/process-facts.js';
import { eventually } from '../support/within.js';
import type { World } from './world.js';

const MIB = 1024 * 1024;

/**
 * Bytes that a process may have more than at first, whatever happened meanwhile: V8 collects late, and libzmq
 * keeps buffers.
 */
const MOST_GROWTH = 128 * MIB;

/** Of each kind of role, the most descriptors that one of its processes holds. */
export type Held = Readonly<Record<string, number>>;

const kindOf = (role: string) => role.replace(/-\d+$/, '');

export async function heldBy(at: World): Promise<Held> {
  const held: Record<string, number> = {};
  for (const role of at.roles) {
    const kind = kindOf(role);
    held[kind] = Math.max(held[kind] ?? 0, await descriptorsOf(at.pidOf(role)));
  }
  held['supervisor'] = await descriptorsOf(at.cutover.pid);
  return held;
}

/** Once idle connections have been closed, which takes its time: nobody holds more than `first` says. */
export async function noMoreHeldThan(at: World, first: Held): Promise<void> {
  let now: Held = {};
  const isSo = async () => {
    now = await heldBy(at);
    return Object.entries(first).every(([kind, most]) => (now[kind] ?? 0) <= most);
  };
  await eventually('descriptors are given back', isSo, 30_000).catch((cause: unknown) => {
    const both = JSON.stringify({ first, now });
    throw new Error(`${String(cause)}: ${both}`, { cause });
  });
}

/** Bytes of physical memory, by role. */
export async function memory(at: World): Promise<Held> {
  const used: Record<string, number> = { supervisor: (await memoryOf(at.cutover.pid)).now };
  for (const role of at.roles) used[role] = (await memoryOf(at.pidOf(role))).now;
  return used;
}

/** Roles that have grown by more than is allowed, with how many MiB. */
export function grown(before: Held, after: Held): Readonly<Record<string, number>> {
  const growth = Object.entries(after).map(
    ([role, now]) => [role, now - (before[role] ?? 0)] as const,
  );
  const tooMuch = growth.filter(([, bytes]) => bytes > MOST_GROWTH);
  return Object.fromEntries(tooMuch.map(([role, bytes]) => [role, Math.round(bytes / MIB)]));
}

/**
 * Names of all files below the folder that its processes use for everything; sockets of ipc are files, too. A
 * lock is named after its process.
 */
export async function filesOf({ home }: World): Promise<readonly string[]> {
  const entries = await readdir(home.folder, { recursive: true, withFileTypes: true });
  const names = entries.filter(each => !each.isDirectory()).map(({ name }) => name);
  return names.map(name => name.replace(/\.lock-.*/, '.lock')).toSorted();
}
