/** A worker's part in what all share: where it stands, and what it does with what control tells. */
import { share, type Share } from '../src/kernel/ids.js';
import type { Shared, Standing } from '../src/wire/shared.js';
import type { Fleet } from './fleet.js';
import type { RetryBudget } from './rescue/budget.js';

export interface SharingHost {
  readonly budget: Pick<RetryBudget, 'part' | 'used' | 'wants'>;
  readonly fleet: Pick<Fleet, 'leftOut' | 'uses' | 'told'>;
}

/** What fades is told when it has changed by so much of our part: for others it is the more room. */
const NEWS = 0.1;

export class Sharing {
  readonly #host: SharingHost;
  #standing: Standing | undefined;
  /** Which servers are in it. */
  #servers = '';

  constructor(host: SharingHost) {
    this.#host = host;
  }

  /** The same object while nothing is new. */
  standing(now: number): Standing {
    const { budget, fleet } = this.#host;
    const { part } = budget;
    const used = budget.used(now);
    const wants = budget.wants(now);
    const out = fleet.leftOut(now);
    const uses = fleet.uses(now);
    const servers = out.length + uses.length === 0 ? '' : JSON.stringify([out.map(nameOf), uses]);
    const before = this.#standing;
    const isSame =
      before?.part === part &&
      before.wants === wants &&
      servers === this.#servers &&
      isNear(before.used, used, part);
    if (isSame) return before;
    this.#servers = servers;
    this.#standing = { part, used, wants, out, uses };
    return this.#standing;
  }

  shared({ part, servers }: Shared, now: number): void {
    this.#host.budget.part = part;
    if (servers !== undefined) this.#host.fleet.told(servers, now);
  }
}

/** Until control says what it is: as much as each of those has that were started together. */
export const firstPart = (workers: number): Share => share(1 / workers);

const isNear = (before: Share, now: Share, part: Share): boolean =>
  now <= before && before - now <= NEWS * part && (now > 0 || before === 0);

/** Time passes without being news. */
const nameOf = ({ version, server }: { readonly version: string; readonly server: string }) =>
  `${version} ${server}`;
