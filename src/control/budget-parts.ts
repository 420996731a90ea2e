/**
 * Who may use how much of the pool of the system's retry budget. Parts of all workers together never make up
 * more than the whole: who is to have less is told at once, and others get it when it has said that it knows.
 */
import { share, type Share } from '../kernel/ids.js';
import type { Standing } from '../wire/shared.js';

/** One worker: where it stands, and what it was told last. */
export interface Holder extends Pick<Standing, 'part' | 'used' | 'wants'> {
  readonly told: Share | undefined;
}

/** A part that differs by less of itself is not told. */
const NEWS = 0.1;

/** `lost`: of the pool, what workers that have gone have used, or may still use. In the order of the holders. */
export function partsFor(holders: readonly Holder[], lost: number): readonly Share[] {
  const fair = fairParts(holders, lost);
  const wish = holders.map((holder, at) => Math.max(0, (fair[at] ?? 0) - current(holder)));
  const wished = sum(wish);
  const room = Math.max(0, 1 - lost - sum(holders.map(held)));
  const granted = wished === 0 ? 0 : Math.min(1, room / wished);
  return holders.map((holder, at) =>
    share(Math.min(fair[at] ?? 0, current(holder) + granted * (wish[at] ?? 0))),
  );
}

/** Whether it is worth a message. */
export function isNews({ told, part }: Pick<Holder, 'told' | 'part'>, next: Share): boolean {
  const before = told ?? part;
  return told === undefined || Math.abs(next - before) > NEWS * Math.max(before, next);
}

/**
 * Everybody keeps what it has used. Of the rest one half is for all alike, so that whoever has had no need yet can
 * begin; the other half for those that have refused attempts, or for all where nobody has.
 */
function fairParts(holders: readonly Holder[], lost: number): readonly number[] {
  const free = Math.max(0, 1 - lost - sum(holders.map(({ used }) => used)));
  const wanting = holders.filter(({ wants }) => wants).length || holders.length;
  return holders.map(({ used, wants }) => {
    const gets = wants || wanting === holders.length ? 1 / wanting : 0;
    return used + (free / 2) * (1 / holders.length + gets);
  });
}

const current = ({ told, part }: Holder): number => told ?? part;

/** What it may use, or has used, whichever message it has read last. */
const held = ({ told = 0 as Share, part, used }: Holder): number => Math.max(told, part, used);

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
